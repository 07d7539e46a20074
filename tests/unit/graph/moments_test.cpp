#include "graftage/graph/moments.hpp"

#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::graph {
namespace {

using support::hashed_values;
using Tensors = std::vector<at::Tensor>;

/// A weighted sum of both, so that each of their elements counts.
at::Tensor weighted(const ColumnMoments& moments) {
  const auto shape = moments.mean.sizes().vec();
  return (moments.mean * hashed_values(shape, 1) + moments.variance * hashed_values(shape, 2)).sum();
}

TEST(DifferentiableMoments, EqualThoseOfTheCopiedRows) {
  const at::Tensor x = hashed_values({4, 5}, 3);
  const at::Tensor copies = x.index_select(0, at::tensor({0, 1, 1, 1, 2, 3, 3}, at::kLong));

  const ColumnMoments moments = differentiable_moments(x, {1, 3, 1, 2});

  EXPECT_TRUE(at::allclose(moments.mean, copies.mean(0), 1e-13, 1e-13));
  EXPECT_TRUE(at::allclose(moments.variance, copies.var(0, false), 1e-13, 1e-13));
}

TEST(DifferentiableMoments, GradientEqualsFiniteDifferences) {
  for (const std::vector<double>& multiplicity : {std::vector<double>{}, {1, 3, 1, 2}})
    EXPECT_LT(
        support::gradient_error([&](const Tensors& x) { return weighted(differentiable_moments(x[0], multiplicity)); },
                                {hashed_values({4, 5}, 3)}),
        1e-9);
}

}  // namespace
}  // namespace graftage::graph
