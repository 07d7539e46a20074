#include "graftage/graph/block_affine.hpp"

#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::graph {
namespace {

using support::hashed_values;
using Tensors = std::vector<at::Tensor>;

/// Blocks of three, no, one and five rows.
at::Tensor block_ptr() { return at::tensor({0, 3, 3, 4, 9}, at::kLong); }
constexpr std::int64_t kRows = 9;
constexpr std::int64_t kBlocks = 4;

/// The block of each row.
at::Tensor row_block() { return at::tensor({0, 0, 0, 2, 3, 3, 3, 3, 3}, at::kLong); }

Tensors inputs(std::int64_t width) {
  return {hashed_values({kRows, width}, 1), hashed_values({width}, 2), hashed_values({kBlocks, width}, 3),
          hashed_values({kBlocks, width}, 4)};
}

BlockAffine affine_of(const Tensors& x, Activation activation) { return {block_ptr(), x[1], x[2], x[3], activation}; }

/// The same by ordinary operations.
at::Tensor composed(const Tensors& x, Activation activation) {
  const at::Tensor y = (x[0] - x[1]) * x[2].index_select(0, row_block()) + x[3].index_select(0, row_block());
  return activation == Activation::Relu ? at::relu(y) : y;
}

at::Tensor weighted(const at::Tensor& y, std::uint32_t salt) {
  return (y * hashed_values(y.sizes().vec(), salt)).sum();
}

TEST(BlockAffine, EqualsComposedOperationsForEveryWidth) {
  for (const auto activation : {Activation::None, Activation::Relu})
    for (const std::int64_t width : {1, 7, 16, 37}) {
      const Tensors x = inputs(width);
      EXPECT_TRUE(at::allclose(block_affine(x[0], affine_of(x, activation)), composed(x, activation), 1e-14, 1e-14));
      Tensors single;
      for (const at::Tensor& tensor : x) single.push_back(tensor.to(at::kFloat));
      EXPECT_TRUE(at::allclose(block_affine(single[0], affine_of(single, activation)).to(at::kDouble),
                               composed(x, activation), 1e-5, 1e-6));
    }
}

TEST(BlockAffine, GradientEqualsFiniteDifferences) {
  for (const auto activation : {Activation::None, Activation::Relu})
    EXPECT_LT(
        support::gradient_error(
            [&](const Tensors& x) { return weighted(block_affine(x[0], affine_of(x, activation)), 5); }, inputs(7)),
        1e-8);
}

TEST(BlockAffineGradient, EqualsAutogradOfComposedOperations) {
  for (const auto activation : {Activation::None, Activation::Relu}) {
    Tensors x = inputs(37);
    for (at::Tensor& tensor : x) tensor.requires_grad_();
    const at::Tensor y = composed(x, activation);
    const at::Tensor outer = hashed_values({kRows, 37}, 6);
    const auto expected = torch::autograd::grad({y}, x, {outer});

    const auto gradient = block_affine_gradient(outer, y, x[0], affine_of(x, activation));

    EXPECT_TRUE(at::allclose(gradient.x, expected[0], 1e-13, 1e-13));
    EXPECT_TRUE(at::allclose(gradient.scale, expected[2], 1e-13, 1e-13));
    EXPECT_TRUE(at::allclose(gradient.shift, expected[3], 1e-13, 1e-13));
  }
}

TEST(BlockAffineGradient, ItsGradientEqualsFiniteDifferences) {
  for (const auto activation : {Activation::None, Activation::Relu}) {
    const at::Tensor y = composed(inputs(7), activation);
    const auto function = [&](const Tensors& x) {
      const auto gradient = block_affine_gradient(x[4], y, x[0], affine_of(x, activation));
      return weighted(gradient.x, 7) + weighted(gradient.scale, 8) + weighted(gradient.shift, 9);
    };
    Tensors x = inputs(7);
    x.push_back(hashed_values({kRows, 7}, 6));
    EXPECT_LT(support::gradient_error(function, x), 1e-8);
  }
}

}  // namespace
}  // namespace graftage::graph
