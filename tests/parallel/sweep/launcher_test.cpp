#include "graftage/sweep/launcher.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/mpi/agreement.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_sweep.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>

using namespace graftage;
using graftage::testing::toy_result;
using graftage::testing::toy_trials;
using mpi::Communicator;
using sweep::Trial;
using sweep::TrialResult;
using sweep::TrialStatus;
using sweep::TrialStore;

namespace {

constexpr int kTrials = 14;

/// One directory for all ranks, removed by the root when all have left.
class SharedDirectory {
 public:
  explicit SharedDirectory(const Communicator& world) : world_(world) {
    if (world.is_root()) own_ = std::make_unique<graftage::testing::TemporaryDirectory>();
    path_ = world.broadcast_text(own_ ? own_->path().string() : "");
  }
  ~SharedDirectory() { world_.barrier(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  const Communicator& world_;
  std::unique_ptr<graftage::testing::TemporaryDirectory> own_;
  std::filesystem::path path_;
};

/// Arithmetic; trial 5 diverges and 9 throws what is no error of ours, unless `healthy`.
TrialResult run_toy(const Trial& trial, bool healthy) {
  std::this_thread::sleep_for(std::chrono::milliseconds(3 * (trial.number % 3)));
  if (!healthy && trial.number == 5) throw core::NumericError("loss is NaN in epoch 2");
  if (!healthy && trial.number == 9) throw std::runtime_error("bad tensor\nwith a stack trace");
  return toy_result(trial);
}

std::map<std::string, std::string> files_of(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "trials"))
    files[entry.path().filename()] = core::read_text(entry.path());
  return files;
}

}  // namespace

TEST(Launcher, EachTrialRunsOnceAndFailuresDoNotStopTheOthers) {
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  std::int64_t calls = 0;

  const auto summary = sweep::run_trials(
      toy_trials(kTrials), store, [&](const Trial& trial) { return ++calls, run_toy(trial, false); }, world);

  EXPECT_EQ(world.sum(calls), kTrials);
  EXPECT_EQ(summary.planned, kTrials);
  EXPECT_EQ(summary.already_done, 0);
  EXPECT_EQ(summary.ran, kTrials);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_EQ(store.read("t05")->status, TrialStatus::Failed);
  EXPECT_EQ(store.read("t05")->exit_code, 79);
  EXPECT_EQ(store.read("t05")->reason, "loss is NaN in epoch 2");
  EXPECT_EQ(store.read("t09")->exit_code, 70);
  EXPECT_EQ(store.read("t09")->reason, "internal error: bad tensor");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "claims"));
}

TEST(Launcher, LeavesTheSameBytesOnAnyNumberOfRanks) {
  const auto world = Communicator::world();
  const SharedDirectory together(world), alone(world);
  const auto run = [](const Trial& trial) { return run_toy(trial, false); };

  (void)sweep::run_trials(toy_trials(kTrials), TrialStore(together.path()), run, world);
  if (world.is_root())
    (void)sweep::run_trials(toy_trials(kTrials), TrialStore(alone.path()), run, Communicator::self());
  world.barrier();

  const auto files = files_of(together.path());
  EXPECT_EQ(files.size(), static_cast<std::size_t>(kTrials));
  EXPECT_EQ(files, files_of(alone.path()));
}

TEST(Launcher, ASecondCallRunsOnlyWhatFailed) {
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  (void)sweep::run_trials(
      toy_trials(kTrials), store, [](const Trial& trial) { return run_toy(trial, false); }, world);
  std::set<std::int64_t> numbers;

  const auto second = sweep::run_trials(
      toy_trials(kTrials), store,
      [&](const Trial& trial) { return numbers.insert(trial.number), run_toy(trial, true); }, world);
  const auto third = sweep::run_trials(
      toy_trials(kTrials), store, [](const Trial&) -> TrialResult { throw std::runtime_error("ran again"); }, world);

  for (const auto number : numbers) EXPECT_TRUE(number == 5 || number == 9) << number;
  EXPECT_EQ(world.sum(static_cast<std::int64_t>(numbers.size())), 2);
  EXPECT_EQ(second.ran, 2);
  EXPECT_EQ(second.failed, 0);
  EXPECT_EQ(second.already_done, kTrials - 2);
  EXPECT_EQ(third.ran, 0);
  EXPECT_EQ(third.already_done, kTrials);
}

TEST(Launcher, AStopSignalOnOneRankStopsAllAndKeepsResults) {
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  int started = 0;
  const auto run = [&](const Trial& trial) {
    ++started;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (started < 2) return toy_result(trial);
    core::request_stop();
    throw core::Interrupted("stopped in the middle of a trial");
  };

  EXPECT_THROW((void)sweep::run_trials(toy_trials(kTrials), store, run, world), core::Interrupted);
  world.barrier();
  const auto stored = files_of(directory.path()).size();
  core::clear_stop_request();
  world.barrier();
  const auto rest = sweep::run_trials(
      toy_trials(kTrials), store, [](const Trial& trial) { return toy_result(trial); }, world);

  EXPECT_LE(stored, static_cast<std::size_t>(world.size()));
  EXPECT_EQ(rest.already_done, static_cast<std::int64_t>(stored));
  EXPECT_EQ(rest.ran, kTrials - static_cast<std::int64_t>(stored));
}

TEST(Launcher, ADamagedResultRunsAgain) {
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  const auto run = [](const Trial& trial) { return toy_result(trial); };
  (void)sweep::run_trials(toy_trials(3), store, run, world);
  if (world.is_root()) std::filesystem::resize_file(directory.path() / "trials/t01.h5", 100);
  world.barrier();

  const auto summary = sweep::run_trials(toy_trials(3), store, run, world);

  EXPECT_EQ(summary.ran, 1);
  EXPECT_TRUE(store.has_done("t01"));
}

TEST(Launcher, WhatCannotBeStoredEndsTheSweepOnAllRanks) {
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  const auto run = [&](const Trial& trial) {
    std::filesystem::remove_all(directory.path() / "timings");
    std::ofstream(directory.path() / "timings") << "in the way";
    return toy_result(trial);
  };

  EXPECT_THROW((void)sweep::run_trials(toy_trials(2), store, run, world), mpi::AgreedError);
}

TEST(Launcher, AFullDiskBehindAResultKeepsItsExitCode) {
  const auto world = Communicator::world();
  for (const std::string arrow : {"commit.verified", "commit.synced", "commit.directory_synced"}) {
    const SharedDirectory directory(world);
    const TrialStore store(directory.path());
    if (world.is_root()) core::arm_failpoints(arrow + ":1:enospc");
    const auto run = [](const Trial& trial) { return run_toy(trial, true); };

    try {
      (void)sweep::run_trials(toy_trials(kTrials), store, run, world);
      if (world.is_root()) ADD_FAILURE() << "a full disk was not noticed: " << arrow;
    } catch (const core::Error& error) {
      EXPECT_EQ(error.exit_code(), core::ExitCode::IoError) << arrow;
    }
    core::arm_failpoints("");
    world.barrier();
    const auto rest = sweep::run_trials(toy_trials(kTrials), store, run, world);

    EXPECT_EQ(rest.already_done + rest.ran, kTrials) << arrow;
    EXPECT_EQ(files_of(directory.path()).size(), static_cast<std::size_t>(kTrials)) << arrow;
  }
}

TEST(Launcher, AResultThatDiffersFromAStoredOneIsReportedWhenTheRestHasRun) {
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  const auto run = [&](const Trial& trial) {
    auto result = toy_result(trial);
    if (trial.id == "t01") store.write(result);  // another driver was faster, on a machine that computes otherwise
    if (trial.id == "t01") result.curves["valid/roc_auc"][1] = 0.125;
    return result;
  };

  try {
    (void)sweep::run_trials(toy_trials(kTrials), store, run, world);
    ADD_FAILURE() << "a second result was not noticed";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::ReproducibilityMismatch);
  }
  world.barrier();

  EXPECT_EQ(files_of(directory.path()).size(), static_cast<std::size_t>(kTrials));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "quarantine/t01.second.h5"));
}

TEST(Launcher, ARankThatCannotStoreStopsTheOthers) {
  constexpr int kMany = 90;
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  if (world.is_root()) std::filesystem::create_directories(directory.path() / "timings" / "t00.json" / "in the way");
  world.barrier();
  std::int64_t calls = 0;
  const auto run = [&](const Trial& trial) {
    if (trial.id != "t00") std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return ++calls, toy_result(trial);
  };

  EXPECT_THROW((void)sweep::run_trials(toy_trials(kMany), store, run, world), mpi::AgreedError);

  EXPECT_LT(world.sum(calls), kMany / 2);
}

TEST(Launcher, OfAllRanksOneGetsAClaim) {
  const auto world = Communicator::world();
  const SharedDirectory directory(world);
  const TrialStore store(directory.path());
  std::int64_t won = 0;

  world.barrier();
  for (int i = 0; i < 300; ++i) won += store.claim("race", std::to_string(i)) ? 1 : 0;

  EXPECT_EQ(world.sum(won), 300);
}
