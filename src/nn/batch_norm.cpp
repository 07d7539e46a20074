#include "graftage/nn/batch_norm.hpp"

#include "graftage/core/error.hpp"
#include "graftage/graph/normalization.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <numeric>

namespace graftage::nn {

double batch_count(const at::Tensor& x, const std::vector<double>& multiplicity) {
  GRAFTAGE_CHECK(x.dim() == 2, x.dim());
  GRAFTAGE_CHECK(multiplicity.empty() || static_cast<std::int64_t>(multiplicity.size()) == x.size(0),
                 multiplicity.size(), x.size(0));
  const double count = multiplicity.empty() ? static_cast<double>(x.size(0))
                                            : std::accumulate(multiplicity.begin(), multiplicity.end(), 0.0);
  GRAFTAGE_CHECK(count > 1.0, "batch normalisation in training needs more than one node, has", count);
  return count;
}

BatchStatistics batch_statistics(const at::Tensor& x, const std::vector<double>& multiplicity) {
  const double count = batch_count(x, multiplicity);
  if (!x.requires_grad() || !at::GradMode::is_enabled()) {
    const graph::ColumnMoments moments = graph::column_moments(x, multiplicity);
    return {moments.mean, moments.variance, count};
  }
  if (multiplicity.empty()) {
    const at::Tensor mean = x.mean(0);
    return {mean, (x - mean).square().mean(0), count};
  }
  const at::Tensor share =
      (at::tensor(multiplicity, at::TensorOptions(at::kDouble)) / count).to(x.scalar_type()).unsqueeze(1);  // [R, 1]
  const at::Tensor mean = (x * share).sum(0);
  return {mean, ((x - mean).square() * share).sum(0), count};
}

at::Tensor normalize(const at::Tensor& x, const BatchStatistics& statistics) {
  const at::Tensor mean = statistics.mean.to(x.scalar_type());
  const at::Tensor variance = statistics.variance.to(x.scalar_type());
  return (x - mean) * (variance + kBatchNormEpsilon).rsqrt();
}

BatchStatistics pool_statistics(const std::vector<BatchStatistics>& shards) {
  GRAFTAGE_CHECK(!shards.empty());
  const at::NoGradGuard no_grad;
  at::Tensor mean = shards.front().mean.to(at::kDouble);
  double count = shards.front().count;
  at::Tensor squares = shards.front().variance.to(at::kDouble) * count;  // sum of squared deviations
  for (std::size_t s = 1; s < shards.size(); ++s) {
    const double total = count + shards[s].count;
    const at::Tensor delta = shards[s].mean.to(at::kDouble) - mean;
    mean = mean + delta * (shards[s].count / total);
    squares = squares + shards[s].variance.to(at::kDouble) * shards[s].count +
              delta.square() * (count * shards[s].count / total);
    count = total;
  }
  return {mean, squares / count, count};
}

void update_running_statistics(Parameters& buffers, const std::string& name, const BatchStatistics& statistics) {
  GRAFTAGE_CHECK(statistics.count > 1.0, name, statistics.count);
  const at::NoGradGuard no_grad;
  const double unbiased = statistics.count / (statistics.count - 1.0);
  const auto blend = [&](const char* buffer, const at::Tensor& value) {
    const at::Tensor& running = buffers[name + buffer];
    running.copy_(running.to(at::kDouble) * (1.0 - kBatchNormMomentum) + value * kBatchNormMomentum);
  };
  blend(".running_mean", statistics.mean.to(at::kDouble));
  blend(".running_var", statistics.variance.to(at::kDouble) * unbiased);
  buffers[name + ".num_batches_tracked"].add_(1);
}

void set_running_statistics(Parameters& buffers, const std::string& name, const BatchStatistics& statistics) {
  const at::NoGradGuard no_grad;
  buffers[name + ".running_mean"].copy_(statistics.mean);
  buffers[name + ".running_var"].copy_(statistics.variance);
}

}  // namespace graftage::nn
