#include "graftage/report/run.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/text.hpp"
#include "graftage/report/table.hpp"

#include <algorithm>

namespace graftage::report {

namespace {

constexpr std::size_t kFailuresOnTerminal = 5;

/// The first failures, one line each.
std::string failures_text(const Report& report) {
  std::string text;
  std::size_t shown = 0, failed = 0;
  for (const auto& member : report.members) {
    if (member.status != sweep::TrialStatus::Failed) continue;
    ++failed;
    if (shown == kFailuresOnTerminal) continue;
    ++shown;
    text += "  failed: trial " + member.trial.id + ", seed " + std::to_string(member.trial.seed) + ": " +
            core::printable(member.reason) + "\n";
  }
  if (failed > shown) text += "  and " + std::to_string(failed - shown) + " more in report.md\n";
  return text.empty() ? "" : "\n" + text;
}

std::string markdown(const Report& report) {
  Table results = result_table(report);
  results.title = "Results";
  std::string text = "# " + report.title + "\n\n" + results.to_markdown() + "\n" +
                     difference_table(report).to_markdown() + "\n" + selection_table(report).to_markdown();
  const Table failures = failure_table(report);
  if (!failures.rows.empty()) text += "\n" + failures.to_markdown();
  return text;
}

}  // namespace

std::string run_report(const std::filesystem::path& run_directory) {
  const Report report = aggregate(run_directory);
  write_report(report, run_directory / "report.h5");
  core::commit_text(run_directory / "report.csv", full_table(report).to_csv());
  core::commit_text(run_directory / "differences.csv", full_difference_table(report).to_csv());
  core::commit_text(run_directory / "report.md", markdown(report));
  return result_table(report).to_terminal() + failures_text(report) + "\n" + difference_table(report).to_terminal() +
         "\n  " + run_directory.string() + "/: report.h5, report.csv, differences.csv, report.md\n";
}

}  // namespace graftage::report
