#include "graftage/nn/batch_norm.hpp"

#include "graftage/core/error.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::nn {
namespace {

using support::hashed_values;

Parameters fresh_buffers() {
  Parameters buffers;
  buffers.add("n.running_mean", at::zeros({4}));
  buffers.add("n.running_var", at::ones({4}));
  buffers.add("n.num_batches_tracked", at::zeros({}, at::kLong));
  return buffers;
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// x with row r repeated multiplicity[r] times.
at::Tensor repeated(const at::Tensor& x, const std::vector<double>& multiplicity) {
  std::vector<at::Tensor> rows;
  for (std::size_t r = 0; r < multiplicity.size(); ++r)
    for (int k = 0; k < static_cast<int>(multiplicity[r]); ++k) rows.push_back(x[static_cast<std::int64_t>(r)]);
  return at::stack(rows);
}

TEST(BatchStatistics, AgreeWithALoopEvenFarFromZero) {
  const at::Tensor x = hashed_values({50, 4}, 1) + 1e4;
  const BatchStatistics statistics = batch_statistics(x.to(at::kFloat), {});
  const at::Tensor exact = x.to(at::kFloat).to(at::kDouble);
  for (std::int64_t h = 0; h < 4; ++h) {
    double mean = 0.0;
    double squares = 0.0;
    for (std::int64_t r = 0; r < 50; ++r) mean += exact[r][h].item<double>() / 50.0;
    for (std::int64_t r = 0; r < 50; ++r) squares += std::pow(exact[r][h].item<double>() - mean, 2) / 50.0;

    EXPECT_NEAR(statistics.mean[h].item<double>(), mean, 2e-3);
    EXPECT_NEAR(statistics.variance[h].item<double>(), squares, 1e-5) << "two passes keep the small variance";
  }
  EXPECT_EQ(statistics.count, 50.0);
}

TEST(BatchStatistics, MultiplicityStandsForRepeatedRows) {
  const at::Tensor x = hashed_values({5, 4}, 1);
  const std::vector<double> multiplicity{3, 1, 4, 1, 2};

  const BatchStatistics weighted = batch_statistics(x, multiplicity);
  const BatchStatistics plain = batch_statistics(repeated(x, multiplicity), {});

  EXPECT_EQ(weighted.count, 11.0);
  EXPECT_LT(difference(weighted.mean, plain.mean), 1e-14);
  EXPECT_LT(difference(weighted.variance, plain.variance), 1e-14);
}

TEST(BatchStatistics, ASingleNodeIsRefused) {
  EXPECT_THROW((void)batch_statistics(at::ones({1, 4}), {}), core::InternalError);
  EXPECT_THROW((void)batch_statistics(at::ones({0, 4}), {}), core::InternalError);
  EXPECT_THROW((void)batch_statistics(at::ones({1, 4}), {1.0}), core::InternalError);
  EXPECT_NO_THROW((void)batch_statistics(at::ones({1, 4}), {2.0}));
  EXPECT_THROW((void)batch_statistics(at::ones({3, 4}), {1.0, 1.0}), core::InternalError);
}

TEST(Normalize, EqualsTorchBatchNorm) {
  const at::Tensor x = hashed_values({30, 4}, 2) * 3 + 1;
  const at::Tensor expected = at::batch_norm(x, {}, {}, {}, {}, true, 0.1, kBatchNormEpsilon, false);

  EXPECT_LT(difference(normalize(x, batch_statistics(x, {})), expected), 1e-13);
}

TEST(Normalize, DerivativesAgreeWithFiniteDifferences) {
  const at::Tensor given = hashed_values({9, 4}, 8);
  const auto own = [](const std::vector<at::Tensor>& x) {
    return normalize(x[0], batch_statistics(x[0], {1, 2, 1, 3, 1, 1})).tanh().pow(2).sum();
  };
  const auto passed_in = [&](const std::vector<at::Tensor>& x) {
    return normalize(x[0], batch_statistics(x[1], {})).tanh().pow(2).sum();
  };
  const support::GradcheckOptions options{.step = 1e-3, .max_elements = 24};

  EXPECT_LT(support::gradient_error(own, {hashed_values({6, 4}, 3)}, options), 1e-8);
  EXPECT_LT(support::second_gradient_error(own, {hashed_values({6, 4}, 3)}, options), 1e-7);
  EXPECT_LT(support::second_gradient_error(passed_in, {hashed_values({6, 4}, 3), given}, options), 1e-7)
      << "given statistics are differentiated through";
}

TEST(PoolStatistics, EqualThoseOfAllRows) {
  const at::Tensor x = hashed_values({20, 4}, 4) + at::arange(20, at::kDouble).unsqueeze(1);
  const BatchStatistics all = batch_statistics(x, {});

  const BatchStatistics pooled =
      pool_statistics({batch_statistics(x.slice(0, 0, 3), {}), batch_statistics(x.slice(0, 3, 14), {}),
                       batch_statistics(x.slice(0, 14, 20), {})});

  EXPECT_EQ(pooled.count, 20.0);
  EXPECT_LT(difference(pooled.mean, all.mean), 1e-13);
  EXPECT_LT(difference(pooled.variance, all.variance), 1e-12);
  EXPECT_FALSE(pooled.mean.requires_grad());
}

TEST(RunningStatistics, FollowTorch) {
  const at::Tensor mean = at::zeros({4});
  const at::Tensor variance = at::ones({4});
  Parameters buffers = fresh_buffers();
  for (std::uint32_t step = 0; step < 3; ++step) {
    const at::Tensor x = (hashed_values({12, 4}, step) * 2 + 0.5).to(at::kFloat);
    (void)at::batch_norm(x, {}, {}, mean, variance, true, kBatchNormMomentum, kBatchNormEpsilon, false);
    update_running_statistics(buffers, "n", batch_statistics(x, {}));
  }

  EXPECT_LT(difference(buffers["n.running_mean"], mean), 1e-6);
  EXPECT_LT(difference(buffers["n.running_var"], variance), 1e-6);
  EXPECT_EQ(buffers["n.num_batches_tracked"].item<std::int64_t>(), 3);
}

TEST(RunningStatistics, CanBeSetExactly) {
  const at::Tensor x = hashed_values({12, 4}, 1).to(at::kFloat);
  const BatchStatistics statistics = batch_statistics(x, {});
  Parameters buffers = fresh_buffers();

  set_running_statistics(buffers, "n", statistics);

  EXPECT_TRUE(buffers["n.running_mean"].equal(statistics.mean));
  EXPECT_TRUE(buffers["n.running_var"].equal(statistics.variance));
}

}  // namespace
}  // namespace graftage::nn
