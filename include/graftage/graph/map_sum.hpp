#pragma once

#include "graftage/graph/activation.hpp"
#include "graftage/graph/linear_map.hpp"

#include <ATen/core/Tensor.h>

#include <vector>

namespace graftage::graph {

/// A map and what it is applied to.
struct MapTerm {
  LinearMap map;  ///< [R, C]
  at::Tensor x;   ///< [C, H]
};

/// Whether a first derivative of sum_of_maps scatters into the table of this map instead of reading its transpose.
[[nodiscard]] bool scatters_gradient(const LinearMap& map);

/// activation(sum over the terms of map x, plus bias), row by row in one pass: neighbours and bond tables in one
/// operator (performance 2.3).
///
/// Differentiable any number of times: the gradient of each x is the transposed map's. Gradients of tables of few rows
/// come from one pass over the gradient, in blocks of fixed size added in double: threads change no bit.
/// @param bias  [H], or undefined
/// @pre at least one term; equal R, H and dtype (float32 or float64)
/// @return  [R, H]
[[nodiscard]] at::Tensor sum_of_maps(const std::vector<MapTerm>& terms, const at::Tensor& bias = {},
                                     Activation activation = Activation::None);

}  // namespace graftage::graph
