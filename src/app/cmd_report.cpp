#include "app/command.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/report/run.hpp"

#include <iostream>

namespace graftage::app {

namespace {

/// For who names the directory of a study: the sweeps in it.
void check_is_sweep(const std::filesystem::path& directory) {
  const auto holds_plan = [](const std::filesystem::path& path) { return std::filesystem::exists(path / "plan.json"); };
  if (!std::filesystem::is_directory(directory))
    throw core::MissingInput(directory.string(), "report takes the output directory of a sweep");
  if (holds_plan(directory)) return;
  std::string below;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (holds_plan(entry.path())) below += (below.empty() ? "" : ", ") + entry.path().string();
  if (!below.empty())
    throw core::MissingInput((directory / "plan.json").string(), "the sweeps in this directory are " + below);
}

}  // namespace

int run_report(const Invocation& invocation) {
  if (invocation.arguments.size() != 1)
    throw core::UsageError(
        "report takes one RUN_DIR, the output of a sweep, e.g. graftage report runs/quickstart/sweep");
  const std::filesystem::path directory = invocation.arguments.front();
  check_is_sweep(directory);
  const std::string text = report::run_report(directory);
  core::commit_text(directory / "report.txt", text);
  std::cout << text << std::flush;
  return 0;
}

}  // namespace graftage::app
