// The reduction tree on any number of ranks against a plain recursive sum of all leaves.

#include "graftage/train/gradient_reducer.hpp"

#include "graftage/core/seed.hpp"
#include "graftage/mpi/communicator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

namespace graftage::train {
namespace {

constexpr std::size_t kLength = 1000;

/// Values whose float sum depends on the order of addition.
Contribution leaf(std::int64_t index) {
  core::RandomStream stream = core::SeedSequence(9).child(index).stream();
  Contribution value;
  for (std::size_t i = 0; i < kLength; ++i)
    value.gradient.push_back(static_cast<float>(stream.normal() * std::pow(10.0, stream.uniform() * 8 - 4)));
  for (std::size_t i = 0; i < 7; ++i) value.sums.push_back(stream.normal() * std::pow(10.0, stream.uniform() * 12 - 6));
  return value;
}

using Leaves = std::vector<std::optional<Contribution>>;

/// The documented tree: the left child covers the largest power of two below the size.
std::optional<Contribution> plain_sum(const Leaves& leaves, std::size_t begin, std::size_t end) {
  if (end == begin + 1) return leaves[begin];
  std::size_t left = 1;
  while (2 * left < end - begin) left *= 2;
  auto a = plain_sum(leaves, begin, begin + left);
  const auto b = plain_sum(leaves, begin + left, end);
  if (!a || !b) return a ? a : b;
  for (std::size_t i = 0; i < a->gradient.size(); ++i) a->gradient[i] += b->gradient[i];
  for (std::size_t i = 0; i < a->sums.size(); ++i) a->sums[i] += b->sums[i];
  return a;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

void expect_plain_sum(std::int64_t virtual_shards, const std::function<bool(std::int64_t)>& dropped) {
  const auto world = mpi::Communicator::world();
  const GradientReducer reducer(world, virtual_shards);
  Leaves all;
  for (std::int64_t v = 0; v < virtual_shards; ++v) all.push_back(dropped(v) ? std::nullopt : std::optional(leaf(v)));
  const auto [first, last] = reducer.local_range();

  const Contribution result = reducer.reduce(Leaves(all.begin() + first, all.begin() + last));

  const Contribution expected = plain_sum(all, 0, all.size()).value_or(Contribution{});
  EXPECT_TRUE(same_bits(result.gradient, expected.gradient)) << virtual_shards << " shards";
  EXPECT_TRUE(same_bits(result.sums, expected.sums)) << virtual_shards << " shards";
}

TEST(GradientReducer, SumsInTheDocumentedTree) {
  for (const std::int64_t v : {1, 2, 3, 4, 5, 7, 8, 16}) expect_plain_sum(v, [](std::int64_t) { return false; });
}

TEST(GradientReducer, SkipsDroppedLeaves) {
  for (const std::int64_t v : {1, 2, 3, 4, 5, 7, 8, 16}) {
    expect_plain_sum(v, [](std::int64_t leaf) { return leaf == 0; });
    expect_plain_sum(v, [v](std::int64_t leaf) { return leaf == v - 1; });
    expect_plain_sum(v, [](std::int64_t leaf) { return leaf % 3 != 1; });
    expect_plain_sum(v, [v](std::int64_t leaf) { return leaf < v / 2; });
    expect_plain_sum(v, [](std::int64_t) { return true; });
  }
}

TEST(GradientReducer, TheOrderOfAdditionMattersForTheseValues) {
  Leaves all;
  for (std::int64_t v = 0; v < 8; ++v) all.emplace_back(leaf(v));
  const Contribution tree = *plain_sum(all, 0, 8);
  Contribution chain = *all[0];
  for (std::size_t v = 1; v < 8; ++v)
    for (std::size_t i = 0; i < kLength; ++i) chain.gradient[i] += all[v]->gradient[i];

  EXPECT_FALSE(same_bits(tree.gradient, chain.gradient));
}

TEST(GradientReducer, RangesAreContiguousAndCoverAllLeaves) {
  for (const std::int64_t v : {1, 2, 3, 4, 5, 7, 8, 16, 100})
    for (int ranks = 1; ranks <= 9; ++ranks) {
      std::int64_t next = 0;
      for (int r = 0; r < ranks; ++r) {
        const auto [first, last] = GradientReducer::range_of(v, ranks, r);
        EXPECT_EQ(first, next);
        EXPECT_LE(last - first, (v + ranks - 1) / ranks);
        next = last;
      }
      EXPECT_EQ(next, v);
    }
}

}  // namespace
}  // namespace graftage::train
