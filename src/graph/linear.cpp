#include "graftage/graph/linear.hpp"

#include "activation_gradient.hpp"
#include "graftage/core/error.hpp"
#include "row_blocks.hpp"
#include "row_kernels.hpp"
#include "sgemm.hpp"
#include "tensor_use.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows per product where MKL computes it: it is 1.5x faster on [192, 600] x [600, 300] than on thousands of rows, and
/// no slower on the other shapes [measured, Zen 4].
constexpr std::int64_t kProductRows = 192;

/// Operands in the precision of products.
at::Tensor operand(const at::Tensor& x, MatmulPrecision precision) {
  return precision == MatmulPrecision::BFloat16 ? x.to(at::kBFloat16) : x;
}

bool by_sgemm(const at::Tensor& x, MatmulPrecision precision) {
  return precision == MatmulPrecision::Float32 && x.scalar_type() == at::kFloat && detail::has_sgemm();
}

/// A matrix that sgemm reads as it is: one of its strides is 1.
at::Tensor dense(const at::Tensor& b) { return b.stride(0) == 1 || b.stride(1) == 1 ? b : b.contiguous(); }

/// y = activation(y + bias) for `count` rows from `first`.
void finish(at::Tensor& y, const at::Tensor& bias, Activation activation, std::int64_t first, std::int64_t count) {
  const std::int64_t width = y.size(1);
  detail::for_type(y, [&]<class T>(T) {
    detail::add_bias_and_activate<T>(y.mutable_data_ptr<T>() + first * width,
                                     bias.defined() ? bias.const_data_ptr<T>() : nullptr, rectifies(activation), count,
                                     width);
  });
}

/// activation(x b + bias), not differentiable. @param x [R, K] contiguous @param b [K, N]
at::Tensor multiply(const at::Tensor& x, const at::Tensor& b, const at::Tensor& bias, Activation activation,
                    MatmulPrecision precision) {
  at::Tensor y = at::empty({x.size(0), b.size(1)}, x.options().requires_grad(false));
  if (by_sgemm(x, precision)) {
    detail::sgemm_rows(x, dense(b), bias, activation, y);
    return y;
  }
  const bool rounded = precision == MatmulPrecision::BFloat16;
  // oneDNN packs b at every call, so one call for all rows.
  if (rounded) y.copy_(at::mm(operand(x, precision), operand(b, precision)));
  detail::for_row_blocks(x.size(0), kProductRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
    const at::NoGradGuard no_grad;  // of this thread
    at::Tensor block = y.narrow(0, first, count);
    if (!rounded) at::mm_out(block, x.narrow(0, first, count), b);
    finish(y, bias, activation, first, count);
  });
  return y;
}

struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, Activation activation, MatmulPrecision precision,
                            LinearInput input) {
    const at::Tensor y =
        multiply(x.contiguous(), weight.t(), bias ? bias->contiguous() : at::Tensor(), activation, precision);
    context->saved_data["bias"] = bias.has_value();
    context->saved_data["bf16"] = precision == MatmulPrecision::BFloat16;
    context->saved_data["rectified"] = input == LinearInput::Rectified;
    context->save_for_backward({x, weight, activation == Activation::Relu ? y : at::Tensor()});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const MatmulPrecision precision =
        context->saved_data["bf16"].toBool() ? MatmulPrecision::BFloat16 : MatmulPrecision::Float32;
    const variable_list saved = context->get_saved_variables();
    const bool wants_bias = context->saved_data["bias"].toBool() && context->needs_input_grad(2);
    const detail::ActivationGradient g = detail::activation_gradient(gradients[0], saved[2], wants_bias);
    variable_list result(6);
    result[2] = g.bias;
    const bool is_rectified = context->saved_data["rectified"].toBool();
    if (context->needs_input_grad(1)) result[1] = weight_gradient(g.rows, saved[0], is_rectified, precision);
    if (context->needs_input_grad(0))  // last, because it may take the memory of x
      result[0] = rows_gradient(g.rows, saved[1], saved[0], is_rectified, precision);
    return result;
  }

 private:
  /// Differentiable where gradients are recorded, like the next.
  static at::Tensor rows_gradient(const at::Tensor& gradient, const at::Tensor& weight, const at::Tensor& x,
                                  bool is_rectified, MatmulPrecision precision) {
    if (!at::GradMode::is_enabled() && by_sgemm(x, precision) && x.is_contiguous()) {
      at::Tensor y = detail::is_last_use(x) ? x.detach() : at::empty(x.sizes(), x.options().requires_grad(false));
      if (is_rectified)
        detail::sgemm_rows_where(gradient.contiguous(), dense(weight), x, y);
      else
        detail::sgemm_rows(gradient.contiguous(), dense(weight), at::Tensor(), Activation::None, y);
      return y;
    }
    const at::Tensor y = at::GradMode::is_enabled()
                             ? at::mm(operand(gradient, precision), operand(weight, precision)).to(weight.scalar_type())
                             : multiply(gradient.contiguous(), weight, at::Tensor(), Activation::None, precision);
    return is_rectified ? at::threshold_backward(y, x.detach(), 0) : y;
  }

  static at::Tensor weight_gradient(const at::Tensor& gradient, const at::Tensor& x, bool is_rectified,
                                    MatmulPrecision precision) {
    if (!at::GradMode::is_enabled() && by_sgemm(x, precision))
      return detail::sgemm_columns(gradient.contiguous(), x.contiguous());
    const at::Tensor rows = is_rectified && at::GradMode::is_enabled() ? at::relu(x) : x;  // for the next derivative
    return at::mm(operand(gradient, precision).t(), operand(rows, precision)).to(x.scalar_type());
  }
};

}  // namespace

std::string product_kernels() { return detail::has_sgemm() ? "AVX-512" : "MKL"; }

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation,
                  MatmulPrecision precision, LinearInput input) {
  GRAFTAGE_CHECK(x.defined() && x.dim() == 2 && weight.dim() == 2, x.defined() ? x.dim() : -1);
  GRAFTAGE_CHECK(x.size(1) == weight.size(1), x.size(1), weight.size(1));
  GRAFTAGE_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == weight.size(0)), weight.size(0));
  GRAFTAGE_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), x.scalar_type());
  GRAFTAGE_CHECK(weight.scalar_type() == x.scalar_type(), weight.scalar_type(), x.scalar_type());
  GRAFTAGE_CHECK(!bias.defined() || bias.scalar_type() == x.scalar_type(), x.scalar_type());
  const std::optional<at::Tensor> optional_bias =
      bias.defined() ? std::optional(bias) : std::nullopt;  // no autograd edge
  return Linear::apply(x, weight, optional_bias, activation, precision, input);
}

}  // namespace graftage::graph
