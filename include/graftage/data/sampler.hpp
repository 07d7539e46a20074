#pragma once

#include "graftage/core/index.hpp"
#include "graftage/core/seed.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::data {

/// How the graphs of a global batch are dealt to its virtual shards.
enum class Packing {
  Balanced,  ///< shards of about equal numbers of nodes, so that no rank waits for another (performance 2.8)
  Plain,     ///< in the order of the epoch
};
std::vector<std::string> enum_names(const Packing*);

/// One global order of samples per epoch, cut into batches and virtual shards by the configuration alone.
///
/// Position p of epoch e is a keyed permutation of the members, so every rank computes any part of it without
/// communication and a checkpoint stores one step number.
class Sampler {
 public:
  struct Options {
    std::int64_t batch_size = 64;
    std::int64_t virtual_shards = 1;
    std::int64_t minimum_shard = 1;  ///< shards with fewer graphs are dropped (2 where BatchNorm or a shift needs it)
    Packing packing = Packing::Plain;
  };
  /// @param members    graphs to draw from, in a fixed order (a split, or the whole corpus)
  /// @param num_nodes  of each member; Packing::Balanced needs it, Packing::Plain leaves it alone
  /// @throws ConfigError if even full batches have shards below minimum_shard
  Sampler(std::vector<core::GraphId> members, Options options, const core::SeedSequence& seed,
          std::vector<std::int32_t> num_nodes = {});

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  /// Virtual shards of one global batch: V lists, some possibly empty (dropped). Either packing gives the same batches,
  /// the same sizes of shards and drops the same graphs.
  [[nodiscard]] std::vector<std::vector<core::GraphId>> shards(std::int64_t epoch, std::int64_t step_in_epoch) const;

 private:
  std::vector<core::GraphId> members_;
  Options options_;
  core::SeedSequence seed_;
  std::vector<std::int32_t> num_nodes_;
};

}  // namespace graftage::data
