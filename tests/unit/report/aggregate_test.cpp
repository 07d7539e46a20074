#include "graftage/report/aggregate.hpp"

#include "graftage/core/error.hpp"
#include "support/adaptation_run.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace graftage;
using graftage::testing::kRunYaml;
using graftage::testing::make_run;
using graftage::testing::run_adaptation;
using graftage::testing::TemporaryDirectory;
using report::Cell;

namespace {

const Cell& cell_of(const report::Report& report, const std::string& encoder, const std::string& method) {
  for (const Cell& cell : report.cells)
    if (cell.facts.at("encoder") == encoder && cell.facts.at("method") == method) return cell;
  throw std::runtime_error("no cell " + encoder + " " + method);
}

void expect_near(const std::vector<double>& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_TRUE(std::isnan(expected[i]) ? std::isnan(values[i]) : std::abs(values[i] - expected[i]) < 1e-12)
        << i << ": " << values[i] << " against " << expected[i];
}

sweep::TrialResult failed(const sweep::Trial& trial, sweep::TrialStatus status) {
  sweep::TrialResult result;
  result.trial = trial;
  result.status = status;
  result.exit_code = 79;
  result.reason = "loss is NaN";
  return result;
}

/// A complete run, made once: making one takes a second of fsync.
const std::filesystem::path& complete_run() {
  static const TemporaryDirectory directory;
  static const bool made = (make_run(directory.path(), kRunYaml, run_adaptation), true);
  EXPECT_TRUE(made);
  return directory.path();
}

}  // namespace

TEST(Aggregate, ChoosesOnValidationAndReadsTestThere) {
  const auto report = report::aggregate(complete_run());

  const Cell& cell = cell_of(report, "l2p", "gpf");

  ASSERT_EQ(report.cells.size(), 4u);
  EXPECT_EQ(report.members.size(), 18u);
  EXPECT_EQ(cell.setting.at("optimizer.lr"), "0.01");
  EXPECT_EQ(cell.num_settings, 2);
  EXPECT_EQ(cell.epoch, 2);
  EXPECT_EQ(cell.epochs, 3);
  expect_near(cell.valid, {0.80, 0.80, 0.80});
  expect_near(cell.test, {0.70, 0.715, 0.73});
  expect_near(cell.test_best_validation, {0.70, 0.715, 0.74});
  expect_near(cell.test_last, {0.68, 0.695, 0.74});
  EXPECT_NEAR(cell.test_summary.mean, 0.715, 1e-12);
  EXPECT_NEAR(cell.test_summary.standard_deviation, 0.015, 1e-12);
  EXPECT_EQ(cell.failures, 0);
}

TEST(Aggregate, TestValuesCannotInfluenceTheChoice) {
  const TemporaryDirectory two;
  make_run(two.path(), kRunYaml, [](const sweep::Trial& trial) {
    auto result = run_adaptation(trial);
    for (double& value : result.curves["test/roc_auc"]) value = 1 - value;
    return result;
  });

  const auto a = report::aggregate(complete_run()), b = report::aggregate(two.path());

  for (std::size_t i = 0; i < a.cells.size(); ++i) {
    EXPECT_EQ(a.cells[i].setting, b.cells[i].setting);
    EXPECT_EQ(a.cells[i].epoch, b.cells[i].epoch);
  }
}

TEST(Aggregate, ShowsWhatARowNeeds) {
  const auto report = report::aggregate(complete_run());

  const Cell& prompt = cell_of(report, "l2p", "gpf");
  const Cell& scratch = cell_of(report, "random", "full");

  EXPECT_EQ(report.title, "prompt against fine-tuning");
  EXPECT_EQ(report.metric, "roc_auc");
  EXPECT_EQ(prompt.facts.at("task"), "nav");
  EXPECT_EQ(prompt.facts.at("task_origin"), "measured");
  EXPECT_EQ(prompt.pretrain_seed, 7);
  EXPECT_EQ(scratch.pretrain_seed, -1);
  EXPECT_EQ(prompt.encoder_parameters, 0);
  EXPECT_EQ(prompt.prompt_parameters, 300);
  EXPECT_EQ(prompt.head_parameters, 301);
  EXPECT_NE(report.provenance_json.find("\"sha256\":\"bb\""), std::string::npos);
}

TEST(Aggregate, ComparesWithTheSameMethodOnARandomEncoderAndWithScratch) {
  const auto report = report::aggregate(complete_run());

  const Cell& cell = cell_of(report, "l2p", "gpf");
  const Cell& scratch = cell_of(report, "random", "full");

  // Differences 0.10, 0.105, 0.11: t(2) = 4.302653 times 0.005 / sqrt(3).
  EXPECT_EQ(cell.against_random.n, 3);
  EXPECT_NEAR(cell.against_random.mean, 0.105, 1e-12);
  EXPECT_NEAR(cell.against_random.high - cell.against_random.mean, 4.302652729911275 * 0.005 / std::sqrt(3.0), 1e-9);
  // Scratch has 0.53, 0.54, 0.55.
  EXPECT_NEAR(cell.against_scratch.mean, 0.175, 1e-12);
  EXPECT_EQ(cell_of(report, "random", "gpf").against_random.n, 0);
  EXPECT_EQ(cell_of(report, "random", "gpf").against_scratch.n, 3);
  EXPECT_EQ(scratch.against_scratch.n, 0);
  EXPECT_TRUE(std::isnan(scratch.holm_against_scratch));
  EXPECT_GE(cell.holm_against_random, cell.against_random.p_t);
}

TEST(Aggregate, FailedAndMissingTrialsChangeNNeverTheMeanInSilence) {
  const TemporaryDirectory directory;
  make_run(directory.path(), kRunYaml, [](const sweep::Trial& trial) {
    const bool scratch = graftage::testing::scalar(trial.config, "adapt.kind") == "full" &&
                         graftage::testing::scalar(trial.config, "encoder.source") == "random";
    if (scratch && trial.seed == 1) return failed(trial, sweep::TrialStatus::Failed);
    if (scratch && trial.seed == 2) return failed(trial, sweep::TrialStatus::Missing);
    return run_adaptation(trial);
  });

  const auto report = report::aggregate(directory.path());
  const Cell& scratch = cell_of(report, "random", "full");

  EXPECT_EQ(scratch.failures, 2);
  EXPECT_EQ(scratch.planned, 3);
  EXPECT_EQ(scratch.test_summary.n, 1);
  expect_near(scratch.test, {0.53, report::kNotANumber, report::kNotANumber});
  EXPECT_EQ(cell_of(report, "l2p", "gpf").against_scratch.n, 1);
  ASSERT_EQ(report.notes.size(), 2u);
  EXPECT_EQ(report.notes[0], "1 of 18 trials failed; the sweep's command runs them again");
  EXPECT_EQ(report.notes[1], "1 of 18 trials have not run yet: this report is partial");
}

TEST(Aggregate, ReportsASweepOfWhichNothingRan) {
  const TemporaryDirectory directory;
  make_run(directory.path(), kRunYaml,
           [](const sweep::Trial& trial) { return failed(trial, sweep::TrialStatus::Missing); });

  const auto report = report::aggregate(directory.path());

  ASSERT_EQ(report.cells.size(), 4u);
  EXPECT_EQ(report.cells[0].epoch, 0);
  EXPECT_EQ(report.cells[0].failures, 3);
  EXPECT_EQ(report.cells[3].facts.at("task"), "nav");
  EXPECT_EQ(report.cells[3].facts.at("encoder"), "l2p");
  EXPECT_EQ(report.cells[3].facts.at("method"), "gpf");
}

TEST(Aggregate, DifferentThingsHaveDifferentLabels) {
  const TemporaryDirectory directory;
  std::string yaml = kRunYaml;
  yaml.replace(yaml.find("[random, runs/l2p]"), 18, "[runs/a/l2p, runs/b/l2p]");

  make_run(directory.path(), yaml, run_adaptation);
  const auto report = report::aggregate(directory.path());

  EXPECT_EQ(report.cells.front().facts.at("encoder"), "l2p (a/l2p)");
  EXPECT_EQ(report.cells.back().facts.at("encoder"), "l2p (b/l2p)");
}

TEST(Aggregate, SaysWhyNothingCouldBeSelected) {
  const TemporaryDirectory directory;
  std::string yaml = kRunYaml;
  yaml.replace(yaml.find("valid/roc_auc"), 13, "valid/rmse");

  make_run(directory.path(), yaml, run_adaptation);
  const auto report = report::aggregate(directory.path());

  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("no curve 'valid/rmse' to select by (they have: test/roc_auc, valid/roc_auc)"),
            std::string::npos)
      << report.notes[0];
}

TEST(Aggregate, SaysThatTheGoalContradictsTheTrials) {
  const TemporaryDirectory directory;
  std::string yaml = kRunYaml;
  yaml.replace(yaml.find("maximize"), 8, "minimize");

  make_run(directory.path(), yaml, [](const sweep::Trial& trial) {
    auto result = run_adaptation(trial);
    result.facts["metric"] = "roc_auc";
    result.facts["goal"] = "maximize";
    return result;
  });
  const auto report = report::aggregate(directory.path());

  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("metric.goal is minimize"), std::string::npos) << report.notes[0];
}

TEST(Aggregate, NamesWhatIsNoSweepAndWhatIsDamaged) {
  const TemporaryDirectory directory;
  EXPECT_THROW((void)report::aggregate(directory.path()), core::MissingInput);

  make_run(directory.path(), kRunYaml, run_adaptation);
  const auto file = std::filesystem::directory_iterator(directory.path() / "trials")->path();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 64);
  try {
    (void)report::aggregate(directory.path());
    FAIL() << "a truncated trial was accepted";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::BadData);
    EXPECT_NE(std::string(error.what()).find(file.filename().string()), std::string::npos) << error.what();
  }
}
