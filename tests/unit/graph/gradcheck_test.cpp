// The checker of the other tests must notice wrong derivatives.

#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::support {
namespace {

TEST(Gradcheck, AcceptsRightAndNoticesWrongDerivatives) {
  const std::vector<at::Tensor> inputs{hashed_values({3, 2}, 1)};
  const auto right = [](const std::vector<at::Tensor>& x) { return x[0].pow(4).sum(); };
  const auto cut_once = [](const std::vector<at::Tensor>& x) { return (x[0].pow(3) * x[0].detach()).sum(); };
  const GradcheckOptions options{.step = 1e-3, .max_elements = 6};

  EXPECT_LT(gradient_error(right, inputs, options), 1e-10);
  EXPECT_LT(second_gradient_error(right, inputs, options), 1e-9);
  EXPECT_GT(gradient_error(cut_once, inputs, options), 1e-2);
  EXPECT_GT(second_gradient_error(cut_once, inputs, options), 1e-2);
}

}  // namespace
}  // namespace graftage::support
