#include "graftage/train/adam.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace graftage::train {

Adam::Adam(AdamConfig config, const at::Tensor& values)
    : first_moment(at::zeros_like(values)), second_moment(at::zeros_like(values)), config_(config) {
  GRAFTAGE_CHECK(values.dim() == 1, values.dim());
}

void Adam::step(at::Tensor& values, const at::Tensor& gradient) {
  GRAFTAGE_CHECK(values.sizes() == first_moment.sizes() && gradient.sizes() == values.sizes(), values.numel(),
                 gradient.numel(), first_moment.numel());
  const at::NoGradGuard no_grad;
  ++num_steps;
  const at::Tensor steps = at::full({}, static_cast<double>(num_steps), at::kFloat);
  at::_fused_adam_({values}, {gradient}, {first_moment}, {second_moment}, {}, {steps}, config_.lr, config_.beta1,
                   config_.beta2, config_.weight_decay, config_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace graftage::train
