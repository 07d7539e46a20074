#include "support/gradcheck.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

namespace graftage::support {

namespace {

std::vector<at::Tensor> leaves_of(const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : inputs) {
    EXPECT_EQ(input.scalar_type(), at::kDouble) << "finite differences need float64";
    leaves.push_back(input.detach().clone().requires_grad_());
  }
  return leaves;
}

double derivative_along(const ScalarFunction& function, std::vector<at::Tensor> inputs, std::size_t which,
                        std::int64_t element, double step) {
  const auto value_at = [&](double shift) {
    std::vector<at::Tensor> moved = inputs;
    moved[which] = inputs[which].detach().clone();
    moved[which].view({-1})[element] += shift;
    moved[which].requires_grad_();
    return function(moved).item<double>();
  };
  return (8.0 * (value_at(step) - value_at(-step)) - (value_at(2.0 * step) - value_at(-2.0 * step))) / (12.0 * step);
}

/// sum_i <v_i, df/dx_i>, itself part of the autograd graph.
at::Tensor projected_gradient(const ScalarFunction& function, const std::vector<at::Tensor>& inputs) {
  const at::Tensor value = function(inputs);
  const auto gradients = torch::autograd::grad({value}, inputs, {}, true, true, true);
  at::Tensor sum = at::zeros({}, at::kDouble);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (gradients[i].defined())
      sum = sum + (gradients[i] * hashed_values(inputs[i].sizes().vec(), static_cast<std::uint32_t>(i + 1))).sum();
  return sum;
}

}  // namespace

double gradient_error(const ScalarFunction& function, const std::vector<at::Tensor>& inputs,
                      const GradcheckOptions& options) {
  const std::vector<at::Tensor> leaves = leaves_of(inputs);
  const auto gradients = torch::autograd::grad({function(leaves)}, leaves, {}, false, false, true);
  double worst = 0.0;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const std::int64_t count = leaves[i].numel();
    const at::Tensor analytic = gradients[i].defined() ? gradients[i].contiguous() : at::zeros_like(leaves[i]);
    const std::int64_t stride = std::max<std::int64_t>(1, (count + options.max_elements - 1) / options.max_elements);
    for (std::int64_t element = 0; element < count; element += stride) {
      const double numeric = derivative_along(function, leaves, i, element, options.step);
      const double difference = std::abs(analytic.const_data_ptr<double>()[element] - numeric);
      worst = std::max(worst, difference / std::max(1.0, std::abs(numeric)));
      if (std::isnan(difference)) return difference;
    }
  }
  return worst;
}

double second_gradient_error(const ScalarFunction& function, const std::vector<at::Tensor>& inputs,
                             const GradcheckOptions& options) {
  return gradient_error([&](const std::vector<at::Tensor>& x) { return projected_gradient(function, x); }, inputs,
                        options);
}

at::Tensor hashed_values(const std::vector<std::int64_t>& shape, std::uint32_t salt) {
  at::Tensor values = at::empty(shape, at::kDouble);
  double* out = values.mutable_data_ptr<double>();
  for (std::int64_t k = 0; k < values.numel(); ++k) {
    std::uint32_t x = static_cast<std::uint32_t>(k) * 0x9e3779b1u + salt;
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    x ^= x >> 16;
    out[k] = static_cast<double>(x) * 0x1p-31 - 1.0;
  }
  return values;
}

std::uint32_t salt_of(const std::string& name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

}  // namespace graftage::support
