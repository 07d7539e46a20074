#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/exit_code.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/h5/artifact.hpp"
#include "graftage/study/placement.hpp"
#include "graftage/study/run.hpp"
#include "graftage/study/state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace graftage::study {
namespace {

namespace fs = std::filesystem;

/// A directory with two stage configurations and a shell script that stands for graftage.
class StudyTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("graftage_study_" + std::to_string(getpid()));
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    write("task.yaml", "output: " + (directory_ / "task").string() + "\n");
    write("sweep.yaml", "output: " + (directory_ / "sweep").string() + "\n");
    config_.name = "two stages";
    config_.output = directory_ / "study";
    config_.import = {directory_ / "task.yaml"};
    config_.sweep = {directory_ / "sweep.yaml"};
    hooks_.inputs = [](const Stage&) { return std::vector<fs::path>{}; };
    hooks_.describe = [](const Stage&) { return "described"; };
    hooks_.print = [this](const std::string& line) { printed_ += line + "\n"; };
  }
  void TearDown() override { fs::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(directory_ / name) << text; }

  static void leave_result(const fs::path& file, double value) {
    fs::create_directories(file.parent_path());
    h5::commit_artifact(file, "graftage-test", "1.0.0", "{}",
                        [&](h5::File& out) { out.set_attribute("/", "value", value); });
  }

  fs::path directory_;
  StudyConfig config_;
  StudyHooks hooks_;
  std::string printed_;
};

TEST_F(StudyTest, PlansStagesInOrderWithReportsLast) {
  const auto stages = plan_stages(config_);

  ASSERT_EQ(stages.size(), 3u);
  EXPECT_EQ(stages[0].name, "import task");
  EXPECT_EQ(stages[1].name, "sweep sweep");
  EXPECT_EQ(stages[2].name, "report sweep");
}

TEST_F(StudyTest, RefusesTwoStagesWithOneOutput) {
  config_.import.push_back(directory_ / "again.yaml");
  write("again.yaml", "output: " + (directory_ / "sweep" / ".." / "task").string() + "\n");

  try {
    (void)plan_stages(config_);
    FAIL() << "no error";
  } catch (const core::ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("is also the output of"), std::string::npos) << error.what();
  }
}

TEST_F(StudyTest, TellsStagesOfOneDirectoryNameApart) {
  config_.sweep.push_back(directory_ / "other.yaml");
  write("other.yaml", "output: " + (directory_ / "other" / "sweep").string() + "/\n");

  const auto stages = plan_stages(config_);

  ASSERT_EQ(stages.size(), 5u);
  EXPECT_EQ(stages[0].name, "import task");
  EXPECT_EQ(stages[1].name, "sweep " + (directory_ / "sweep").string());
  EXPECT_EQ(stages[2].name, "sweep " + (directory_ / "other" / "sweep").string());
  EXPECT_EQ(stages[4].name, "report " + (directory_ / "other" / "sweep").string());
}

TEST_F(StudyTest, RefusesAStageWithoutOutput) {
  write("task.yaml", "name: no output here\n");

  EXPECT_THROW((void)plan_stages(config_), core::ConfigError);
}

TEST_F(StudyTest, StartsRanksWithTheLauncherAndReportsWithout) {
  const auto stages = plan_stages(config_);
  LauncherConfig launcher{.kind = LauncherKind::Srun, .ranks = 4, .arguments = {"--exclusive"}};

  const auto import = stage_command(stages[0], launcher, "bin/graftage");
  const auto report = stage_command(stages[2], launcher, "bin/graftage");

  const std::vector<std::string> expected{
      "srun",         "--mpi=pmix", "--ntasks=4", "--kill-on-bad-exit=1",         "--exclusive",
      "bin/graftage", "import",     "--config",   config_.import.front().string()};
  EXPECT_EQ(import, expected);
  EXPECT_EQ(report, (std::vector<std::string>{"bin/graftage", "report", (directory_ / "sweep").string()}));
}

TEST_F(StudyTest, BindsRanksToCoresOfTheirOwnWhereThereAreEnough) {
  using Arguments = std::vector<std::string>;
  const core::Processors eight{.allowed = {0, 1, 2, 3, 4, 5, 6, 7}, .num_cores = 8, .num_online = 8, .quota = {}};
  const auto place = [](std::int64_t ranks, std::int64_t threads, const core::Processors& processors) {
    return place_ranks({.kind = LauncherKind::Mpirun, .ranks = ranks, .arguments = {}}, threads, processors);
  };
  const auto bound = [](const std::string& cores) {
    return Arguments{"--bind-to", "core:if-supported", "--map-by", "slot:PE=" + cores};
  };

  EXPECT_EQ(place(8, 1, eight).arguments, bound("1"));
  EXPECT_EQ(place(3, 1, eight).arguments, bound("2"));  // one more for the loader, and no further
  EXPECT_EQ(place(1, 1, eight).arguments, bound("2"));
  EXPECT_EQ(place(2, 4, eight).arguments, bound("4"));
  EXPECT_EQ(place(2, 4, eight).warning, "");
  core::Processors granted = eight;
  granted.quota = 4.0;
  EXPECT_EQ(place(4, 1, granted).arguments, bound("1"));
  EXPECT_EQ(place(5, 1, granted).arguments, (Arguments{"--bind-to", "none", "--use-hwthread-cpus"}));
  EXPECT_NE(place(5, 1, granted).warning.find("5 ranks x 1 threads take turns on 4"), std::string::npos);
}

TEST_F(StudyTest, LeavesRanksUnboundWhereBindingWouldHarm) {
  using Arguments = std::vector<std::string>;
  const core::Processors one_core{.allowed = {0, 1}, .num_cores = 1, .num_online = 2, .quota = {}};
  const core::Processors masked{.allowed = {2, 3}, .num_cores = 2, .num_online = 8, .quota = {}};
  const Arguments unbound{"--bind-to", "none", "--use-hwthread-cpus"};
  LauncherConfig launcher{.kind = LauncherKind::Mpirun, .ranks = 2, .arguments = {}};

  EXPECT_EQ(place_ranks(launcher, 1, one_core).arguments, unbound);  // two hardware threads of one core
  EXPECT_EQ(place_ranks(launcher, 1, one_core).warning, "");
  EXPECT_EQ(place_ranks(launcher, 1, masked).arguments, unbound);
  EXPECT_EQ(place_ranks(launcher, 1, masked).warning, "");
  launcher.ranks = 3;
  const Placement crowded = place_ranks(launcher, 2, masked);
  EXPECT_EQ(crowded.arguments.back(), "--oversubscribe");
  EXPECT_NE(crowded.warning.find("launcher.ranks=1"), std::string::npos) << crowded.warning;

  launcher.arguments = {"--bind-to", "socket"};
  EXPECT_EQ(place_ranks(launcher, 1, masked).arguments, Arguments{});
  launcher.arguments = {"--hostfile", "hosts"};
  EXPECT_EQ(place_ranks(launcher, 1, masked).arguments, (Arguments{"--bind-to", "none"}));
}

TEST_F(StudyTest, ReadsThreadsOfAStageForItsPlacement) {
  write("task.yaml", "output: " + (directory_ / "task").string() + "\ntrain: {threads: 3}\n");
  write("sweep.yaml", "output: " + (directory_ / "sweep").string() + "\ntrial: {train: {threads: 2}}\n");
  const auto stages = plan_stages(config_);
  const core::Processors processors{.allowed = {0, 1, 2, 3, 4, 5}, .num_cores = 6, .num_online = 6, .quota = {}};

  EXPECT_EQ(threads_of(stages[0]), 3);
  EXPECT_EQ(threads_of(stages[1]), 2);
  EXPECT_EQ(stage_command(stages[0], config_.launcher, "graftage", processors),
            (std::vector<std::string>{"mpirun", "-q", "-n", "2", "--bind-to", "core:if-supported", "--map-by",
                                      "slot:PE=3", "graftage", "import", "--config", config_.import[0].string()}));
}

TEST_F(StudyTest, StateHoldsWhileKeyAndOutputAreUnchanged) {
  const Stage stage = plan_stages(config_).front();
  leave_result(stage.output / "index.h5", 1.0);
  StudyState(config_.output).record(stage, "key");

  EXPECT_TRUE(StudyState(config_.output).is_finished(stage, "key"));
  EXPECT_FALSE(StudyState(config_.output).is_finished(stage, "other key"));

  leave_result(stage.output / "index.h5", 2.0);

  EXPECT_FALSE(StudyState(config_.output).is_finished(stage, "key"));

  fs::remove_all(stage.output);

  EXPECT_FALSE(StudyState(config_.output).is_finished(stage, "key"));
}

TEST_F(StudyTest, KeyFollowsConfigurationInputsAndEarlierOutputs) {
  const auto stages = plan_stages(config_);
  const std::vector<Stage> earlier{stages[0]};
  leave_result(stages[0].output / "index.h5", 1.0);
  const std::string key = stage_key(stages[1], earlier, hooks_);

  leave_result(stages[0].output / "index.h5", 2.0);
  EXPECT_NE(stage_key(stages[1], earlier, hooks_), key);

  leave_result(stages[0].output / "index.h5", 1.0);
  EXPECT_EQ(stage_key(stages[1], earlier, hooks_), key);

  write("extra.csv", "a\n");
  hooks_.inputs = [this](const Stage&) { return std::vector<fs::path>{directory_ / "extra.csv"}; };
  const std::string with_input = stage_key(stages[1], earlier, hooks_);
  EXPECT_NE(with_input, key);

  write("extra.csv", "b\n");
  EXPECT_NE(stage_key(stages[1], earlier, hooks_), with_input);
}

TEST_F(StudyTest, StopsAtAFailingStageAndReturnsItsCode) {
  write("fails.sh", "#!/bin/sh\nexit 65\n");
  fs::permissions(directory_ / "fails.sh", fs::perms::owner_all);
  hooks_.executable = directory_ / "fails.sh";
  config_.launcher.ranks = 1;

  EXPECT_EQ(run_study(config_, hooks_), static_cast<int>(core::ExitCode::BadData));
  EXPECT_NE(printed_.find("study stopped at 'import task'"), std::string::npos) << printed_;
  EXPECT_EQ(printed_.find("[2/3]"), std::string::npos) << printed_;
}

TEST_F(StudyTest, LaunchersOwnCodeIsNotPassedOn) {
  write("fails.sh", "#!/bin/sh\nexit 1\n");
  fs::permissions(directory_ / "fails.sh", fs::perms::owner_all);
  hooks_.executable = directory_ / "fails.sh";
  config_.launcher.ranks = 1;

  EXPECT_EQ(run_study(config_, hooks_), static_cast<int>(core::ExitCode::Internal));
  EXPECT_NE(printed_.find("check launcher.kind, launcher.ranks"), std::string::npos) << printed_;
}

TEST_F(StudyTest, StopSignalMeansRunAgainWhateverTheLauncherReturns) {
  core::install_stop_signal_handlers();
  core::clear_stop_request();
  write("stopped.sh", "#!/bin/sh\nkill -TERM " + std::to_string(getpid()) + "\nexit 1\n");
  fs::permissions(directory_ / "stopped.sh", fs::perms::owner_all);
  hooks_.executable = directory_ / "stopped.sh";
  config_.launcher.ranks = 1;

  const int code = run_study(config_, hooks_);
  core::clear_stop_request();

  EXPECT_EQ(code, static_cast<int>(core::ExitCode::Checkpointed));
  EXPECT_NE(printed_.find("run the same command again"), std::string::npos) << printed_;
}

TEST_F(StudyTest, PartialSweepStillReports) {
  write("partial.sh", "#!/bin/sh\ncase \"$1\" in sweep) exit 81;; report) touch reported;; esac\nexit 0\n");
  fs::permissions(directory_ / "partial.sh", fs::perms::owner_all);
  hooks_.executable = directory_ / "partial.sh";
  config_.launcher.ranks = 1;
  const auto before = fs::current_path();
  fs::current_path(directory_);

  const int code = run_study(config_, hooks_);

  fs::current_path(before);
  EXPECT_EQ(code, static_cast<int>(core::ExitCode::PartialResults));
  EXPECT_TRUE(fs::exists(directory_ / "reported"));
}

TEST_F(StudyTest, DamagedStateIsRefusedWithARemedy) {
  fs::create_directories(config_.output);
  for (const char* text : {"{", "[]", R"({"version": "1"})", R"({"version": "1", "stages": {"import task": 3}})",
                           R"({"version": "2", "stages": {}})"}) {
    std::ofstream(config_.output / "study.json") << text;
    try {
      StudyState state(config_.output);
      ADD_FAILURE() << "no error for " << text;
    } catch (const core::DataError& error) {
      EXPECT_NE(std::string(error.what()).find("move it away"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace graftage::study
