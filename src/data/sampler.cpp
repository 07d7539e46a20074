#include "graftage/data/sampler.hpp"

#include "data/packing.hpp"
#include "graftage/core/error.hpp"

#include <algorithm>
#include <numeric>

namespace graftage::data {

namespace {

/// Items 0, 1, ... cut into bins of the given sizes.
std::vector<std::vector<std::int64_t>> in_order(const std::vector<std::int64_t>& sizes) {
  std::vector<std::vector<std::int64_t>> bins;
  std::int64_t next = 0;
  for (const std::int64_t size : sizes) {
    bins.emplace_back(static_cast<std::size_t>(size));
    std::iota(bins.back().begin(), bins.back().end(), next);
    next += size;
  }
  return bins;
}

}  // namespace

std::vector<std::string> enum_names(const Packing*) { return {"balanced", "plain"}; }

Sampler::Sampler(std::vector<core::GraphId> members, Options options, const core::SeedSequence& seed,
                 std::vector<std::int32_t> num_nodes)
    : members_(std::move(members)), options_(options), seed_(seed), num_nodes_(std::move(num_nodes)) {
  GRAFTAGE_CHECK(options_.batch_size > 0 && options_.virtual_shards > 0 && options_.minimum_shard > 0,
                 options_.batch_size, options_.virtual_shards, options_.minimum_shard);
  GRAFTAGE_CHECK(options_.packing == Packing::Plain || num_nodes_.size() == members_.size(), num_nodes_.size(),
                 members_.size());
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
  // Which graphs are in shards that are dropped is decided by position, whatever their size.
  std::vector<std::size_t> kept;    // indices of members, in the order of the epoch
  std::vector<std::int64_t> sizes;  // of the shards that are not dropped
  std::vector<std::size_t> shard_of_bin;
  for (std::int64_t v = 0; v < options_.virtual_shards; ++v) {
    const std::int64_t begin = count * v / options_.virtual_shards;
    const std::int64_t end = count * (v + 1) / options_.virtual_shards;
    if (end - begin < options_.minimum_shard) continue;
    for (std::int64_t p = begin; p < end; ++p) kept.push_back(order(static_cast<std::uint64_t>(first + p)));
    sizes.push_back(end - begin);
    shard_of_bin.push_back(static_cast<std::size_t>(v));
  }
  std::vector<std::int64_t> nodes;
  if (options_.packing == Packing::Balanced)
    for (const std::size_t member : kept) nodes.push_back(num_nodes_[member]);
  const auto bins = options_.packing == Packing::Balanced ? balance(nodes, sizes) : in_order(sizes);
  std::vector<std::vector<core::GraphId>> shards(static_cast<std::size_t>(options_.virtual_shards));
  for (std::size_t b = 0; b < bins.size(); ++b)
    for (const std::int64_t item : bins[b])
      shards[shard_of_bin[b]].push_back(members_[kept[static_cast<std::size_t>(item)]]);
  return shards;
}

}  // namespace graftage::data
