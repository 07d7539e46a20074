#include "graftage/graph/linear.hpp"

#include "activation_gradient.hpp"
#include "graftage/core/error.hpp"
#include "row_blocks.hpp"
#include "row_kernels.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows per product: 192 rows of 600 floats are 460 kB. MKL is 1.5x faster on [192, 600] x [600, 300] than on thousands
/// of rows, and no slower on the other shapes [measured, Zen 4].
constexpr std::int64_t kProductRows = 192;

/// y = x b, block by block; `finish(y block, first row)` while the block is hot.
template <class Finish>
void product_by_blocks(const at::Tensor& x, const at::Tensor& b, at::Tensor& y, const Finish& finish) {
  detail::for_row_blocks(x.size(0), kProductRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
    const at::NoGradGuard no_grad;  // of this thread
    at::Tensor block = y.narrow(0, first, count);
    at::mm_out(block, x.narrow(0, first, count), b);
    finish(first, count);
  });
}

/// Operands in the precision of products.
at::Tensor operand(const at::Tensor& x, MatmulPrecision precision) {
  return precision == MatmulPrecision::BFloat16 ? x.to(at::kBFloat16) : x;
}

template <class T>
void forward_typed(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu,
                   MatmulPrecision precision, at::Tensor& y) {
  const T* b = bias.defined() ? bias.const_data_ptr<T>() : nullptr;
  T* out = y.mutable_data_ptr<T>();
  const std::int64_t width = y.size(1);
  const auto finish = [&](std::int64_t first, std::int64_t count) {
    detail::add_bias_and_activate<T>(out + first * width, b, relu, count, width);
  };
  if (precision == MatmulPrecision::Float32) return product_by_blocks(x, weight.t(), y, finish);
  // oneDNN packs the weight at every call, so one call for all rows.
  y.copy_(at::mm(operand(x, precision), operand(weight, precision).t()));
  detail::for_row_blocks(x.size(0), kProductRows,
                         [&](std::int64_t first, std::int64_t count, std::int64_t) { finish(first, count); });
}

struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, bool relu, MatmulPrecision precision) {
    const at::Tensor rows = x.contiguous();
    at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
    detail::for_type(x, [&]<class T>(T) {
      forward_typed<T>(rows, weight, bias ? bias->contiguous() : at::Tensor(), relu, precision, y);
    });
    context->saved_data["bias"] = bias.has_value();
    context->saved_data["bf16"] = precision == MatmulPrecision::BFloat16;
    context->save_for_backward({x, weight, relu ? y : at::Tensor()});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const MatmulPrecision precision =
        context->saved_data["bf16"].toBool() ? MatmulPrecision::BFloat16 : MatmulPrecision::Float32;
    const variable_list saved = context->get_saved_variables();
    const bool wants_bias = context->saved_data["bias"].toBool() && context->needs_input_grad(2);
    const detail::ActivationGradient g = detail::activation_gradient(gradients[0], saved[2], wants_bias);
    const at::Tensor rows = operand(g.rows, precision);
    variable_list result(5);
    if (context->needs_input_grad(0)) result[0] = rows_gradient(rows, saved[1], precision);
    if (context->needs_input_grad(1))
      result[1] = at::mm(rows.t(), operand(saved[0], precision)).to(saved[0].scalar_type());
    result[2] = g.bias;
    return result;
  }

 private:
  static at::Tensor rows_gradient(const at::Tensor& gradient, const at::Tensor& weight, MatmulPrecision precision) {
    if (at::GradMode::is_enabled() || precision == MatmulPrecision::BFloat16)
      return at::mm(gradient, operand(weight, precision)).to(weight.scalar_type());
    at::Tensor result = at::empty({gradient.size(0), weight.size(1)}, gradient.options());
    product_by_blocks(gradient, weight, result, [](std::int64_t, std::int64_t) {});
    return result;
  }
};

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation,
                  MatmulPrecision precision) {
  GRAFTAGE_CHECK(x.defined() && x.dim() == 2 && weight.dim() == 2, x.defined() ? x.dim() : -1);
  GRAFTAGE_CHECK(x.size(1) == weight.size(1), x.size(1), weight.size(1));
  GRAFTAGE_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == weight.size(0)), weight.size(0));
  GRAFTAGE_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), x.scalar_type());
  GRAFTAGE_CHECK(weight.scalar_type() == x.scalar_type(), weight.scalar_type(), x.scalar_type());
  GRAFTAGE_CHECK(!bias.defined() || bias.scalar_type() == x.scalar_type(), x.scalar_type());
  const std::optional<at::Tensor> optional_bias =
      bias.defined() ? std::optional(bias) : std::nullopt;  // no autograd edge
  return Linear::apply(x, weight, optional_bias, activation == Activation::Relu, precision);
}

}  // namespace graftage::graph
