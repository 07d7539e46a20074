#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace graftage::graph {

/// A scalar whose gradient has been computed beforehand, piece by piece for example, in the memory of one piece.
/// Differentiable once. @param gradients  one for each of `tensors`, of its shape; undefined = zero
[[nodiscard]] at::Tensor with_known_gradient(double value, const std::vector<at::Tensor>& tensors,
                                             const std::vector<at::Tensor>& gradients);

}  // namespace graftage::graph
