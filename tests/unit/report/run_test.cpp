#include "graftage/report/run.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/h5/artifact.hpp"
#include "graftage/report/table.hpp"
#include "support/adaptation_run.hpp"
#include "support/expect_text.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace graftage;
using graftage::testing::kRunYaml;
using graftage::testing::make_run;
using graftage::testing::run_adaptation;
using graftage::testing::TemporaryDirectory;

namespace {

const h5::Column& column(const std::vector<h5::Column>& table, const std::string& name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& c) { return c.name == name; });
  if (found == table.end()) throw std::runtime_error("no column " + name);
  return *found;
}

/// One failed trial: random encoder, full, seed 1.
sweep::TrialResult with_a_failure(const sweep::Trial& trial) {
  auto result = run_adaptation(trial);
  if (trial.number != 1) return result;
  result.status = sweep::TrialStatus::Failed;
  result.exit_code = 79;
  result.reason = "loss is NaN\x1b[31m in step 3";
  result.curves.clear();
  result.values.clear();
  return result;
}

/// A run with a failure, made once: making one takes a second of fsync.
const std::filesystem::path& run_with_a_failure() {
  static const TemporaryDirectory directory;
  static const bool made = (make_run(directory.path(), kRunYaml, with_a_failure), true);
  EXPECT_TRUE(made);
  return directory.path();
}

}  // namespace

TEST(RunReport, ADamagedResultIsNamedWithTheRemedyAndTheOldReportStays) {
  const TemporaryDirectory directory;
  const auto run = directory.path() / "run";
  std::filesystem::copy(run_with_a_failure(), run, std::filesystem::copy_options::recursive);
  (void)report::run_report(run);
  const std::string before = core::read_text(run / "report.h5");
  const auto damaged = std::filesystem::directory_iterator(run / "trials")->path();
  std::filesystem::resize_file(damaged, std::filesystem::file_size(damaged) - 10);

  try {
    (void)report::run_report(run);
    FAIL() << "nothing was thrown";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::BadData);
    EXPECT_HAS(std::string(error.what()), damaged.string());
    EXPECT_HAS(std::string(error.what()), "graftage sweep with the same configuration");
  }
  EXPECT_EQ(core::read_text(run / "report.h5"), before);
}

TEST(RunReport, FileHoldsMembersMetricsFinalStatsAndProvenance) {
  const auto& directory = run_with_a_failure();

  (void)report::run_report(directory);
  const auto file = h5::open_verified(directory / "report.h5", "graftage-report");

  const auto members = file.read_table("/members");
  EXPECT_EQ(column(members, "id").text.size(), 18u);
  EXPECT_EQ(column(members, "status").text[1], "failed");
  EXPECT_EQ(column(members, "exit_code").integers[1], 79);
  EXPECT_EQ(column(members, "encoder").text[17], "l2p");
  EXPECT_EQ(column(members, "parameters").text[17],
            R"({"adapt.kind":"gpf","encoder.source":"runs/l2p","optimizer.lr":0.01,"task.corpus":"corpora/nav"})");
  EXPECT_EQ(file.info("/metrics/valid/roc_auc").shape, (std::vector<std::uint64_t>{18, 3}));
  const auto valid = file.read<double>("/metrics/valid/roc_auc");
  EXPECT_DOUBLE_EQ(valid[1], 0.63);
  EXPECT_TRUE(std::isnan(valid[3]));
  const auto final_table = file.read_table("/final");
  EXPECT_EQ(column(final_table, "n").integers, (std::vector<std::int64_t>{2, 3, 3, 3}));
  EXPECT_EQ(column(final_table, "failures").integers, (std::vector<std::int64_t>{1, 0, 0, 0}));
  EXPECT_EQ(column(final_table, "setting").text[3], R"({"optimizer.lr":0.01})");
  EXPECT_NEAR(column(final_table, "test_mean").numbers[3], 0.715, 1e-12);
  EXPECT_EQ(column(file.read_table("/replicates"), "test").numbers.size(), 12u);
  EXPECT_EQ(column(file.read_table("/stats/against_random"), "n").integers, (std::vector<std::int64_t>{0, 0, 2, 3}));
  EXPECT_EQ(column(file.read_table("/stats/against_scratch"), "significant").integers,
            (std::vector<std::int64_t>{0, 0, 0, 0}));
  EXPECT_HAS(file.read_text("/provenance/sweep").at(0), "\"prompt against fine-tuning\"");
  EXPECT_HAS(file.read_text("/provenance/software").at(0), "\"git_revision\"");
  EXPECT_HAS(file.read_text("/provenance/inputs").at(0), "\"corpora/nav\"");
}

TEST(RunReport, EqualResultsGiveEqualBytes) {
  const auto& one = run_with_a_failure();
  const TemporaryDirectory two;
  std::string elsewhere = kRunYaml;
  elsewhere.replace(elsewhere.find("output: out"), 11, "output: elsewhere");
  make_run(two.path(), elsewhere, [](const sweep::Trial& trial) {
    auto result = with_a_failure(trial);
    if (result.status == sweep::TrialStatus::Done) result.values["seconds"] = 99;
    return result;
  });

  (void)report::run_report(one);
  (void)report::run_report(two.path());

  for (const char* name : {"report.h5", "report.csv", "differences.csv", "report.md"})
    EXPECT_EQ(core::read_text(one / name), core::read_text(two.path() / name)) << name;
}

TEST(RunReport, TerminalTextShowsTheTableAndExplainsIt) {
  const auto& directory = run_with_a_failure();

  const auto text = report::run_report(directory);

  EXPECT_HAS(text, "l2p      gpf     71.5 ± 1.5       3    2/3        0 + 300 + 301       0\n");
  EXPECT_HAS(text, "2 of 3");
  EXPECT_HAS(text, "1 of 3");
  EXPECT_HAS(text, "standard deviation (n - 1) over run seeds 0, 1, 2 given one pretraining");
  EXPECT_HAS(text, "measured");
  EXPECT_HAS(text, "encoder l2p: pretraining seed 7");
  EXPECT_HAS(text, "+10.5 [+9.3, +11.7]");
  EXPECT_HAS(text, "n<6");
  EXPECT_HAS(text, "loss is NaN?[31m in step 3");
  for (const auto& line : core::split(text, '\n')) {
    const bool is_path = line.find("/: report.h5") != std::string::npos;
    EXPECT_TRUE(is_path || report::display_width(line) <= report::kTerminalWidth) << line;
  }
}

TEST(RunReport, CsvHasOneRowPerCellWithEveryNumber) {
  const auto& directory = run_with_a_failure();

  (void)report::run_report(directory);
  const auto lines = core::split(core::read_text(directory / "report.csv"), '\n');
  const auto differences = core::split(core::read_text(directory / "differences.csv"), '\n');

  ASSERT_EQ(lines.size(), 6u);
  EXPECT_HAS(lines[0], "test_best_validation_mean");
  EXPECT_HAS(lines[4], "measured,l2p,gpf,fixed,roc_auc,\"{\"\"optimizer.lr\"\":0.01}\",2,3,3,6,0,2,3,7,0.715");
  EXPECT_EQ(differences.size(), 10u);
}

TEST(RunReport, MarkdownListsSelectionAndFailures) {
  const auto& directory = run_with_a_failure();

  (void)report::run_report(directory);
  const auto text = core::read_text(directory / "report.md");

  EXPECT_HAS(text, "# prompt against fine-tuning");
  EXPECT_HAS(text, "| optimizer.lr=0.01 |");
  EXPECT_HAS(text, "## Failed and missing trials");
}
