#include "activation_gradient.hpp"

#include "row_blocks.hpp"
#include "row_kernels.hpp"
#include "tensor_use.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace graftage::graph::detail {

namespace {

/// Rows masked by one task.
constexpr std::int64_t kMaskRows = 192;

template <class T>
void mask_and_sum_blocks(const at::Tensor& gradient, const at::Tensor& y, bool wants_bias, ActivationGradient& result) {
  const std::int64_t rows = gradient.size(0);
  const std::int64_t width = gradient.size(1);
  const T* g = gradient.const_data_ptr<T>();
  const T* activated = y.defined() ? y.const_data_ptr<T>() : nullptr;
  T* out = y.defined() ? result.rows.mutable_data_ptr<T>() : nullptr;
  BlockSums<T> sums(wants_bias ? num_row_blocks(rows, kMaskRows) : 0, width);
  for_row_blocks(rows, kMaskRows, [&](std::int64_t first, std::int64_t count, std::int64_t block) {
    const std::int64_t offset = first * width;
    mask_and_sum<T>(g + offset, activated == nullptr ? nullptr : activated + offset,
                    out == nullptr ? nullptr : out + offset, wants_bias ? sums.of(block) : nullptr, count, width);
  });
  if (wants_bias) {
    result.bias = at::empty({width}, gradient.options());
    sums.total(result.bias.mutable_data_ptr<T>());
  }
}

}  // namespace

ActivationGradient activation_gradient(const at::Tensor& gradient, const at::Tensor& y, bool wants_bias) {
  if (at::GradMode::is_enabled()) {
    const at::Tensor rows = y.defined() ? at::threshold_backward(gradient, y.detach(), 0) : gradient;
    return {rows, wants_bias ? rows.sum(0) : at::Tensor()};
  }
  const bool alone = is_alone(gradient);
  const at::Tensor dense = gradient.contiguous();
  ActivationGradient result{!y.defined() || alone ? dense : at::empty_like(dense), at::Tensor()};
  if (y.defined() || wants_bias)
    for_type(dense, [&]<class T>(T) { mask_and_sum_blocks<T>(dense, y, wants_bias, result); });
  return result;
}

}  // namespace graftage::graph::detail
