#pragma once

#include "graftage/graph/linear.hpp"

#include <ATen/core/Tensor.h>

#include <vector>

namespace graftage::graph {

/// Mean and biased variance of each column.
struct ColumnMoments {
  at::Tensor mean;      ///< [H]
  at::Tensor variance;  ///< [H]
};

/// Moments of rows x [R, H] that stand for `multiplicity` rows each (empty = one), in one pass: two passes over each
/// block of rows in the cache, blocks combined in double (Chan et al. 1979) in their order, whatever the threads.
/// Not differentiable. @pre R >= 1; float32 or float64
[[nodiscard]] ColumnMoments column_moments(const at::Tensor& x, const std::vector<double>& multiplicity);

/// The affine part and what follows it.
struct AffineActivation {
  at::Tensor scale;  ///< [H]
  at::Tensor shift;  ///< [H]
  Activation activation = Activation::None;
  double epsilon = 1e-5;  ///< added to the variance
};

struct NormalizedRows {
  at::Tensor rows;        ///< [R, H]
  ColumnMoments moments;  ///< of the rows before; part of the graph of x
};

/// activation((x - mean) / sqrt(variance + eps) * scale + shift) with the moments of x itself, differentiated through
/// (Ioffe & Szegedy 2015): two passes forward, two backward. Rows count with their multiplicity, so merged rows give
/// what their copies would. Differentiable any number of times in x, scale and shift.
/// @param x  [R, H] float32 or float64
[[nodiscard]] NormalizedRows normalize_by_own_moments(const at::Tensor& x, const std::vector<double>& multiplicity,
                                                      const AffineActivation& affine);

/// The same with given moments, which are constants: one pass forward, one backward. @pre neither requires a gradient
[[nodiscard]] at::Tensor normalize_by_moments(const at::Tensor& x, const ColumnMoments& moments,
                                              const AffineActivation& affine);

}  // namespace graftage::graph
