#include "graftage/graph/known_gradient.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::graph {
namespace {

TEST(KnownGradient, IsTheValueAndPassesTheGradientsOn) {
  const at::Tensor a = at::tensor({1.0, 2.0}, at::kDouble).requires_grad_();
  const at::Tensor b = at::tensor({3.0}, at::kDouble).requires_grad_();
  const at::Tensor unused = at::tensor({4.0}, at::kDouble).requires_grad_();
  const at::Tensor known = at::tensor({5.0, 7.0}, at::kDouble);

  const at::Tensor sum = with_known_gradient(11.0, {a, b * 2.0, unused}, {known, at::ones({1}, at::kDouble), {}});
  const auto gradient = torch::autograd::grad({sum * 3.0}, {a, b, unused}, {}, false, false, true);

  EXPECT_EQ(sum.item<double>(), 11.0);
  EXPECT_TRUE(gradient[0].equal(known * 3.0));
  EXPECT_TRUE(gradient[1].equal(at::tensor({6.0}, at::kDouble)));
  EXPECT_FALSE(gradient[2].defined());
}

}  // namespace
}  // namespace graftage::graph
