#include "graftage/mpi/agreement.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace graftage::mpi {
namespace {

/// What agree throws when exactly the ranks in `failing` fail, each with its own text.
std::string agreed(const std::vector<int>& failing) {
  const Communicator world = Communicator::world();
  const bool fails = std::find(failing.begin(), failing.end(), world.rank()) != failing.end();
  try {
    agree(world, [&] {
      if (fails) throw core::ConfigError("a.yaml:1:" + std::to_string(world.rank()), "wrong");
    });
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::Config);
    return std::to_string(error.rank()) + " " + error.what();
  }
  return "";
}

TEST(Agreement, NothingFails) { EXPECT_EQ(agreed({}), ""); }

TEST(Agreement, EveryRankThrowsTheErrorOfTheLowestFailingRank) {
  const int size = Communicator::world().size();
  for (int first = 0; first < size; ++first) {
    std::vector<int> failing;
    for (int rank = first; rank < size; rank += 2) failing.push_back(rank);

    EXPECT_EQ(agreed(failing), std::to_string(first) + " a.yaml:1:" + std::to_string(first) + ": wrong");
  }
}

TEST(Agreement, ForeignExceptionsAreInternalErrors) {
  const Communicator world = Communicator::world();
  try {
    agree(world, [&] {
      if (world.rank() == world.size() - 1) throw std::out_of_range("beyond");
    });
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::Internal);
    EXPECT_STREQ(error.what(), "internal error: beyond; please report it");
  }
}

TEST(Agreement, LeavesTheGroupUsable) {
  const Communicator world = Communicator::world();
  EXPECT_THROW(agree(world, [] { throw core::NumericError("nan"); }), AgreedError);

  EXPECT_EQ(world.sum(1), world.size());
}

TEST(AnyOf, IsTrueEverywhereIfTrueSomewhere) {
  const Communicator world = Communicator::world();
  for (int rank = 0; rank < world.size(); ++rank) EXPECT_TRUE(any_of(world, world.rank() == rank));
  EXPECT_FALSE(any_of(world, false));
}

}  // namespace
}  // namespace graftage::mpi
