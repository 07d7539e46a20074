#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace graftage::support {

/// A scalar function of float64 tensors, built from differentiable operations.
using ScalarFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

struct GradcheckOptions {
  double step = 1e-5;              ///< of the five-point stencil; small against the distance to the next kink
  std::int64_t max_elements = 24;  ///< elements of each input that are moved, evenly spaced
};

/// Largest |analytic - numeric| / max(1, |numeric|) over the elements moved: the gradient against a five-point stencil.
/// @pre inputs are float64; an input that the function does not use has derivative zero
[[nodiscard]] double gradient_error(const ScalarFunction& function, const std::vector<at::Tensor>& inputs,
                                    const GradcheckOptions& options = {});
/// The same for second derivatives: the gradient of sum_i <v_i, df/dx_i> with fixed pseudo-random v_i.
[[nodiscard]] double second_gradient_error(const ScalarFunction& function, const std::vector<at::Tensor>& inputs,
                                           const GradcheckOptions& options = {});

/// Fixed pseudo-random float64 values in [-1, 1): a pure function of shape and salt, the same as
/// tests/oracles/hashed.py.
[[nodiscard]] at::Tensor hashed_values(const std::vector<std::int64_t>& shape, std::uint32_t salt);
/// The salt that belongs to a name (32-bit FNV-1a).
[[nodiscard]] std::uint32_t salt_of(const std::string& name);

}  // namespace graftage::support
