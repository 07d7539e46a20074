#include "graftage/data/sampler.hpp"

#include "graftage/core/error.hpp"

#include <algorithm>

namespace graftage::data {

Sampler::Sampler(std::vector<core::GraphId> members, Options options, const core::SeedSequence& seed)
    : members_(std::move(members)), options_(options), seed_(seed) {
  GRAFTAGE_CHECK(options_.batch_size > 0 && options_.virtual_shards > 0 && options_.minimum_shard > 0,
                 options_.batch_size, options_.virtual_shards, options_.minimum_shard);
  if (options_.batch_size / options_.virtual_shards < options_.minimum_shard)
    throw core::ConfigError("", "a batch of " + std::to_string(options_.batch_size) + " graphs in " +
                                    std::to_string(options_.virtual_shards) +
                                    " virtual shards leaves shards of fewer than " +
                                    std::to_string(options_.minimum_shard) +
                                    " graphs, which would be dropped; use larger batches or fewer virtual shards");
}

std::int64_t Sampler::steps_per_epoch() const {
  const auto size = static_cast<std::int64_t>(members_.size());
  const std::int64_t rest = size % options_.batch_size;
  // A last batch of which every shard would be dropped is no step.
  const std::int64_t largest_shard = (rest + options_.virtual_shards - 1) / options_.virtual_shards;
  return size / options_.batch_size + (rest > 0 && largest_shard >= options_.minimum_shard ? 1 : 0);
}

std::vector<std::vector<core::GraphId>> Sampler::shards(std::int64_t epoch, std::int64_t step_in_epoch) const {
  GRAFTAGE_CHECK(epoch >= 0 && step_in_epoch >= 0 && step_in_epoch < steps_per_epoch(), epoch, step_in_epoch,
                 steps_per_epoch());
  const core::KeyedPermutation order(members_.size(), seed_.child(epoch).value());
  const std::int64_t first = step_in_epoch * options_.batch_size;
  const std::int64_t count = std::min(options_.batch_size, static_cast<std::int64_t>(members_.size()) - first);
  std::vector<std::vector<core::GraphId>> shards(static_cast<std::size_t>(options_.virtual_shards));
  for (std::int64_t v = 0; v < options_.virtual_shards; ++v) {
    const std::int64_t begin = count * v / options_.virtual_shards;
    const std::int64_t end = count * (v + 1) / options_.virtual_shards;
    if (end - begin < options_.minimum_shard) continue;
    for (std::int64_t p = begin; p < end; ++p) {
      const auto member = order(static_cast<std::uint64_t>(first + p));
      shards[static_cast<std::size_t>(v)].push_back(members_[member]);
    }
  }
  return shards;
}

}  // namespace graftage::data
