#include "graftage/graph/linear.hpp"

#include "graftage/core/error.hpp"
#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

namespace graftage::graph {
namespace {

using support::hashed_values;

struct Case {
  std::int64_t rows;
  std::int64_t in;
  std::int64_t out;
  bool bias;
  Activation activation;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t rows : {0, 1, 5, 192, 451})  // one block is 192 rows
    for (const bool bias : {false, true})
      for (const Activation activation : {Activation::None, Activation::Relu})
        all.push_back({rows, 7, 19, bias, activation});
  return all;
}

at::Tensor reference(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation) {
  const at::Tensor y = bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
  return activation == Activation::Relu ? at::relu(y) : y;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.numel() == 0) return 0.0;
  return (a - b).abs().max().item<double>();
}

TEST(FusedLinear, EqualsTorchForwardAndBackward) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(testing::Message() << c.rows << " rows, bias " << c.bias << ", relu "
                                    << static_cast<int>(c.activation));
    const at::Tensor x = hashed_values({c.rows, c.in}, 1).requires_grad_();
    const at::Tensor weight = hashed_values({c.out, c.in}, 2).requires_grad_();
    const at::Tensor bias = c.bias ? hashed_values({c.out}, 3).requires_grad_() : at::Tensor();
    std::vector<at::Tensor> inputs = {x, weight};
    if (c.bias) inputs.push_back(bias);
    const at::Tensor direction = hashed_values({c.rows, c.out}, 4);

    const at::Tensor y = linear(x, weight, bias, c.activation);
    const at::Tensor expected = reference(x, weight, bias, c.activation);
    const auto gradients = torch::autograd::grad({y}, inputs, {direction}, false, false);
    const auto expected_gradients = torch::autograd::grad({expected}, inputs, {direction}, false, false);

    EXPECT_LT(difference(y, expected), 1e-13);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      EXPECT_LT(difference(gradients[i], expected_gradients[i]), 1e-12) << "gradient " << i;
  }
}

TEST(FusedLinear, AgreesWithFiniteDifferencesToSecondOrder) {
  for (const bool bias : {false, true})
    for (const Activation activation : {Activation::None, Activation::Relu}) {
      SCOPED_TRACE(testing::Message() << "bias " << bias << ", relu " << static_cast<int>(activation));
      const auto function = [&](const std::vector<at::Tensor>& t) {
        const at::Tensor hidden = linear(t[0], t[1], bias ? t[2] : at::Tensor(), activation);
        return linear(hidden, t[3], at::Tensor()).tanh().pow(3).sum();
      };
      const std::vector<at::Tensor> inputs = {hashed_values({6, 4}, 1), hashed_values({5, 4}, 2), hashed_values({5}, 3),
                                              hashed_values({3, 5}, 4)};

      EXPECT_LT(support::gradient_error(function, inputs), 1e-9);
      EXPECT_LT(support::second_gradient_error(function, inputs), 1e-8);
    }
}

/// Two layers, the second of which takes the derivative of the first one's ReLU.
at::Tensor two_layers(const std::vector<at::Tensor>& t) {
  return linear(linear(t[0], t[1], t[2], Activation::ReluOfNext), t[3], t[4], Activation::None,
                MatmulPrecision::Float32, LinearInput::Rectified);
}

TEST(FusedLinear, TakesTheDerivativeOfTheLayerBefore) {
  const std::vector<at::Tensor> values = {hashed_values({451, 40}, 1), hashed_values({50, 40}, 2),
                                          hashed_values({50}, 3), hashed_values({30, 50}, 4), hashed_values({30}, 5)};
  const at::Tensor direction = hashed_values({451, 30}, 6);
  const auto run = [&](at::ScalarType type, bool ours) {
    std::vector<at::Tensor> t;
    for (const at::Tensor& value : values) t.push_back(value.to(type).requires_grad_());
    const at::Tensor y = ours ? two_layers(t) : at::linear(at::relu(at::linear(t[0], t[1], t[2])), t[3], t[4]);
    auto result = torch::autograd::grad({y}, t, {direction.to(type)}, false, false);
    result.push_back(y.detach());
    for (at::Tensor& tensor : result) tensor = tensor.to(at::kDouble);
    return result;
  };

  const auto expected = run(at::kDouble, false);
  const auto ours = run(at::kDouble, true);
  const auto single = run(at::kFloat, true);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LT(difference(ours[i], expected[i]), 1e-11) << i;
    EXPECT_LT(difference(single[i], expected[i]), 1e-3) << i;
  }
}

TEST(FusedLinear, TakesTheDerivativeOfTheLayerBeforeToSecondOrder) {
  const auto function = [](const std::vector<at::Tensor>& t) { return two_layers(t).tanh().pow(3).sum(); };
  const std::vector<at::Tensor> inputs = {hashed_values({6, 4}, 1), hashed_values({5, 4}, 2), hashed_values({5}, 3),
                                          hashed_values({3, 5}, 4), hashed_values({3}, 5)};

  EXPECT_LT(support::gradient_error(function, inputs), 1e-9);
  EXPECT_LT(support::second_gradient_error(function, inputs), 1e-8);
}

TEST(FusedLinear, TheGradientTakesTheMemoryOfAnInputThatNobodyHolds) {
  const at::Tensor weight = hashed_values({30, 50}, 2).to(at::kFloat);
  const at::Tensor leaf = hashed_values({400, 50}, 1).to(at::kFloat).requires_grad_();
  const void* memory = nullptr;
  const auto loss = [&](at::Tensor x) {
    memory = x.data_ptr();
    return linear(x, weight, at::Tensor(), Activation::None, MatmulPrecision::Float32, LinearInput::Rectified).sum();
  };
  const void* taken = nullptr;
  const auto watch = [&](const at::Tensor& x) {
    x.register_hook([&taken](const at::Tensor& gradient) { taken = gradient.data_ptr(); });
    return x;
  };
  const at::Tensor expected = (leaf.detach() > 0).to(at::kFloat) * weight.sum(0);

  const at::Tensor first = loss(watch(leaf.relu().neg().neg()));  // of an operator that does not keep its result
  const auto kept = torch::autograd::grad({first}, {leaf}, {}, /*retain_graph=*/true, false);
  EXPECT_NE(taken, memory) << "a second pass needs it";
  const auto again = torch::autograd::grad({first}, {leaf}, {}, false, false);
  EXPECT_EQ(taken == memory, product_kernels() == "AVX-512");

  const at::Tensor held = watch(leaf.relu().neg().neg());
  const at::Tensor before = held.detach().clone();
  const auto other = torch::autograd::grad({loss(held)}, {leaf}, {}, false, false);
  EXPECT_NE(taken, memory) << "somebody holds it";
  EXPECT_TRUE(held.equal(before));

  for (const auto& gradient : {kept, again, other}) EXPECT_LT(difference(gradient[0], expected), 1e-4);
}

TEST(FusedLinear, ThirdOrderIsThatOfTorch) {
  const at::Tensor x = hashed_values({6, 4}, 1).requires_grad_();
  const at::Tensor weight = hashed_values({5, 4}, 2).requires_grad_();
  const at::Tensor bias = hashed_values({5}, 3).requires_grad_();
  const auto third = [&](const at::Tensor& y) {
    at::Tensor value = y.pow(4).sum();
    for (int order = 0; order < 2; ++order)
      value = torch::autograd::grad({value}, {weight}, {}, true, true)[0].pow(2).sum();
    return torch::autograd::grad({value}, {x}, {}, false, false)[0];
  };

  const at::Tensor ours = third(linear(x, weight, bias, Activation::Relu));
  const at::Tensor theirs = third(reference(x, weight, bias, Activation::Relu));

  EXPECT_LT(difference(ours, theirs) / theirs.abs().max().item<double>(), 1e-12);
}

TEST(FusedLinear, FrozenWeightsAndConstantRowsGetNoGradient) {
  const at::Tensor x = hashed_values({6, 4}, 1).requires_grad_();
  const at::Tensor weight = hashed_values({5, 4}, 2);
  const at::Tensor bias = hashed_values({5}, 3);

  const at::Tensor frozen = linear(x, weight, bias, Activation::Relu).sum();
  const auto of_x = torch::autograd::grad({frozen}, {x}, {}, false, false);
  const at::Tensor w = weight.clone().requires_grad_();
  const at::Tensor constant = linear(x.detach(), w, bias, Activation::Relu).sum();
  const auto of_w = torch::autograd::grad({constant}, {w}, {}, false, false);
  const at::Tensor open = (reference(x, weight, bias, Activation::None) > 0).to(at::kDouble);

  EXPECT_LT(difference(of_x[0], open.mm(weight)), 1e-13);
  EXPECT_LT(difference(of_w[0], open.t().mm(x.detach())), 1e-13);
  EXPECT_FALSE(linear(x.detach(), weight, bias).requires_grad());
}

TEST(FusedLinear, LeavesAGradientThatOthersHoldAlone) {
  // The sum hands one tensor to both branches; masking it for one must not change what the other sees.
  const at::Tensor x = hashed_values({9, 4}, 1).requires_grad_();
  const at::Tensor other = hashed_values({9, 5}, 5).requires_grad_();
  const at::Tensor weight = hashed_values({5, 4}, 2);
  const at::Tensor direction = hashed_values({9, 5}, 4);
  const at::Tensor direction_before = direction.clone();

  const at::Tensor y = linear(x, weight, at::Tensor(), Activation::Relu) + other;
  const auto gradients = torch::autograd::grad({y}, {x, other}, {direction}, false, false);

  EXPECT_TRUE(gradients[1].equal(direction_before));
  EXPECT_TRUE(direction.equal(direction_before));
}

TEST(FusedLinear, ReadsStridedRowsAndGradients) {
  const at::Tensor x = hashed_values({4, 6}, 1).requires_grad_();
  const at::Tensor weight = hashed_values({4, 5}, 2).requires_grad_();
  const at::Tensor direction = hashed_values({5, 6}, 3);

  const at::Tensor y = linear(x.t(), weight.t(), at::Tensor(), Activation::Relu);
  const auto gradients = torch::autograd::grad({y.t()}, {x, weight}, {direction}, false, false);
  const at::Tensor expected = at::relu(at::linear(x.t(), weight.t()));
  const auto expected_gradients = torch::autograd::grad({expected.t()}, {x, weight}, {direction}, false, false);

  EXPECT_LT(difference(y, expected), 1e-14);
  EXPECT_LT(difference(gradients[0], expected_gradients[0]), 1e-13);
  EXPECT_LT(difference(gradients[1], expected_gradients[1]), 1e-13);
  EXPECT_LT(difference(torch::autograd::grad({linear(x.t(), weight.t(), at::Tensor()).sum()}, {x}, {}, false, false)[0],
                       torch::autograd::grad({at::linear(x.t(), weight.t()).sum()}, {x}, {}, false, false)[0]),
            1e-13)
      << "a gradient that is one expanded number";
}

TEST(FusedLinear, ANotANumberStaysOne) {
  at::Tensor x = hashed_values({3, 4}, 1);
  x[1][2] = std::numeric_limits<double>::quiet_NaN();

  const at::Tensor y = linear(x, hashed_values({5, 4}, 2), hashed_values({5}, 3), Activation::Relu);

  EXPECT_TRUE(y[1].isnan().all().item<bool>());
  EXPECT_FALSE(y[0].isnan().any().item<bool>());
}

TEST(FusedLinear, ThreadsChangeNoBitOfRowsAndTheirGradients) {
  const at::Tensor x = hashed_values({1000, 60}, 1).to(at::kFloat).requires_grad_();
  const at::Tensor weight = hashed_values({130, 60}, 2).to(at::kFloat);
  const at::Tensor bias = hashed_values({130}, 3).to(at::kFloat).requires_grad_();
  const at::Tensor direction = hashed_values({1000, 130}, 4).to(at::kFloat);
  const auto run = [&](int threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    const at::Tensor y = linear(x, weight, bias, Activation::Relu);
    auto tensors = torch::autograd::grad({y}, {x, bias}, {direction}, false, false);
    tensors.push_back(y.detach());
    at::set_num_threads(before);
    return tensors;
  };

  const auto one = run(1);
  const auto three = run(3);

  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(three[i])) << i;
}

/// Error of float32 tensors against the float64 truth, as a share of the norm of the terms of each product.
TEST(FusedLinear, BrainFloatProductsAreWithinTheirRounding) {
  constexpr std::int64_t kIn = 300;
  constexpr std::int64_t kOut = 40;
  constexpr std::int64_t kRows = 500;
  const at::Tensor x = hashed_values({kRows, kIn}, 1);
  const at::Tensor weight = hashed_values({kOut, kIn}, 2);
  const at::Tensor bias = hashed_values({kOut}, 3);
  const at::Tensor direction = hashed_values({kRows, kOut}, 4);
  const auto leaf = [](const at::Tensor& t, at::ScalarType type) { return t.to(type).clone().requires_grad_(); };
  const auto run = [&](at::ScalarType type, MatmulPrecision precision) {
    const std::vector<at::Tensor> inputs = {leaf(x, type), leaf(weight, type), leaf(bias, type)};
    const at::Tensor y = linear(inputs[0], inputs[1], inputs[2], Activation::None, precision);
    auto result = torch::autograd::grad({y}, inputs, {direction.to(type)}, false, false);
    EXPECT_EQ(y.scalar_type(), type);
    result.push_back(y.detach());
    for (at::Tensor& tensor : result) tensor = tensor.to(at::kDouble);
    return result;
  };

  const auto exact = run(at::kDouble, MatmulPrecision::Float32);
  const auto rounded = run(at::kFloat, MatmulPrecision::BFloat16);

  // Terms are below one in size: K of them, each wrong by at most 2^-8 in all, add up at random; the sum is rounded
  // too.
  const std::vector<std::int64_t> terms = {kOut, kRows, 0, kIn};
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    const double bound =
        std::sqrt(static_cast<double>(terms[i])) * 0x1p-8 + exact[i].abs().max().item<double>() * 0x1p-8;
    EXPECT_LT(difference(rounded[i], exact[i]), bound) << i;
    EXPECT_GT(difference(rounded[i], exact[i]), bound * 1e-3) << i << ": products were not rounded at all";
  }
  EXPECT_LT(difference(rounded[2], exact[2]), 1e-3) << "sums over rows stay in float32";
}

TEST(FusedLinear, BrainFloatSecondDerivativesFollowTheExactOnes) {
  const auto second = [](at::ScalarType type, MatmulPrecision precision) {
    const at::Tensor x = hashed_values({20, 16}, 1).to(type).requires_grad_();
    const at::Tensor weight = hashed_values({8, 16}, 2).to(type).requires_grad_();
    const at::Tensor y = linear(x, weight, at::Tensor(), Activation::None, precision);
    const at::Tensor first = torch::autograd::grad({y.pow(2).sum()}, {weight}, {}, true, true)[0];
    return torch::autograd::grad({first.pow(2).sum()}, {x}, {}, false, false)[0].to(at::kDouble);
  };

  const at::Tensor exact = second(at::kDouble, MatmulPrecision::Float32);
  const at::Tensor rounded = second(at::kFloat, MatmulPrecision::BFloat16);

  EXPECT_LT(difference(rounded, exact) / exact.abs().max().item<double>(), 0.05);
}

TEST(FusedLinear, RefusesShapesAndTypesThatDoNotFit) {
  const at::Tensor x = hashed_values({3, 4}, 1);
  EXPECT_THROW((void)linear(x, hashed_values({5, 3}, 2), at::Tensor()), core::InternalError);
  EXPECT_THROW((void)linear(x, hashed_values({5, 4}, 2), hashed_values({4}, 3)), core::InternalError);
  EXPECT_THROW((void)linear(x, hashed_values({5, 4}, 2).to(at::kFloat), at::Tensor()), core::InternalError);
  EXPECT_THROW((void)linear(x[0], hashed_values({5, 4}, 2), at::Tensor()), core::InternalError);
}

}  // namespace
}  // namespace graftage::graph
