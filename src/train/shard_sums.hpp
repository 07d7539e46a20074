#pragma once

#include "graftage/nn/batch_norm.hpp"
#include "graftage/train/learning_task.hpp"

#include <cstdint>
#include <vector>

namespace graftage::train {

/// What travels beside a gradient, in one vector of doubles that shards and ranks add up.
///
/// Layout: shards, stop flags, metrics, layers, loss sum, loss count, then (sum, count) per metric, then per layer
/// (n, n * mean, n * (variance + mean^2)) with the last two of width H. The first four tell how to read the rest, also
/// on a rank that had no shard.
[[nodiscard]] std::vector<double> pack_sums(const ShardLoss& loss, double loss_value, bool stop);

/// Totals over all shards.
struct StepTotals {
  bool stop = false;
  double loss_sum = 0;
  double loss_count = 0;
  std::vector<NamedSum> metrics;                ///< names are for the caller to fill in
  std::vector<nn::BatchStatistics> statistics;  ///< pooled mean and total variance, float64
};
/// @param buffers  the running statistics, for the width of each layer
[[nodiscard]] StepTotals unpack_sums(const std::vector<double>& sums, const nn::Parameters& buffers);

}  // namespace graftage::train
