#include "data/packing.hpp"

#include "graftage/core/seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace graftage::data {
namespace {

using Items = std::vector<std::int64_t>;

std::int64_t weight_of(const Items& bin, const Items& weights) {
  std::int64_t sum = 0;
  for (const std::int64_t item : bin) sum += weights[static_cast<std::size_t>(item)];
  return sum;
}

std::int64_t heaviest(const std::vector<Items>& bins, const Items& weights) {
  std::int64_t most = 0;
  for (const Items& bin : bins) most = std::max(most, weight_of(bin, weights));
  return most;
}

/// Heaviest bin over the mean, less one.
double imbalance(const std::vector<Items>& bins, const Items& weights) {
  const auto total = static_cast<double>(std::accumulate(weights.begin(), weights.end(), std::int64_t{0}));
  return static_cast<double>(heaviest(bins, weights)) * static_cast<double>(bins.size()) / total - 1.0;
}

void expect_partition(const std::vector<Items>& bins, const Items& capacities, std::size_t num_items) {
  ASSERT_EQ(bins.size(), capacities.size());
  Items all;
  for (std::size_t b = 0; b < bins.size(); ++b) {
    EXPECT_EQ(static_cast<std::int64_t>(bins[b].size()), capacities[b]) << "bin " << b;
    EXPECT_TRUE(std::is_sorted(bins[b].begin(), bins[b].end())) << "bin " << b;
    all.insert(all.end(), bins[b].begin(), bins[b].end());
  }
  std::sort(all.begin(), all.end());
  Items expected(num_items);
  std::iota(expected.begin(), expected.end(), std::int64_t{0});
  EXPECT_EQ(all, expected);
}

/// Atom counts as in ZINC 250k: mean 23.2, standard deviation 4.5, 6 to 38 (a sum of uniforms, cut off).
Items zinc_like(std::int64_t count, std::uint64_t seed) {
  core::RandomStream stream = core::SeedSequence(seed).stream();
  Items weights;
  while (static_cast<std::int64_t>(weights.size()) < count) {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(stream.below(1'000'000)) / 1e6;
    const auto atoms = static_cast<std::int64_t>(23.7 + 4.5 * sum);
    if (atoms >= 6 && atoms <= 38) weights.push_back(atoms);
  }
  return weights;
}

/// The best that any dealing can do, by trying all of them.
std::int64_t smallest_possible(const Items& weights, const Items& capacities) {
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  std::vector<Items> bins(capacities.size());
  const auto place = [&](const auto& self, std::size_t item) -> void {
    if (item == weights.size()) {
      best = std::min(best, heaviest(bins, weights));
      return;
    }
    for (std::size_t b = 0; b < bins.size(); ++b) {
      if (static_cast<std::int64_t>(bins[b].size()) == capacities[b]) continue;
      bins[b].push_back(static_cast<std::int64_t>(item));
      self(self, item + 1);
      bins[b].pop_back();
    }
  };
  place(place, 0);
  return best;
}

TEST(Packing, ZincLikeShardsDifferByLessThanOnePercent) {
  for (const std::int64_t bins : {2, 4, 16}) {
    const Items capacities(static_cast<std::size_t>(bins), 64);
    double worst = 0, worst_plain = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Items weights = zinc_like(64 * bins, seed);

      const auto dealt = balance(weights, capacities);

      expect_partition(dealt, capacities, weights.size());
      worst = std::max(worst, imbalance(dealt, weights));
      std::vector<Items> plain(static_cast<std::size_t>(bins));
      for (std::int64_t i = 0; i < 64 * bins; ++i) plain[static_cast<std::size_t>(i / 64)].push_back(i);
      worst_plain = std::max(worst_plain, imbalance(plain, weights));
    }
    EXPECT_LT(worst, 0.001) << bins << " bins";
    EXPECT_GT(worst_plain, 0.01) << "the sizes are too even to show anything";
  }
}

TEST(Packing, IsCloseToTheBestOfAllDealings) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    core::RandomStream stream = core::SeedSequence(seed).child("small").stream();
    Items weights(9);
    for (std::int64_t& weight : weights) weight = 1 + static_cast<std::int64_t>(stream.below(seed % 2 == 0 ? 40 : 4));
    const Items capacities{3, 3, 3};

    const auto dealt = balance(weights, capacities);

    const auto best = static_cast<double>(smallest_possible(weights, capacities));
    EXPECT_GE(static_cast<double>(heaviest(dealt, weights)), best);
    EXPECT_LE(static_cast<double>(heaviest(dealt, weights)), 1.15 * best) << "seed " << seed;
  }
}

/// A giant, as heavy as everything else together, cannot be balanced: it must get the lightest companions there are.
TEST(Packing, AGiantGetsTheLightestCompanions) {
  Items weights = zinc_like(64, 3);
  weights[17] = 2000;
  const Items capacities{16, 16, 16, 16};

  const auto dealt = balance(weights, capacities);

  expect_partition(dealt, capacities, weights.size());
  Items others = weights;
  others.erase(others.begin() + 17);
  std::sort(others.begin(), others.end());
  EXPECT_EQ(heaviest(dealt, weights), 2000 + std::accumulate(others.begin(), others.begin() + 15, std::int64_t{0}));
}

/// Sizes 1, 2, 4, ... 2^k with many small ones: the tail fills up what the heavy ones leave.
TEST(Packing, AHeavyTailIsFilledUp) {
  Items weights;
  for (int i = 0; i < 128; ++i) weights.push_back(10 + 1000 / (1 + i));  // Zipf: 1010, 510, 343, ... 17
  const Items capacities(4, 32);

  const auto dealt = balance(weights, capacities);

  expect_partition(dealt, capacities, weights.size());
  EXPECT_LT(imbalance(dealt, weights), 0.02);
}

TEST(Packing, UnequalCapacitiesEqualWeightsAndNothing) {
  const Items even(11, 5);
  const auto dealt = balance(even, {3, 4, 4});
  expect_partition(dealt, {3, 4, 4}, even.size());
  EXPECT_EQ(dealt, balance(even, {3, 4, 4}));
  EXPECT_EQ(balance({}, {0, 0}), (std::vector<Items>{{}, {}}));
  EXPECT_EQ(balance({}, {}), std::vector<Items>{});
  EXPECT_EQ(balance({0, 0, 7}, {3}), (std::vector<Items>{{0, 1, 2}}));
}

}  // namespace
}  // namespace graftage::data
