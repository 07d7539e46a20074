#include "graftage/graph/block_affine.hpp"

#include "block_kernels.hpp"
#include "graftage/core/error.hpp"
#include "row_blocks.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// function(block, first row, rows) for each block; one thread per block, so threads change no bit.
template <class Function>
void for_blocks(const at::Tensor& block_ptr, const Function& function) {
  const std::int64_t* ptr = block_ptr.const_data_ptr<std::int64_t>();
  at::parallel_for(0, block_ptr.numel() - 1, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) function(b, ptr[b], ptr[b + 1] - ptr[b]);
  });
}

template <class T>
at::Tensor forward_typed(const at::Tensor& x, const BlockAffine& affine) {
  const std::int64_t width = x.size(1);
  at::Tensor y = at::empty_like(x);
  const T* in = x.const_data_ptr<T>();
  const T* mean = affine.mean.const_data_ptr<T>();
  const T* scale = affine.scale.const_data_ptr<T>();
  const T* shift = affine.shift.const_data_ptr<T>();
  T* out = y.mutable_data_ptr<T>();
  for_blocks(affine.block_ptr, [&](std::int64_t b, std::int64_t first, std::int64_t rows) {
    detail::block_affine<T>(in + first * width, mean, scale + b * width, shift + b * width,
                            affine.activation == Activation::Relu, out + first * width, rows, width);
  });
  return y;
}

/// Of the forward pass: gradients of x (if wanted), scale and shift.
template <class T>
BlockAffineGradient gradient_typed(const at::Tensor& gradient, const at::Tensor& y, const at::Tensor& x,
                                   const BlockAffine& affine, bool wants_x) {
  const std::int64_t width = x.size(1);
  BlockAffineGradient result{wants_x ? at::empty_like(x) : at::Tensor(), at::empty_like(affine.scale),
                             at::empty_like(affine.scale)};
  const T* g = gradient.const_data_ptr<T>();
  const T* activated = affine.activation == Activation::Relu ? y.const_data_ptr<T>() : nullptr;
  const T* in = x.const_data_ptr<T>();
  const T* mean = affine.mean.const_data_ptr<T>();
  const T* scale = affine.scale.const_data_ptr<T>();
  T* dx = wants_x ? result.x.mutable_data_ptr<T>() : nullptr;
  T* products = result.scale.mutable_data_ptr<T>();
  T* sums = result.shift.mutable_data_ptr<T>();
  for_blocks(affine.block_ptr, [&](std::int64_t b, std::int64_t first, std::int64_t rows) {
    const std::int64_t offset = first * width;
    detail::block_affine_gradient<T>(g + offset, activated == nullptr ? nullptr : activated + offset, in + offset, mean,
                                     scale + b * width, dx == nullptr ? nullptr : dx + offset, products + b * width,
                                     sums + b * width, rows, width);
  });
  return result;
}

struct Forward : torch::autograd::Function<Forward> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& mean,
                            const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& block_ptr, bool relu) {
    const BlockAffine affine{block_ptr, mean, scale, shift, relu ? Activation::Relu : Activation::None};
    at::Tensor y;
    detail::for_type(x, [&]<class T>(T) { y = forward_typed<T>(x, affine); });
    context->save_for_backward({x, mean, scale, block_ptr, relu ? y : at::Tensor()});
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const BlockAffine affine{saved[3], saved[1], saved[2], at::Tensor(),
                             saved[4].defined() ? Activation::Relu : Activation::None};
    BlockAffineGradient result;
    detail::for_type(saved[0], [&]<class T>(T) {
      result = gradient_typed<T>(gradients[0].contiguous(), saved[4], saved[0], affine, context->needs_input_grad(0));
    });
    const at::Tensor mean = context->needs_input_grad(1) ? -(result.shift * affine.scale).sum(0) : at::Tensor();
    return {result.x, mean, result.scale, result.shift, at::Tensor(), at::Tensor()};
  }
};

/// Derivative of the gradient; see BlockAffineSecond.
template <class T>
variable_list second_typed(const variable_list& saved, bool relu, const variable_list& outer) {
  const auto& [gradient, y, x, mean, scale, block_ptr] =
      std::tie(saved[0], saved[1], saved[2], saved[3], saved[4], saved[5]);
  const std::int64_t width = x.size(1);
  const at::Tensor to_gradient = at::empty_like(x);
  const at::Tensor to_scale = at::empty_like(scale);
  const at::Tensor to_x = at::empty_like(x);
  const std::int64_t* ptr = block_ptr.template const_data_ptr<std::int64_t>();
  detail::BlockAffineSecond<T> all{.gradient = gradient.template const_data_ptr<T>(),
                                   .y = relu ? y.template const_data_ptr<T>() : nullptr,
                                   .x = x.template const_data_ptr<T>(),
                                   .mean = mean.template const_data_ptr<T>(),
                                   .scale = scale.template const_data_ptr<T>(),
                                   .of_x = outer[0].const_data_ptr<T>(),
                                   .of_scale = outer[1].const_data_ptr<T>(),
                                   .of_shift = outer[2].const_data_ptr<T>(),
                                   .to_gradient = to_gradient.mutable_data_ptr<T>(),
                                   .to_scale = to_scale.mutable_data_ptr<T>(),
                                   .to_x = to_x.mutable_data_ptr<T>()};
  at::parallel_for(0, block_ptr.numel() - 1, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      detail::BlockAffineSecond<T> block = all;
      const std::int64_t offset = ptr[b] * width;
      block.gradient += offset;
      if (relu) block.y += offset;
      block.x += offset;
      block.scale += b * width;
      block.of_x += offset;
      block.of_scale += b * width;
      block.of_shift += b * width;
      block.to_gradient += offset;
      block.to_scale += b * width;
      block.to_x += offset;
      detail::block_affine_second<T>(block, ptr[b + 1] - ptr[b], width);
    }
  });
  return {to_gradient, to_x, to_scale};
}

struct Gradient : torch::autograd::Function<Gradient> {
  static variable_list forward(AutogradContext* context, const at::Tensor& gradient, const at::Tensor& y,
                               const at::Tensor& x, const at::Tensor& mean, const at::Tensor& scale,
                               const at::Tensor& block_ptr, bool relu) {
    const BlockAffine affine{block_ptr, mean, scale, at::Tensor(), relu ? Activation::Relu : Activation::None};
    BlockAffineGradient result;
    detail::for_type(x, [&]<class T>(T) { result = gradient_typed<T>(gradient, y, x, affine, true); });
    context->save_for_backward({gradient, relu ? y : at::Tensor(), x, mean, scale, block_ptr, result.shift});
    context->saved_data["relu"] = relu;
    return {result.x, result.scale, result.shift};
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const variable_list outer{gradients[0].contiguous(), gradients[1].contiguous(), gradients[2].contiguous()};
    variable_list result;
    detail::for_type(saved[2],
                     [&]<class T>(T) { result = second_typed<T>(saved, context->saved_data["relu"].toBool(), outer); });
    const at::Tensor mean = context->needs_input_grad(3) ? -(outer[1] * saved[6]).sum(0) : at::Tensor();
    return {result[0], at::Tensor(), result[1], mean, result[2], at::Tensor(), at::Tensor()};
  }
};

void check(const at::Tensor& x, const BlockAffine& affine) {
  GRAFTAGE_CHECK(x.defined() && x.dim() == 2 && x.is_contiguous(), x.defined() ? x.dim() : -1);
  GRAFTAGE_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), x.scalar_type());
  GRAFTAGE_CHECK(affine.block_ptr.scalar_type() == at::kLong && affine.block_ptr.dim() == 1, affine.block_ptr.dim());
  GRAFTAGE_CHECK(affine.activation != Activation::ReluOfNext, "has its own derivative");
  const std::int64_t blocks = affine.block_ptr.numel() - 1;
  GRAFTAGE_CHECK(affine.mean.numel() == x.size(1), affine.mean.numel(), x.size(1));
  GRAFTAGE_CHECK(affine.scale.dim() == 2 && affine.scale.size(0) == blocks && affine.scale.size(1) == x.size(1), blocks,
                 affine.scale.size(0));
}

}  // namespace

at::Tensor block_affine(const at::Tensor& x, const BlockAffine& affine) {
  check(x, affine);
  GRAFTAGE_CHECK(affine.shift.sizes() == affine.scale.sizes(), affine.shift.size(0), affine.scale.size(0));
  return Forward::apply(x, affine.mean.contiguous(), affine.scale.contiguous(), affine.shift.contiguous(),
                        affine.block_ptr, affine.activation == Activation::Relu);
}

BlockAffineGradient block_affine_gradient(const at::Tensor& gradient, const at::Tensor& y, const at::Tensor& x,
                                          const BlockAffine& affine) {
  check(x, affine);
  GRAFTAGE_CHECK(gradient.sizes() == x.sizes() && y.sizes() == x.sizes(), gradient.size(0), y.size(0), x.size(0));
  const variable_list result =
      Gradient::apply(gradient.contiguous(), y.detach().contiguous(), x, affine.mean.contiguous(),
                      affine.scale.contiguous(), affine.block_ptr, affine.activation == Activation::Relu);
  return {result[0], result[1], result[2]};
}

}  // namespace graftage::graph
