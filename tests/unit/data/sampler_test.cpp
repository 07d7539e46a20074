#include "graftage/data/sampler.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace graftage::data {
namespace {

std::vector<core::GraphId> members(std::int64_t count) {
  std::vector<core::GraphId> result;
  for (std::int64_t i = 0; i < count; ++i) result.emplace_back(100 + 3 * i);
  return result;
}

std::vector<core::GraphId> epoch_of(const Sampler& sampler, std::int64_t epoch) {
  std::vector<core::GraphId> order;
  for (std::int64_t step = 0; step < sampler.steps_per_epoch(); ++step)
    for (const auto& shard : sampler.shards(epoch, step)) order.insert(order.end(), shard.begin(), shard.end());
  return order;
}

TEST(SamplerTest, AnEpochVisitsEveryMemberOnce) {
  const Sampler sampler(members(101), {.batch_size = 16, .virtual_shards = 4, .minimum_shard = 1},
                        core::SeedSequence(1));

  auto order = epoch_of(sampler, 3);

  EXPECT_EQ(sampler.steps_per_epoch(), 7);
  EXPECT_NE(order, members(101));
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, members(101));
}

TEST(SamplerTest, OrderDependsOnSeedAndEpochOnly) {
  const Sampler::Options options{.batch_size = 16, .virtual_shards = 4, .minimum_shard = 1};
  const Sampler sampler(members(50), options, core::SeedSequence(1));

  EXPECT_EQ(epoch_of(sampler, 0), epoch_of(Sampler(members(50), options, core::SeedSequence(1)), 0));
  EXPECT_NE(epoch_of(sampler, 0), epoch_of(sampler, 1));
  EXPECT_NE(epoch_of(sampler, 0), epoch_of(Sampler(members(50), options, core::SeedSequence(2)), 0));
}

TEST(SamplerTest, TheNumberOfShardsCutsTheSameBatch) {
  const core::SeedSequence seed(9);
  const auto batch_of = [&](std::int64_t virtual_shards) {
    const Sampler sampler(members(64), {.batch_size = 24, .virtual_shards = virtual_shards, .minimum_shard = 1}, seed);
    std::vector<core::GraphId> batch;
    for (const auto& shard : sampler.shards(0, 1)) {
      EXPECT_GE(shard.size(), static_cast<std::size_t>(24 / virtual_shards));
      batch.insert(batch.end(), shard.begin(), shard.end());
    }
    return batch;
  };

  EXPECT_EQ(batch_of(1), batch_of(8));
  EXPECT_EQ(batch_of(1), batch_of(5));
  EXPECT_EQ(batch_of(1).size(), 24U);
}

TEST(SamplerTest, SmallShardsAreDroppedAndABatchOfNothingIsNoStep) {
  const Sampler::Options options{.batch_size = 16, .virtual_shards = 4, .minimum_shard = 2};
  // 16 + 5: the rest gives shards of 1, 1, 1 and 2 graphs.
  const Sampler partly(members(21), options, core::SeedSequence(1));
  ASSERT_EQ(partly.steps_per_epoch(), 2);
  std::vector<std::size_t> sizes;
  for (const auto& shard : partly.shards(0, 1)) sizes.push_back(shard.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 0, 0, 2}));
  // 16 + 3: no shard of the rest has two graphs.
  EXPECT_EQ(Sampler(members(19), options, core::SeedSequence(1)).steps_per_epoch(), 1);
  EXPECT_EQ(Sampler({}, options, core::SeedSequence(1)).steps_per_epoch(), 0);
  EXPECT_THROW(Sampler(members(9), {.batch_size = 16, .virtual_shards = 16, .minimum_shard = 2}, core::SeedSequence(1)),
               core::ConfigError);
}

/// Numbers of nodes of `count` graphs, every third one large.
std::vector<std::int32_t> alternating_sizes(std::size_t count) {
  std::vector<std::int32_t> sizes(count);
  for (std::size_t i = 0; i < count; ++i) sizes[i] = static_cast<std::int32_t>((i % 3 == 0 ? 60 : 8) + i % 7);
  return sizes;
}

TEST(SamplerTest, BalancedPackingPermutesTheSameBatch) {
  Sampler::Options options{.batch_size = 40, .virtual_shards = 6, .minimum_shard = 2};
  const auto sizes = alternating_sizes(93);
  const Sampler plain(members(93), options, core::SeedSequence(5), sizes);
  options.packing = Packing::Balanced;
  const Sampler balanced(members(93), options, core::SeedSequence(5), sizes);
  const auto nodes_of = [&](const std::vector<core::GraphId>& shard) {
    std::int64_t nodes = 0;
    for (const core::GraphId id : shard) nodes += sizes[static_cast<std::size_t>((id.value - 100) / 3)];
    return nodes;
  };
  std::int64_t widest_plain = 0, widest_balanced = 0;

  ASSERT_EQ(plain.steps_per_epoch(), 3);
  ASSERT_EQ(balanced.steps_per_epoch(), 3);
  for (std::int64_t step = 0; step < 3; ++step) {  // the last one has 13 graphs
    std::vector<core::GraphId> batch_plain, batch_balanced;
    std::vector<std::int64_t> nodes_plain, nodes_balanced;
    const auto shards_plain = plain.shards(2, step);
    const auto shards_balanced = balanced.shards(2, step);
    for (std::size_t v = 0; v < 6; ++v) {
      EXPECT_EQ(shards_plain[v].size(), shards_balanced[v].size()) << "step " << step << ", shard " << v;
      batch_plain.insert(batch_plain.end(), shards_plain[v].begin(), shards_plain[v].end());
      batch_balanced.insert(batch_balanced.end(), shards_balanced[v].begin(), shards_balanced[v].end());
      nodes_plain.push_back(nodes_of(shards_plain[v]));
      nodes_balanced.push_back(nodes_of(shards_balanced[v]));
    }
    EXPECT_NE(batch_plain, batch_balanced);
    std::sort(batch_plain.begin(), batch_plain.end());
    std::sort(batch_balanced.begin(), batch_balanced.end());
    EXPECT_EQ(batch_plain, batch_balanced);
    if (step == 2) continue;  // shards of two and three graphs
    const auto spread = [](const std::vector<std::int64_t>& nodes) {
      const auto [least, most] = std::minmax_element(nodes.begin(), nodes.end());
      return *most - *least;
    };
    widest_plain = std::max(widest_plain, spread(nodes_plain));
    widest_balanced = std::max(widest_balanced, spread(nodes_balanced));
  }
  EXPECT_GT(widest_plain, 5 * widest_balanced) << widest_balanced;
}

TEST(SamplerTest, BalancedPackingIsAFunctionOfItsArguments) {
  const Sampler::Options options{
      .batch_size = 24, .virtual_shards = 4, .minimum_shard = 1, .packing = Packing::Balanced};
  const auto make = [&](std::uint64_t seed) {
    return Sampler(members(50), options, core::SeedSequence(seed), alternating_sizes(50));
  };

  EXPECT_EQ(epoch_of(make(1), 0), epoch_of(make(1), 0));
  EXPECT_NE(epoch_of(make(1), 0), epoch_of(make(1), 1));
  EXPECT_NE(epoch_of(make(1), 0), epoch_of(make(2), 0));
}

TEST(SamplerTest, BalancedPackingDropsByPositionNotBySize) {
  Sampler::Options options{.batch_size = 16, .virtual_shards = 4, .minimum_shard = 2};
  const auto sizes = alternating_sizes(21);
  const Sampler plain(members(21), options, core::SeedSequence(1), sizes);
  options.packing = Packing::Balanced;
  const Sampler balanced(members(21), options, core::SeedSequence(1), sizes);

  EXPECT_EQ(plain.shards(0, 1), balanced.shards(0, 1));  // three of four shards have one graph and are dropped
  EXPECT_THROW(Sampler(members(21), options, core::SeedSequence(1)), core::InternalError);
}

}  // namespace
}  // namespace graftage::data
