#include "graftage/core/log.hpp"

#include <gtest/gtest.h>

#include <string>

namespace graftage::core {
namespace {

std::string logged(LogLevel level, int rank, int num_ranks) {
  testing::internal::CaptureStderr();
  configure_log(level, rank, num_ranks);
  log_debug("a debug line");
  log_info("an info line");
  log_warning("a warning line");
  log_error("an error line");
  configure_log(LogLevel::Info, 0, 1);
  return testing::internal::GetCapturedStderr();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Log, RootShowsFromItsLevel) {
  const std::string text = logged(LogLevel::Info, 0, 4);

  EXPECT_FALSE(contains(text, "debug line"));
  EXPECT_TRUE(contains(text, "info an info line\n"));
  EXPECT_TRUE(contains(text, "warning a warning line\n"));
  EXPECT_TRUE(contains(text, "error an error line\n"));
  EXPECT_TRUE(contains(logged(LogLevel::Debug, 0, 1), "debug a debug line\n"));
}

TEST(Log, OtherRanksShowWarningsWithTheirRank) {
  const std::string text = logged(LogLevel::Debug, 3, 4);

  EXPECT_FALSE(contains(text, "info line"));
  EXPECT_TRUE(contains(text, "[rank 3] a warning line\n"));
  EXPECT_FALSE(contains(logged(LogLevel::Error, 3, 4), "warning line"));
}

TEST(Log, ForeignTextCannotDriveTheTerminalOrTheFormat) {
  testing::internal::CaptureStderr();
  log_warning("name \x1b[2J {} %v {0:x}");

  EXPECT_TRUE(contains(testing::internal::GetCapturedStderr(), "name ?[2J {} %v {0:x}\n"));
}

}  // namespace
}  // namespace graftage::core
