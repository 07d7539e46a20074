#include "graftage/mpi/communicator.hpp"

#include "graftage/core/error.hpp"
#include "graftage/mpi/session.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <numeric>
#include <thread>

namespace graftage::mpi {
namespace {

/// `length` numbers that only `rank` has.
std::vector<std::int64_t> numbers_of(int rank, std::size_t length) {
  std::vector<std::int64_t> numbers(length);
  std::iota(numbers.begin(), numbers.end(), std::int64_t{1000000} * (rank + 1));
  return numbers;
}

TEST(Communicator, KnowsItsPlace) {
  const Communicator world = Communicator::world();

  EXPECT_GE(world.rank(), 0);
  EXPECT_LT(world.rank(), world.size());
  EXPECT_EQ(world.is_root(), world.rank() == 0);
  EXPECT_TRUE(is_initialized());
  EXPECT_EQ(launch_problem(), "");
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Not a matter of speed: a rank that sleeps uses no processor, however long the others take.
TEST(Communicator, WaitsForAllWithoutKeepingACoreBusy) {
  const Communicator world = Communicator::world();
  for (int round = 0; round < 100; ++round) world.wait_for_all();
  std::vector<std::int64_t> arrived{0};
  const double before = processor_seconds();

  if (world.is_root()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    arrived[0] = 1;
  }
  world.wait_for_all();

  const double limit = world.is_root() ? 10.0 : 0.2;
  EXPECT_LT(processor_seconds() - before, limit);
  world.broadcast(std::span(arrived));
  EXPECT_EQ(arrived[0], 1);
}

TEST(Communicator, SendsAroundARing) {
  const Communicator world = Communicator::world();
  const int rank = world.rank(), size = world.size();
  if (size == 1) return;
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{100000}}) {
    const auto own = numbers_of(rank, length);
    const int next = (rank + 1) % size, previous = (rank + size - 1) % size;
    std::vector<std::int64_t> got(length);

    if (rank == 0) {
      world.send<std::int64_t>(own, next, 5);
      world.receive(std::span(got), previous, 5);
    } else {
      world.receive(std::span(got), previous, 5);
      world.send<std::int64_t>(own, next, 5);
    }

    EXPECT_EQ(got, numbers_of(previous, length));
  }
}

TEST(Communicator, KeepsTagsApart) {
  const Communicator world = Communicator::world();
  if (world.size() == 1) return;
  if (world.rank() == 0) {
    const std::vector<int> one{1}, two{2};
    world.send<int>(one, 1, 1);
    world.send<int>(two, 1, 2);
  } else if (world.rank() == 1) {
    int first = 0, second = 0;
    world.receive(std::span(&second, 1), 0, 2);
    world.receive(std::span(&first, 1), 0, 1);
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, 2);
  }
}

TEST(Communicator, NoticesAMessageOfAnotherLength) {
  const Communicator world = Communicator::world();
  if (world.size() == 1) return;
  const std::vector<int> three{1, 2, 3};
  if (world.rank() == 0) {
    world.send<int>(three, 1, 7);
    world.send<int>(three, 1, 8);
  } else if (world.rank() == 1) {
    std::vector<int> four(4), two(2);
    EXPECT_THROW(world.receive(std::span(four), 0, 7), core::MpiError);
    EXPECT_THROW(world.receive(std::span(two), 0, 8), core::MpiError);
  }
  world.barrier();
}

TEST(Communicator, BroadcastsFromEveryRoot) {
  const Communicator world = Communicator::world();
  for (int root = 0; root < world.size(); ++root) {
    auto values = numbers_of(world.rank(), 1000);
    world.broadcast(std::span(values), root);

    EXPECT_EQ(values, numbers_of(root, 1000));
    EXPECT_EQ(world.broadcast_text("text of " + std::to_string(world.rank()), root), "text of " + std::to_string(root));
    EXPECT_EQ(world.broadcast_text(world.rank() == root ? "" : "other", root), "");
  }
}

TEST(Communicator, GathersPiecesOfDifferentLength) {
  const Communicator world = Communicator::world();
  std::vector<std::int64_t> expected;
  std::vector<std::string> expected_texts;
  for (int r = 0; r < world.size(); ++r) {
    const auto piece = numbers_of(r, static_cast<std::size_t>(r * 3 % 4));  // 0, 3, 2, 1
    expected.insert(expected.end(), piece.begin(), piece.end());
    expected_texts.push_back(std::string(static_cast<std::size_t>(r), 'x') + '\0');
  }

  const auto own = numbers_of(world.rank(), static_cast<std::size_t>(world.rank() * 3 % 4));
  EXPECT_EQ(world.all_gather<std::int64_t>(own), expected);
  EXPECT_EQ(world.all_gather_text(std::string(static_cast<std::size_t>(world.rank()), 'x') + '\0'), expected_texts);
  EXPECT_TRUE(world.all_gather<double>({}).empty());
}

TEST(Communicator, ReducesNumbers) {
  const Communicator world = Communicator::world();
  const std::int64_t size = world.size(), rank = world.rank();

  EXPECT_EQ(world.sum(rank + 1), size * (size + 1) / 2);
  EXPECT_EQ(world.sum(std::int64_t{1} << 40), size << 40);
  EXPECT_EQ(world.max(-rank), 0);
  EXPECT_EQ(world.max(0.5 + static_cast<double>(rank)), static_cast<double>(size) - 0.5);
}

TEST(Communicator, SplitsByColorInRankOrder) {
  const Communicator world = Communicator::world();

  const Communicator half = world.split(world.rank() % 2);

  EXPECT_EQ(half.rank(), world.rank() / 2);
  EXPECT_EQ(half.size(), (world.size() + 1 - world.rank() % 2) / 2);
  for (const std::string& text : half.all_gather_text(std::to_string(world.rank() % 2)))
    EXPECT_EQ(text, std::to_string(world.rank() % 2));
}

TEST(Communicator, FreesItsGroups) {
  const Communicator world = Communicator::world();
  const int times = world.size() == 1 ? 66000 : 100;  // Open MPI has 65,532 identifiers
  Communicator group = Communicator::self();
  for (int i = 0; i < times; ++i) group = world.split(0);

  EXPECT_EQ(group.size(), world.size());
}

TEST(Communicator, RefusesPartnersThatDoNotExist) {
  const Communicator world = Communicator::world();
  int value = 0;

  EXPECT_THROW(world.send(std::span<const int>(&value, 1), world.size(), 1), core::InternalError);
  EXPECT_THROW(world.send(std::span<const int>(&value, 1), world.rank(), 1), core::InternalError);
  EXPECT_THROW(world.broadcast(std::span(&value, 1), -1), core::InternalError);
}

}  // namespace
}  // namespace graftage::mpi
