#include "sweep/committer.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace graftage;
using sweep::Committer;

namespace {

void fail_with(core::ExitCode code) { throw core::IoError("disk full", code); }

template <class Call>
core::ExitCode code_of(const Call& call) {
  try {
    call();
  } catch (const core::Error& error) {
    return error.exit_code();
  }
  return core::ExitCode::Done;
}

}  // namespace

TEST(Committer, RunsTasksInOrderOnAnotherThread) {
  std::vector<int> order, expected(50);
  std::iota(expected.begin(), expected.end(), 0);
  std::thread::id thread;
  Committer committer(3);

  for (const int i : expected)
    committer.push([&, i] {
      order.push_back(i);
      thread = std::this_thread::get_id();
    });
  committer.drain();

  EXPECT_EQ(order, expected);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(Committer, AnErrorSurfacesOnceAtDrainWithItsExitCode) {
  bool ran = false;
  Committer committer(4);
  committer.push([] { fail_with(core::ExitCode::CannotCreate); });
  const auto push_next = [&] { committer.push([&] { ran = true; }); };

  // The first error is seen by whichever call comes after it.
  auto code = code_of(push_next);
  const auto at_drain = code_of([&] { committer.drain(); });
  if (code == core::ExitCode::Done) code = at_drain;

  EXPECT_EQ(code, core::ExitCode::CannotCreate);
  EXPECT_NO_THROW(committer.drain());
  EXPECT_TRUE(ran);
}

TEST(Committer, AnErrorSurfacesAtTheNextPushWhichStillTakesItsTask) {
  bool ran = false;
  Committer committer(1);
  committer.push([] { fail_with(core::ExitCode::Permission); });

  // With room for one, this push waits until the first task has failed.
  EXPECT_EQ(code_of([&] { committer.push([&] { ran = true; }); }), core::ExitCode::Permission);
  committer.drain();

  EXPECT_TRUE(ran);
}

TEST(Committer, OfSeveralErrorsTheFirstIsReported) {
  std::promise<void> gate;
  Committer committer(3);
  committer.push([&] { gate.get_future().wait(); });
  committer.push([] { fail_with(core::ExitCode::Permission); });
  committer.push([] { throw std::runtime_error("later"); });
  gate.set_value();

  EXPECT_EQ(code_of([&] { committer.drain(); }), core::ExitCode::Permission);
}

TEST(Committer, EndsWithAllTasksRunAndThrowsNothing) {
  std::atomic<int> ran = 0;
  {
    Committer committer(4);
    committer.push([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ++ran;
      fail_with(core::ExitCode::IoError);
    });
    committer.push([&] { ++ran; });
  }
  EXPECT_EQ(ran, 2);
}

TEST(Committer, APushWaitsForRoom) {
  std::promise<void> gate;
  std::atomic<int> pushed = 0;
  Committer committer(2);
  auto pusher = std::async(std::launch::async, [&] {
    committer.push([&] { gate.get_future().wait(); });
    for (int i = 0; i < 3; ++i) {
      ++pushed;
      committer.push([] {});
    }
    ++pushed;
  });

  // One runs, one waits; the third, the second of the loop, finds no room.
  EXPECT_EQ(pusher.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_EQ(pushed, 2);
  gate.set_value();
  pusher.get();

  EXPECT_EQ(pushed, 4);
}

TEST(Committer, WhatATaskOwnsIsGoneAfterTheDrain) {
  const auto owned = std::make_shared<int>(1);
  Committer committer(2);

  committer.push([copy = owned] {});
  committer.push([copy = owned] { fail_with(core::ExitCode::IoError); });
  EXPECT_THROW(committer.drain(), core::IoError);
  committer.drain();

  EXPECT_EQ(owned.use_count(), 1);
}
