#pragma once

#include "graftage/nn/parameters.hpp"

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace graftage::nn {

/// Mean and biased variance per feature over the rows of one virtual shard.
struct BatchStatistics {
  at::Tensor mean;      ///< [H]
  at::Tensor variance;  ///< [H], biased
  double count = 0;     ///< number of nodes (rows times multiplicity)
};

/// Where the statistics of a normalisation come from.
enum class Normalization {
  Batch,    ///< this batch; differentiated through
  Running,  ///< the model's running statistics (buffers), constants
  Given,    ///< passed in, e.g. those of another forward; differentiated through if they are part of a graph
};

inline constexpr double kBatchNormEpsilon = 1e-5;
inline constexpr double kBatchNormMomentum = 0.1;

/// Number of nodes that rows stand for. @throws InternalError unless it is more than one
[[nodiscard]] double batch_count(const at::Tensor& x, const std::vector<double>& multiplicity);

/// Statistics over rows x [R, H] weighted by multiplicity (empty = ones), two-pass; part of the graph of x if that is.
/// @pre more than one node
[[nodiscard]] BatchStatistics batch_statistics(const at::Tensor& x, const std::vector<double>& multiplicity);

/// (x - mean) / sqrt(variance + eps), without the affine part. @param x [R, H]
[[nodiscard]] at::Tensor normalize(const at::Tensor& x, const BatchStatistics& statistics);

/// Pools the statistics of several shards (pooled mean, total variance; Chan et al. formula in double, in order given).
[[nodiscard]] BatchStatistics pool_statistics(const std::vector<BatchStatistics>& shards);

/// running <- (1 - momentum) running + momentum * (mean, unbiased variance); num_batches_tracked + 1.
void update_running_statistics(Parameters& buffers, const std::string& name, const BatchStatistics& statistics);
/// running <- statistics exactly (re-estimation for frozen encoders, methods 5.2; biased variance).
void set_running_statistics(Parameters& buffers, const std::string& name, const BatchStatistics& statistics);

}  // namespace graftage::nn
