#include "app/command.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/report/run.hpp"

#include <iostream>

namespace graftage::app {

int run_report(const Invocation& invocation) {
  if (invocation.arguments.size() != 1)
    throw core::UsageError(
        "report takes one RUN_DIR, the output of a sweep, e.g. graftage report runs/quickstart/sweep");
  const std::filesystem::path directory = invocation.arguments.front();
  const std::string text = report::run_report(directory);
  core::commit_text(directory / "report.txt", text);
  std::cout << text << std::flush;
  return 0;
}

}  // namespace graftage::app
