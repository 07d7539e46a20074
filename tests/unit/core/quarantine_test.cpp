#include "graftage/core/quarantine.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

namespace graftage::core {
namespace {

TEST(Quarantine, KeepsEveryFileThatWasSetAside) {
  const testing::TemporaryDirectory directory;
  const auto file = directory.path() / "result.h5";
  for (const std::string text : {"first", "second", "third"}) {
    commit_text(file, text);
    EXPECT_EQ(read_text(quarantine(file, directory.path(), "t00.damaged.h5")), text);
    EXPECT_FALSE(std::filesystem::exists(file));
  }

  EXPECT_EQ(read_text(directory.path() / "quarantine/t00.damaged.h5"), "first");
  EXPECT_EQ(read_text(directory.path() / "quarantine/t00.damaged.2.h5"), "second");
  EXPECT_EQ(read_text(directory.path() / "quarantine/t00.damaged.3.h5"), "third");
  EXPECT_EQ(place_in_quarantine(directory.path(), "other"), directory.path() / "quarantine/other");
}

TEST(Quarantine, SaysWhatCouldNotBeMoved) {
  const testing::TemporaryDirectory directory;
  EXPECT_THROW((void)quarantine(directory.path() / "absent", directory.path(), "absent"), IoError);
}

}  // namespace
}  // namespace graftage::core
