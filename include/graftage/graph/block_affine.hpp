#pragma once

#include "graftage/graph/linear.hpp"

#include <ATen/core/Tensor.h>

namespace graftage::graph {

/// A normalisation with statistics given and an affine part of its own for each block of consecutive rows (a graph's):
/// y = activation((x - mean) * scale_b + shift_b).
struct BlockAffine {
  at::Tensor block_ptr;  ///< [B + 1] int64, rows block_ptr[b] to block_ptr[b + 1] are block b
  at::Tensor mean;       ///< [H]
  at::Tensor scale;      ///< [B, H]
  at::Tensor shift;      ///< [B, H]
  Activation activation = Activation::None;
};

/// One pass forward, one backward. Differentiable once, in x, mean, scale and shift.
/// @param x [R, H] float32 or float64 @return [R, H]
[[nodiscard]] at::Tensor block_affine(const at::Tensor& x, const BlockAffine& affine);

/// What block_affine's backward pass computes, as values that can be differentiated (once): gradients of a loss.
struct BlockAffineGradient {
  at::Tensor x;      ///< [R, H]
  at::Tensor scale;  ///< [B, H]
  at::Tensor shift;  ///< [B, H]
};
/// @param gradient  [R, H] of the loss with respect to y
/// @param y         [R, H] of block_affine; only its sign counts, and only with ReLU
/// @param affine    its shift is not used
[[nodiscard]] BlockAffineGradient block_affine_gradient(const at::Tensor& gradient, const at::Tensor& y,
                                                        const at::Tensor& x, const BlockAffine& affine);

}  // namespace graftage::graph
