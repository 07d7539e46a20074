#include "graftage/graph/linear.hpp"

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

/// A product in the given precision, differentiable by its parts.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, MatmulPrecision precision) {
  return at::mm(operand(a, precision), operand(b, precision)).to(a.scalar_type());
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

/// The gradient behind the activation, and the bias's. `reuse`: nobody else holds `gradient`.
template <class T>
at::Tensor mask_gradient(const at::Tensor& gradient, const at::Tensor& y, bool reuse, bool wants_bias,
                         at::Tensor& bias_gradient) {
  const std::int64_t rows = gradient.size(0);
  const std::int64_t width = gradient.size(1);
  at::Tensor masked = !y.defined() || reuse ? gradient : at::empty_like(gradient);
  const T* g = gradient.const_data_ptr<T>();
  const T* activated = y.defined() ? y.const_data_ptr<T>() : nullptr;
  T* out = y.defined() ? masked.mutable_data_ptr<T>() : nullptr;
  detail::BlockSums<T> sums(wants_bias ? detail::num_row_blocks(rows, kProductRows) : 0, width);
  if (y.defined() || wants_bias)
    detail::for_row_blocks(rows, kProductRows, [&](std::int64_t first, std::int64_t count, std::int64_t block) {
      const std::int64_t offset = first * width;
      detail::mask_and_sum<T>(g + offset, activated == nullptr ? nullptr : activated + offset,
                              out == nullptr ? nullptr : out + offset, wants_bias ? sums.of(block) : nullptr, count,
                              width);
    });
  if (wants_bias) {
    bias_gradient = at::empty({width}, gradient.options());
    sums.total(bias_gradient.mutable_data_ptr<T>());
  }
  return masked;
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
    const Wanted wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                        context->saved_data["bias"].toBool() && context->needs_input_grad(2)};
    variable_list result = at::GradMode::is_enabled()
                               ? composed(gradients[0], saved[0], saved[1], saved[2], wanted, precision)
                               : fused(gradients[0], saved[0], saved[1], saved[2], wanted, precision);
    result.resize(5);
    return result;
  }

 private:
  struct Wanted {
    bool x;
    bool weight;
    bool bias;
  };

  /// By differentiable operations, where the backward pass is itself differentiated.
  static variable_list composed(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                                const at::Tensor& y, const Wanted& wanted, MatmulPrecision precision) {
    const at::Tensor g = y.defined() ? at::threshold_backward(gradient, y.detach(), 0) : gradient;
    return {wanted.x ? product(g, weight, precision) : at::Tensor(),
            wanted.weight ? product(g.t(), x, precision) : at::Tensor(), wanted.bias ? g.sum(0) : at::Tensor()};
  }

  static variable_list fused(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& y, const Wanted& wanted, MatmulPrecision precision) {
    const bool reuse =
        gradient.use_count() == 1 && gradient.storage().use_count() == 1 && gradient.is_contiguous();  // as autograd
    const at::Tensor dense = gradient.contiguous();
    variable_list result(3);
    at::Tensor g;
    detail::for_type(x, [&]<class T>(T) { g = mask_gradient<T>(dense, y, reuse, wanted.bias, result[2]); });
    if (precision == MatmulPrecision::BFloat16) {
      const at::Tensor rounded = operand(g, precision);
      if (wanted.x) result[0] = at::mm(rounded, operand(weight, precision)).to(x.scalar_type());
      if (wanted.weight) result[1] = at::mm(rounded.t(), operand(x, precision)).to(x.scalar_type());
      return result;
    }
    if (wanted.x) {
      result[0] = at::empty(x.sizes(), dense.options());
      product_by_blocks(g, weight, result[0], [](std::int64_t, std::int64_t) {});
    }
    if (wanted.weight) result[1] = at::mm(g.t(), x);
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
