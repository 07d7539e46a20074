#include "graftage/graph/normalization.hpp"

#include "graftage/core/error.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace graftage::graph {
namespace {

using support::hashed_values;

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

std::vector<double> some_multiplicity(std::int64_t rows) {
  std::vector<double> multiplicity;
  for (std::int64_t r = 0; r < rows; ++r) multiplicity.push_back(static_cast<double>(1 + (r * r) % 4));
  return multiplicity;
}

/// Each row as often as it counts.
at::Tensor copies(const at::Tensor& x, const std::vector<double>& multiplicity) {
  std::vector<std::int64_t> index;
  for (std::size_t r = 0; r < multiplicity.size(); ++r)
    index.insert(index.end(), static_cast<std::size_t>(multiplicity[r]), static_cast<std::int64_t>(r));
  return x.index_select(0, at::tensor(index, at::kLong));
}

/// Torch's own batch normalisation in training, float64.
at::Tensor torch_batch_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                            Activation activation) {
  const at::Tensor y = std::get<0>(at::native_batch_norm(x, scale, shift, {}, {}, /*training=*/true, 0.1, 1e-5));
  return activation == Activation::Relu ? at::relu(y) : y;
}

TEST(ColumnMoments, AreThoseOfAPlainLoop) {
  for (const std::int64_t rows : {1, 2, 127, 128, 129, 700}) {
    for (const bool weighted : {false, true}) {
      SCOPED_TRACE(testing::Message() << rows << " rows, weighted " << weighted);
      const at::Tensor x = hashed_values({rows, 5}, 1) + 100;
      const auto multiplicity = weighted ? some_multiplicity(rows) : std::vector<double>{};
      const double* values = x.const_data_ptr<double>();

      const ColumnMoments moments = column_moments(x, multiplicity);

      for (std::int64_t h = 0; h < 5; ++h) {
        double count = 0;
        double sum = 0;
        for (std::int64_t r = 0; r < rows; ++r) {
          const double m = weighted ? multiplicity[static_cast<std::size_t>(r)] : 1.0;
          count += m;
          sum += m * values[r * 5 + h];
        }
        double squares = 0;
        for (std::int64_t r = 0; r < rows; ++r) {
          const double m = weighted ? multiplicity[static_cast<std::size_t>(r)] : 1.0;
          squares += m * std::pow(values[r * 5 + h] - sum / count, 2);
        }
        EXPECT_NEAR(moments.mean[h].item<double>(), sum / count, 1e-12);
        EXPECT_NEAR(moments.variance[h].item<double>(), squares / count, 1e-12);
      }
    }
  }
}

TEST(ColumnMoments, DoNotCancelInFloat32) {
  const at::Tensor exact = hashed_values({5000, 3}, 1) * 0.01 + 50;
  const at::Tensor x = exact.to(at::kFloat);

  const ColumnMoments moments = column_moments(x, {});
  const ColumnMoments truth = column_moments(x.to(at::kDouble), {});

  // mean(x^2) - mean(x)^2 in float32 would be wrong by 2500 * 1e-7, ten times the variance.
  EXPECT_LT(difference(moments.variance.to(at::kDouble), truth.variance), 1e-4 * truth.variance.max().item<double>());
  EXPECT_LT(difference(moments.mean.to(at::kDouble), truth.mean), 1e-5);
}

TEST(NormalizeByOwnMoments, EqualsTorchOnAllCopies) {
  for (const std::int64_t rows : {3, 300}) {
    for (const bool weighted : {false, true}) {
      for (const Activation activation : {Activation::None, Activation::Relu}) {
        SCOPED_TRACE(testing::Message() << rows << " rows, weighted " << weighted << ", relu "
                                        << static_cast<int>(activation));
        const at::Tensor x = (hashed_values({rows, 6}, 1) * 3 + 1).requires_grad_();
        const at::Tensor scale = hashed_values({6}, 2).requires_grad_();
        const at::Tensor shift = (hashed_values({6}, 3) * 0.1).requires_grad_();
        const auto multiplicity = some_multiplicity(rows);
        const auto used = weighted ? multiplicity : std::vector<double>(static_cast<std::size_t>(rows), 1.0);
        const at::Tensor direction = hashed_values({rows, 6}, 4);

        const NormalizedRows ours = normalize_by_own_moments(x, weighted ? multiplicity : std::vector<double>{},
                                                             {scale, shift, activation, 1e-5});
        const at::Tensor loss = (copies(ours.rows, used) * copies(direction, used)).sum();
        const at::Tensor theirs = torch_batch_norm(copies(x, used), scale, shift, activation);
        const at::Tensor their_loss = (theirs * copies(direction, used)).sum();
        const auto gradients = torch::autograd::grad({loss}, {x, scale, shift}, {}, false, false);
        const auto expected = torch::autograd::grad({their_loss}, {x, scale, shift}, {}, false, false);

        EXPECT_LT(difference(copies(ours.rows, used), theirs), 1e-12);
        for (std::size_t i = 0; i < 3; ++i)
          EXPECT_LT(difference(gradients[i], expected[i]) / expected[i].abs().max().item<double>(), 1e-11) << i;
        EXPECT_LT(difference(ours.moments.mean.detach(), copies(x.detach(), used).mean(0)), 1e-13);
      }
    }
  }
}

TEST(NormalizeByOwnMoments, AgreesWithFiniteDifferencesToSecondOrder) {
  for (const bool weighted : {false, true})
    for (const Activation activation : {Activation::None, Activation::Relu}) {
      SCOPED_TRACE(testing::Message() << "weighted " << weighted << ", relu " << static_cast<int>(activation));
      const auto multiplicity = weighted ? some_multiplicity(7) : std::vector<double>{};
      const auto function = [&](const std::vector<at::Tensor>& t) {
        return normalize_by_own_moments(t[0], multiplicity, {t[1], t[2], activation, 1e-2}).rows.tanh().pow(3).sum();
      };
      const std::vector<at::Tensor> inputs = {hashed_values({7, 4}, 1), hashed_values({4}, 2) + 1.5,
                                              hashed_values({4}, 3)};

      EXPECT_LT(support::gradient_error(function, inputs), 1e-8);
      EXPECT_LT(support::second_gradient_error(function, inputs), 1e-7);
    }
}

TEST(NormalizeByOwnMoments, MomentsAreDifferentiatedThroughToo) {
  for (const bool weighted : {false, true}) {
    const auto multiplicity = weighted ? some_multiplicity(7) : std::vector<double>{};
    const auto function = [&](const std::vector<at::Tensor>& t) {
      const NormalizedRows y = normalize_by_own_moments(t[0], multiplicity, {t[1], t[2], Activation::Relu, 1e-2});
      return (t[3] - y.moments.mean).pow(3).sum() + (t[3] * y.moments.variance.sqrt()).sum() + y.rows.tanh().sum();
    };
    const auto without_rows = [&](const std::vector<at::Tensor>& t) {
      const ColumnMoments moments = normalize_by_own_moments(t[0], multiplicity, {t[1], t[2]}).moments;
      return (t[3] - moments.mean).pow(3).sum() + (t[3] * moments.variance.sqrt()).sum();
    };
    const std::vector<at::Tensor> inputs = {hashed_values({7, 4}, 1), hashed_values({4}, 2) + 1.5,
                                            hashed_values({4}, 3), hashed_values({2, 4}, 4)};

    EXPECT_LT(support::gradient_error(function, inputs), 1e-8);
    EXPECT_LT(support::second_gradient_error(function, inputs), 1e-7);
    EXPECT_LT(support::gradient_error(without_rows, inputs), 1e-8);
  }
}

TEST(NormalizeByMoments, AgreesWithFiniteDifferencesToSecondOrder) {
  const ColumnMoments moments{hashed_values({4}, 5), hashed_values({4}, 6).square()};
  for (const Activation activation : {Activation::None, Activation::Relu}) {
    const auto function = [&](const std::vector<at::Tensor>& t) {
      return normalize_by_moments(t[0], moments, {t[1], t[2], activation, 1e-2}).tanh().pow(3).sum();
    };
    const std::vector<at::Tensor> inputs = {hashed_values({7, 4}, 1), hashed_values({4}, 2) + 1.5,
                                            hashed_values({4}, 3)};

    EXPECT_LT(support::gradient_error(function, inputs), 1e-8);
    EXPECT_LT(support::second_gradient_error(function, inputs), 1e-7);
  }
}

TEST(NormalizeByMoments, EqualsTorchInEvaluation) {
  const at::Tensor x = hashed_values({200, 4}, 1);
  const ColumnMoments moments{hashed_values({4}, 5), hashed_values({4}, 6).square()};
  const at::Tensor scale = hashed_values({4}, 2);
  const at::Tensor shift = hashed_values({4}, 3);

  const at::Tensor y = normalize_by_moments(x, moments, {scale, shift, Activation::None, 1e-5});

  EXPECT_LT(difference(y, std::get<0>(at::native_batch_norm(x, scale, shift, moments.mean, moments.variance, false, 0.1,
                                                            1e-5))),
            1e-12);
  EXPECT_THROW((void)normalize_by_moments(x, {moments.mean.clone().requires_grad_(), moments.variance}, {scale, shift}),
               core::InternalError);
}

TEST(NormalizeByOwnMoments, FrozenScaleAndShiftLeaveTheGradientOfTheRows) {
  const at::Tensor x = hashed_values({50, 4}, 1).requires_grad_();
  const at::Tensor scale = hashed_values({4}, 2);
  const at::Tensor shift = hashed_values({4}, 3);
  const at::Tensor direction = hashed_values({50, 4}, 4);

  const auto ours = torch::autograd::grad({normalize_by_own_moments(x, {}, {scale, shift, Activation::Relu}).rows}, {x},
                                          {direction}, false, false);
  const auto theirs =
      torch::autograd::grad({torch_batch_norm(x, scale, shift, Activation::Relu)}, {x}, {direction}, false, false);

  EXPECT_LT(difference(ours[0], theirs[0]), 1e-12);
}

TEST(NormalizeByOwnMoments, ThreadsChangeNoBit) {
  const at::Tensor x = hashed_values({1000, 60}, 1).to(at::kFloat).requires_grad_();
  const at::Tensor scale = hashed_values({60}, 2).to(at::kFloat).requires_grad_();
  const at::Tensor shift = hashed_values({60}, 3).to(at::kFloat).requires_grad_();
  const at::Tensor direction = hashed_values({1000, 60}, 4).to(at::kFloat);
  const auto multiplicity = some_multiplicity(1000);
  const auto run = [&](int threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    const NormalizedRows y = normalize_by_own_moments(x, multiplicity, {scale, shift, Activation::Relu});
    auto tensors = torch::autograd::grad({y.rows}, {x, scale, shift}, {direction}, false, false);
    tensors.insert(tensors.end(), {y.rows.detach(), y.moments.mean.detach(), y.moments.variance.detach()});
    at::set_num_threads(before);
    return tensors;
  };

  const auto one = run(1);
  const auto three = run(3);

  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(three[i])) << i;
}

TEST(Normalization, RefusesShapesThatDoNotFit) {
  const at::Tensor x = hashed_values({3, 4}, 1);
  const AffineActivation affine{hashed_values({4}, 2), hashed_values({4}, 3)};
  EXPECT_THROW((void)column_moments(x, {1.0, 2.0}), core::InternalError);
  EXPECT_THROW((void)normalize_by_own_moments(x, {1.0, 2.0}, affine), core::InternalError);
  EXPECT_THROW((void)normalize_by_own_moments(x, {}, {hashed_values({3}, 2), affine.shift}), core::InternalError);
  EXPECT_THROW((void)normalize_by_own_moments(x.narrow(0, 0, 0), {}, affine), core::InternalError);
}

}  // namespace
}  // namespace graftage::graph
