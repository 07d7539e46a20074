#include "train/shard_sums.hpp"

#include "graftage/nn/batch_norm.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::train {
namespace {

nn::Parameters buffers() {
  nn::Parameters result;
  result.add("batch_norms.0.running_mean", at::zeros({3}));
  result.add("batch_norms.1.running_mean", at::zeros({3}));
  return result;
}

ShardLoss shard(const at::Tensor& rows, double loss_count) {
  ShardLoss loss;
  loss.loss = {at::zeros({}), loss_count};
  loss.metrics = {{"accuracy", loss_count / 2, loss_count}};
  loss.statistics = {nn::batch_statistics(rows, {}), nn::batch_statistics(rows * 3 + 1, {})};
  return loss;
}

TEST(ShardSums, PoolStatisticsOfAllRows) {
  const at::Tensor rows = at::arange(30, at::kFloat).sin().reshape({10, 3}) * 5 + 2;
  const auto first = shard(rows.narrow(0, 0, 4), 2);
  const auto second = shard(rows.narrow(0, 4, 6), 6);
  std::vector<double> sums = pack_sums(first, 1.5, false);
  const auto other = pack_sums(second, 2.5, true);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += other[i];

  const StepTotals totals = unpack_sums(sums, buffers());
  const auto whole = nn::batch_statistics(rows, {});

  EXPECT_TRUE(totals.stop);
  EXPECT_DOUBLE_EQ(totals.loss_sum, 4.0);
  EXPECT_DOUBLE_EQ(totals.loss_count, 8.0);
  ASSERT_EQ(totals.metrics.size(), 1u);
  EXPECT_DOUBLE_EQ(totals.metrics[0].sum / totals.metrics[0].count, 0.5);
  ASSERT_EQ(totals.statistics.size(), 2u);
  EXPECT_DOUBLE_EQ(totals.statistics[0].count, 10.0);
  EXPECT_TRUE(at::allclose(totals.statistics[0].mean, whole.mean.to(at::kDouble), 1e-6, 1e-6));
  EXPECT_TRUE(at::allclose(totals.statistics[0].variance, whole.variance.to(at::kDouble), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(totals.statistics[1].variance, whole.variance.to(at::kDouble) * 9, 1e-5, 1e-6));
}

TEST(ShardSums, TasksWithoutStatisticsOrMetricsHaveNone) {
  ShardLoss loss;
  loss.loss = {at::zeros({}), 3};

  const StepTotals totals = unpack_sums(pack_sums(loss, 6.0, false), nn::Parameters());

  EXPECT_FALSE(totals.stop);
  EXPECT_DOUBLE_EQ(totals.loss_sum / totals.loss_count, 2.0);
  EXPECT_TRUE(totals.metrics.empty());
  EXPECT_TRUE(totals.statistics.empty());
}

}  // namespace
}  // namespace graftage::train
