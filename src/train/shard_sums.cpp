#include "train/shard_sums.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace graftage::train {

namespace {

constexpr std::size_t kFixed = 6;

at::Tensor to_tensor(const std::vector<double>& values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<double>());
  return tensor;
}

void append_statistics(std::vector<double>& sums, const nn::BatchStatistics& statistics) {
  const at::Tensor mean = statistics.mean.detach().to(at::kDouble).contiguous();
  const at::Tensor variance = statistics.variance.detach().to(at::kDouble).contiguous();
  const double* m = mean.const_data_ptr<double>();
  const double* v = variance.const_data_ptr<double>();
  const double n = statistics.count;
  sums.push_back(n);
  for (std::int64_t h = 0; h < mean.numel(); ++h) sums.push_back(n * m[h]);
  for (std::int64_t h = 0; h < mean.numel(); ++h) sums.push_back(n * (v[h] + m[h] * m[h]));
}

}  // namespace

std::vector<double> pack_sums(const ShardLoss& loss, double loss_value, bool stop) {
  std::vector<double> sums = {1.0,
                              stop ? 1.0 : 0.0,
                              static_cast<double>(loss.metrics.size()),
                              static_cast<double>(loss.statistics.size()),
                              loss_value,
                              loss.loss.count};
  for (const NamedSum& metric : loss.metrics) {
    sums.push_back(metric.sum);
    sums.push_back(metric.count);
  }
  for (const auto& statistics : loss.statistics) append_statistics(sums, statistics);
  return sums;
}

StepTotals unpack_sums(const std::vector<double>& sums, const nn::Parameters& buffers) {
  GRAFTAGE_CHECK(sums.size() >= kFixed, sums.size());
  const auto per_shard = [&](std::size_t i) { return static_cast<std::int64_t>(std::llround(sums[i] / sums[0])); };
  StepTotals totals;
  totals.stop = sums[1] > 0;
  totals.loss_sum = sums[4];
  totals.loss_count = sums[5];
  std::size_t at = kFixed;
  for (std::int64_t m = 0; m < per_shard(2); ++m, at += 2) totals.metrics.push_back({"", sums[at], sums[at + 1]});
  for (std::int64_t layer = 0; layer < per_shard(3); ++layer) {
    const std::int64_t width = buffers["batch_norms." + std::to_string(layer) + ".running_mean"].numel();
    const double n = sums[at++];
    std::vector<double> mean;
    std::vector<double> variance;
    for (std::int64_t h = 0; h < width; ++h) mean.push_back(sums[at++] / n);
    for (std::int64_t h = 0; h < width; ++h) {
      const double m = mean[static_cast<std::size_t>(h)];
      variance.push_back(std::max(0.0, sums[at++] / n - m * m));
    }
    totals.statistics.push_back({to_tensor(mean), to_tensor(variance), n});
  }
  GRAFTAGE_CHECK(at == sums.size(), at, sums.size());
  return totals;
}

}  // namespace graftage::train
