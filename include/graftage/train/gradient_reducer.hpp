#pragma once

#include "graftage/mpi/communicator.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace graftage::train {

/// Leaf or node of the reduction tree: a flat gradient and the doubles that travel with it (loss, counts, statistics).
struct Contribution {
  std::vector<float> gradient;
  std::vector<double> sums;
};

/// Exact sum over V virtual shards in one fixed binary tree, whatever the number of ranks (reliability 2.2).
///
/// Rank r owns a contiguous range of the V leaves. A node's sum is left + right, computed where its first leaf lives;
/// an absent leaf (dropped shard) is skipped. The root is broadcast. Ranks beyond V idle.
class GradientReducer {
 public:
  GradientReducer(const mpi::Communicator& communicator, std::int64_t virtual_shards);
  /// [first, last) of the leaves this rank computes.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> local_range() const;
  static std::pair<std::int64_t, std::int64_t> range_of(std::int64_t virtual_shards, int num_ranks, int rank);
  /// Collective. @param leaves  one entry per local leaf, nullopt where the shard was dropped
  /// @return the same bits on every rank; empty vectors if every leaf was dropped
  [[nodiscard]] Contribution reduce(std::vector<std::optional<Contribution>> leaves) const;

 private:
  const mpi::Communicator& communicator_;
  std::int64_t virtual_shards_;
};

}  // namespace graftage::train
