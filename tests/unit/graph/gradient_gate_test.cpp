#include "graftage/graph/gradient_gate.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::graph {
namespace {

at::Tensor gradient(const at::Tensor& y, const at::Tensor& x, bool create_graph = false) {
  return torch::autograd::grad({y}, {x}, {}, true, create_graph, true)[0];
}

TEST(GradientGate, OpenIsTheIdentity) {
  const at::Tensor x = at::full({}, 3.0, at::kDouble).requires_grad_();
  const GradientGate gate;

  EXPECT_DOUBLE_EQ(gradient(x * gate.pass(x.square()), x).item<double>(), 27.0);  // of x^3
}

/// y = x c with c = x^2 a constant of the first derivative: y' = c = x^2, whose own derivative through c is 2x.
TEST(GradientGate, ClosedValueIsAConstantOfThatPassOnly) {
  const at::Tensor x = at::full({}, 3.0, at::kDouble).requires_grad_();
  GradientGate gate;
  const at::Tensor y = x * gate.pass(x.square());
  at::Tensor first;
  {
    const GradientGate::Closed closed(gate);
    first = gradient(y, x, /*create_graph=*/true);
  }

  EXPECT_DOUBLE_EQ(first.item<double>(), 9.0);
  EXPECT_DOUBLE_EQ(gradient(first, x).item<double>(), 6.0);
  EXPECT_DOUBLE_EQ(gradient(y, x).item<double>(), 27.0);
}

TEST(GradientGate, NeedsNoGraphWhereNoneIs) {
  const at::Tensor x = at::ones({2});
  const GradientGate gate;

  EXPECT_TRUE(gate.pass(x).is_same(x));
}

}  // namespace
}  // namespace graftage::graph
