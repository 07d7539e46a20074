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

}  // namespace
}  // namespace graftage::data
