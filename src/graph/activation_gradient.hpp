#pragma once

#include <ATen/core/Tensor.h>

namespace graftage::graph::detail {

/// Gradients of z and b in y = activation(z + b), b the same for all rows.
struct ActivationGradient {
  at::Tensor rows;  ///< [R, H]
  at::Tensor bias;  ///< [H], undefined where not asked for
};

/// One pass over the rows; by differentiable operations where the backward pass is itself differentiated. Threads
/// change no bit. @param gradient [R, H] of y, overwritten where nobody else holds it @param y  after ReLU; undefined:
/// there was none
[[nodiscard]] ActivationGradient activation_gradient(const at::Tensor& gradient, const at::Tensor& y, bool wants_bias);

}  // namespace graftage::graph::detail
