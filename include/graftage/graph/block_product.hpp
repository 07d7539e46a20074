#pragma once

#include "graftage/graph/linear.hpp"

#include <ATen/core/Tensor.h>

#include <vector>

namespace graftage::graph {

/// A matrix of low rank for each block of consecutive rows (a graph's): M_b = sum over rows s of b of left_s right_s^T.
struct LowRank {
  at::Tensor left;   ///< [R, In]
  at::Tensor right;  ///< [R, Out]
};

struct BlockProductOptions {
  double factor = 1.0;
  double offset = 0.0;  ///< added to each dot product, as if left and x had one more column: its root
  Activation activation = Activation::None;
};

/// activation(y + factor * x M): for each row r of block b and each of the terms,
/// y_r += factor * sum over rows s of b of (x_r . left_s + offset) right_s.
///
/// Never forms a matrix [In, Out]. `y` is overwritten and becomes the result. Differentiable once, in y, x and all
/// terms. @pre y is nobody's saved value and no leaf; float32 or float64
/// @param y          [R, Out]
/// @param x          [R, In]
/// @param block_ptr  [B + 1] int64
[[nodiscard]] at::Tensor add_block_products(const at::Tensor& y, const at::Tensor& x, const std::vector<LowRank>& terms,
                                            const at::Tensor& block_ptr, const BlockProductOptions& options);

}  // namespace graftage::graph
