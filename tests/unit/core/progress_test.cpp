#include "graftage/core/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

namespace graftage::core {
namespace {

Progress::Options options_for(std::ostream& out, bool terminal) {
  Progress::Options options;
  options.label = "import";
  options.unit = "molecules";
  options.total = 2000;
  options.line_seconds = 0.0;
  options.out = &out;
  options.terminal = terminal;
  return options;
}

void wait() { std::this_thread::sleep_for(std::chrono::milliseconds(120)); }

TEST(Progress, PrintsPlainLinesWithoutATerminal) {
  std::ostringstream out;
  Progress progress(options_for(out, false));

  progress.update(0);
  wait();
  progress.update(1000, "loss 0.412");
  progress.update(2000);
  progress.finish("done");

  const std::string text = out.str();
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find('#'), std::string::npos);
  EXPECT_EQ(text.rfind("import   50%  1,000/2,000 molecules  ", 0), 0u) << text;
  EXPECT_NE(text.find("  ETA 0.1s  loss 0.412\n"), std::string::npos) << text;
  EXPECT_NE(text.find("import  100%  2,000/2,000 molecules  "), std::string::npos) << text;
  EXPECT_NE(text.find("  done\n"), std::string::npos) << text;
}

TEST(Progress, LimitsPlainLinesByTime) {
  std::ostringstream out;
  auto options = options_for(out, false);
  options.line_seconds = 3600;
  Progress progress(options);

  for (int i = 0; i < 2000; ++i) progress.update(i);
  EXPECT_EQ(out.str(), "");
  progress.finish();

  EXPECT_NE(out.str().find("1,999/2,000"), std::string::npos);
}

TEST(Progress, RedrawsABarOnATerminal) {
  std::ostringstream out;
  Progress progress(options_for(out, true));

  progress.update(0);
  wait();
  progress.update(1000);
  progress.finish();

  const std::string text = out.str();
  EXPECT_EQ(text.rfind("\rimport  [----------------]    0%  0/2,000 molecules", 0), 0u) << text;
  EXPECT_NE(text.find("\rimport  [########--------]   50%  1,000/2,000 molecules  "), std::string::npos) << text;
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(Progress, RateCountsOnlyWhatWasDoneNow) {
  std::ostringstream out;
  Progress progress(options_for(out, false));

  progress.update(1900);  // resumed here
  wait();
  progress.update(1912);

  // 12 in 0.12 s or a little more, not 1912.
  const std::string text = out.str();
  const std::size_t rate = text.find("molecules  ") + 11;
  EXPECT_LT(std::stod(text.substr(rate)), 101.0) << text;
  EXPECT_GT(std::stod(text.substr(rate)), 10.0) << text;
}

TEST(Progress, IsSilentWhenDisabledAndLeavesTheBarOnAnException) {
  std::ostringstream silent, bar;
  {
    auto options = options_for(silent, true);
    options.enabled = false;
    Progress progress(options);
    progress.update(5);
    progress.finish();
    Progress interrupted(options_for(bar, true));
    interrupted.update(5);
  }

  EXPECT_EQ(silent.str(), "");
  EXPECT_EQ(bar.str().back(), '\n');
}

}  // namespace
}  // namespace graftage::core
