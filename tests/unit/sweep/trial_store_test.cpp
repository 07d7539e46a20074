#include "graftage/sweep/trial_store.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/h5/artifact.hpp"
#include "support/expect_text.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_sweep.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <thread>

using namespace graftage;
using graftage::testing::TemporaryDirectory;
using graftage::testing::toy_result;
using graftage::testing::toy_trials;
using sweep::TrialStatus;
using sweep::TrialStore;

namespace {

std::string bytes_of(const std::filesystem::path& path) { return core::read_text(path); }

}  // namespace

TEST(TrialStore, ReturnsWhatWasWritten) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  const auto trial = toy_trials(3)[2];

  EXPECT_FALSE(store.has_done("t02"));
  EXPECT_FALSE(store.read("t02").has_value());
  store.write(toy_result(trial));
  const auto result = store.read("t02");

  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(store.has_done("t02"));
  EXPECT_EQ(result->status, TrialStatus::Done);
  EXPECT_EQ(result->trial.config.to_json(), trial.config.to_json());
  EXPECT_EQ(result->values, (std::map<std::string, double>{{"num_head_parameters", 301.0}}));
  EXPECT_EQ(result->curves.at("valid/roc_auc"), (std::vector<double>{1 / 3., 1 / 4., 1 / 5.}));
  EXPECT_TRUE(std::isnan(result->curves.at("test/roc_auc")[1]));
  EXPECT_EQ(result->facts.at("task"), "toy");
  EXPECT_EQ(store.read_timings("t02").at("graphs_per_second"), 12.5);
}

TEST(TrialStore, FileSaysWhatItIsAndWasMadeFrom) {
  const TemporaryDirectory directory;
  TrialStore(directory.path()).write(toy_result(toy_trials(1)[0]));

  const auto header = h5::read_header(h5::open_verified(directory.path() / "trials/t00.h5", "graftage-trial"));

  EXPECT_EQ(header.provenance_json, R"({"config":{"x":0,"seed":0},"inputs":{"task_sha256":"ab12"}})");
}

TEST(TrialStore, BytesDependOnTheResultOnlyNotOnTimings) {
  const TemporaryDirectory one, two;
  auto result = toy_result(toy_trials(1)[0]);

  TrialStore(one.path()).write(result);
  result.values["graphs_per_second"] = 99;
  result.values["seconds"] = 3;
  TrialStore(two.path()).write(result);

  EXPECT_EQ(bytes_of(one.path() / "trials/t00.h5"), bytes_of(two.path() / "trials/t00.h5"));
}

TEST(TrialStore, AFailedTrialIsReplacedByItsSuccess) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  const auto trial = toy_trials(1)[0];
  sweep::TrialResult failed;
  failed.trial = trial;
  failed.status = TrialStatus::Failed;
  failed.exit_code = 79;
  failed.reason = "loss is NaN";

  store.write(failed);
  const auto stored = store.read("t00");
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->status, TrialStatus::Failed);
  EXPECT_EQ(stored->exit_code, 79);
  EXPECT_EQ(stored->reason, "loss is NaN");
  EXPECT_FALSE(store.has_done("t00"));
  store.write(toy_result(trial));

  EXPECT_TRUE(store.has_done("t00"));
  store.write(failed);  // a done trial stays done
  EXPECT_TRUE(store.has_done("t00"));
}

TEST(TrialStore, ASecondDifferentResultIsKeptBesideAndRaisedAs80) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  auto result = toy_result(toy_trials(1)[0]);
  store.write(result);
  store.write(result);
  result.curves["valid/roc_auc"][1] += 1e-16;

  try {
    store.write(result);
    FAIL() << "another result of a done trial was accepted";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::ReproducibilityMismatch);
    EXPECT_HAS(std::string(error.what()), "quarantine/t00.second.h5");
  }
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "quarantine/t00.second.h5"));
  EXPECT_EQ(store.read("t00")->curves.at("valid/roc_auc")[1], 0.5);
}

TEST(TrialStore, APreparedResultIsStoredWhenPublished) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());

  const auto publish = store.prepare_write(toy_result(toy_trials(1)[0]));
  EXPECT_FALSE(store.read("t00").has_value());
  EXPECT_TRUE(store.read_timings("t00").empty());
  std::thread(publish).join();

  EXPECT_TRUE(store.has_done("t00"));
  EXPECT_EQ(store.read_timings("t00").at("graphs_per_second"), 12.5);
}

TEST(TrialStore, AResultLeftForLaterIsStoredByAnotherThread) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());

  const auto write = store.write_later(toy_result(toy_trials(1)[0]));
  EXPECT_FALSE(store.read("t00").has_value());
  EXPECT_EQ(std::filesystem::exists(directory.path() / "trials"), !h5::is_thread_safe());
  std::thread(write).join();

  EXPECT_TRUE(store.has_done("t00"));
  EXPECT_EQ(store.read_timings("t00").at("graphs_per_second"), 12.5);
}

TEST(TrialStore, DamagedResultsAreSetAsideAndReplaced) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  const auto result = toy_result(toy_trials(1)[0]);
  store.write(result);
  const auto file = directory.path() / "trials/t00.h5";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);

  EXPECT_FALSE(store.has_done("t00"));
  EXPECT_THROW((void)store.read("t00"), core::DataError);
  store.write(result);

  EXPECT_TRUE(store.has_done("t00"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "quarantine/t00.damaged.h5"));
}

TEST(TrialStore, WhatLiesInQuarantineStaysThere) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  const auto quarantine = directory.path() / "quarantine";
  for (const std::string damage : {"first", "second"}) {
    store.prepare();
    std::ofstream(directory.path() / "trials/t00.h5") << damage;
    store.quarantine("t00");
  }
  auto result = toy_result(toy_trials(1)[0]);
  store.write(result);
  for (const double other : {0.125, 0.25}) {
    result.curves["valid/roc_auc"][1] = other;
    EXPECT_THROW(store.write(result), core::Error);
  }

  EXPECT_EQ(bytes_of(quarantine / "t00.damaged.h5"), "first");
  EXPECT_EQ(bytes_of(quarantine / "t00.damaged.2.h5"), "second");
  EXPECT_NE(bytes_of(quarantine / "t00.second.h5"), bytes_of(quarantine / "t00.second.2.h5"));
}

TEST(TrialStore, OtherStagesOutputsAreNotMixedWithASweep) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  EXPECT_NO_THROW(store.refuse_foreign_directory());
  std::ofstream(directory.path() / "encoder.h5") << "an encoder";

  EXPECT_HAS(support::message_of<core::ConfigError>([&] { store.refuse_foreign_directory(); }),
             "holds a pretraining run (encoder.h5); choose another output");
  store.write_plan("{}", toy_trials(1));
  EXPECT_NO_THROW(store.refuse_foreign_directory());  // it is a sweep's by now
}

TEST(TrialStore, ATrialIsClaimedOncePerSession) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());

  EXPECT_TRUE(store.claim("a", "t00"));
  EXPECT_FALSE(store.claim("a", "t00"));
  EXPECT_TRUE(store.is_claimed("a", "t00"));
  EXPECT_TRUE(store.claim("b", "t00"));
  store.release_all();
  EXPECT_TRUE(store.claim("a", "t00"));
}

TEST(TrialStore, FinishedTrialsAreCountedPerSession) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  store.prepare();

  EXPECT_EQ(store.count_finished("a").all, 0);
  for (const auto status : {TrialStatus::Done, TrialStatus::Failed, TrialStatus::Done})
    store.note_finished("a", status);
  store.note_finished("b", TrialStatus::Done);

  EXPECT_EQ(store.count_finished("a").all, 3);
  EXPECT_EQ(store.count_finished("a").failed, 1);
  store.release_all();
  EXPECT_NO_THROW(store.note_finished("a", TrialStatus::Done));
  EXPECT_EQ(store.count_finished("a").all, 0);
}

TEST(TrialStore, PlanRoundTrips) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path() / "new");
  const auto trials = toy_trials(4);

  store.write_plan(R"({"name":"toy","lr":0.001})", trials);
  const auto read = store.read_plan();

  ASSERT_EQ(read.size(), 4u);
  EXPECT_EQ(store.sweep_json(), R"({"name":"toy","lr":0.001})");
  EXPECT_EQ(read[3].id, "t03");
  EXPECT_EQ(read[3].setting, "s1");
  EXPECT_EQ(read[3].cell, "c0");
  EXPECT_EQ(read[3].number, 3);
  EXPECT_EQ(read[3].seed, 1);
  EXPECT_EQ(read[3].parameters, trials[3].parameters);
  EXPECT_EQ(read[3].config.to_json(), trials[3].config.to_json());
}

TEST(TrialStore, ASweepMayGrowButNotChange) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());

  store.write_plan("{}", toy_trials(3));
  store.write_plan("{}", toy_trials(5));
  EXPECT_EQ(store.read_plan().size(), 5u);

  try {
    store.write_plan("{}", toy_trials(4));
    FAIL() << "another sweep was written over a planned one";
  } catch (const core::ConfigError& error) {
    EXPECT_HAS(std::string(error.what()), "holds another sweep: 1 of its 5 trials");
  }
  EXPECT_EQ(store.read_plan().size(), 5u);
}

TEST(TrialStore, DamagedPlansAreNamed) {
  const TemporaryDirectory directory;
  const TrialStore store(directory.path());
  EXPECT_THROW((void)store.read_plan(), core::MissingInput);

  std::ofstream(directory.path() / "plan.json")
      << "{\"format\": \"graftage-sweep-plan\", \"sweep\": {}, \"trials\": [{}]}";
  try {
    (void)store.read_plan();
    FAIL() << "a trial without id was accepted";
  } catch (const core::DataError& error) {
    EXPECT_HAS(std::string(error.what()), "plan.json [trials[0]]");
  }
  std::ofstream(directory.path() / "plan.json") << "{\"format";
  EXPECT_THROW((void)store.read_plan(), core::DataError);
}
