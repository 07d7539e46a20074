#include "graftage/graph/block_product.hpp"

#include "block_kernels.hpp"
#include "graftage/core/error.hpp"
#include "row_blocks.hpp"
#include "row_kernels.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// function(first row, rows, first entry of the block's [rows, rows] matrix) for each block.
template <class Function>
void for_blocks(const at::Tensor& block_ptr, const Function& function) {
  const std::int64_t* ptr = block_ptr.const_data_ptr<std::int64_t>();
  const std::int64_t blocks = block_ptr.numel() - 1;
  std::vector<std::int64_t> entry(static_cast<std::size_t>(blocks) + 1);
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t rows = ptr[b + 1] - ptr[b];
    entry[static_cast<std::size_t>(b) + 1] = entry[static_cast<std::size_t>(b)] + rows * rows;
  }
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b)
      function(ptr[b], ptr[b + 1] - ptr[b], entry[static_cast<std::size_t>(b)]);
  });
}

std::int64_t num_entries(const at::Tensor& block_ptr) {
  const at::Tensor rows = block_ptr.diff();
  return rows.square().sum().item<std::int64_t>();
}

/// y += factor (x . left + offset) right; returns the matrices of dot products times factor, transposed.
template <class T>
at::Tensor add_term(at::Tensor& y, const at::Tensor& x, const LowRank& term, const at::Tensor& block_ptr, double factor,
                    double offset) {
  at::Tensor transposed = at::empty({num_entries(block_ptr)}, y.options().requires_grad(false));
  const std::int64_t in = x.size(1);
  const std::int64_t out = y.size(1);
  const T* rows_x = x.const_data_ptr<T>();
  const T* left = term.left.const_data_ptr<T>();
  const T* right = term.right.const_data_ptr<T>();
  T* kept = transposed.mutable_data_ptr<T>();
  T* result = y.mutable_data_ptr<T>();
  for_blocks(block_ptr, [&](std::int64_t first, std::int64_t rows, std::int64_t entry) {
    std::vector<T> k(static_cast<std::size_t>(rows * rows));
    detail::block_dots<T>(rows_x + first * in, left + first * in, static_cast<T>(factor), static_cast<T>(offset),
                          k.data(), kept + entry, rows, in);
    detail::block_combine<T>(k.data(), right + first * out, true, result + first * out, rows, out);
  });
  return transposed;
}

struct TermGradient {
  at::Tensor x;  ///< added to
  at::Tensor left;
  at::Tensor right;
};

template <class T>
void term_gradient(const at::Tensor& gradient, const at::Tensor& x, const LowRank& term, const at::Tensor& transposed,
                   const at::Tensor& block_ptr, double factor, bool adds_to_x, TermGradient& result) {
  const std::int64_t in = x.size(1);
  const std::int64_t out = gradient.size(1);
  const T* g = gradient.const_data_ptr<T>();
  const T* rows_x = x.const_data_ptr<T>();
  const T* left = term.left.const_data_ptr<T>();
  const T* right = term.right.const_data_ptr<T>();
  const T* kept = transposed.const_data_ptr<T>();
  T* to_x = result.x.mutable_data_ptr<T>();
  T* to_left = result.left.defined() ? result.left.mutable_data_ptr<T>() : nullptr;
  T* to_right = result.right.defined() ? result.right.mutable_data_ptr<T>() : nullptr;
  for_blocks(block_ptr, [&](std::int64_t first, std::int64_t rows, std::int64_t entry) {
    std::vector<T> k(static_cast<std::size_t>(rows * rows));
    std::vector<T> k_transposed(k.size());
    detail::block_dots<T>(g + first * out, right + first * out, static_cast<T>(factor), T(0), k.data(),
                          k_transposed.data(), rows, out);
    detail::block_combine<T>(k.data(), left + first * in, adds_to_x, to_x + first * in, rows, in);
    if (to_left != nullptr)
      detail::block_combine<T>(k_transposed.data(), rows_x + first * in, false, to_left + first * in, rows, in);
    if (to_right != nullptr)
      detail::block_combine<T>(kept + entry, g + first * out, false, to_right + first * out, rows, out);
  });
}

std::vector<LowRank> terms_of(const variable_list& tensors, std::size_t first, std::size_t count) {
  std::vector<LowRank> terms;
  for (std::size_t t = 0; t < count; ++t) terms.push_back({tensors[first + 2 * t], tensors[first + 2 * t + 1]});
  return terms;
}

struct AddBlockProducts : torch::autograd::Function<AddBlockProducts> {
  static at::Tensor forward(AutogradContext* context, at::Tensor y, const at::Tensor& x, at::TensorList factors,
                            const at::Tensor& block_ptr, const BlockProductOptions& options) {
    const bool relu = options.activation == Activation::Relu;
    variable_list saved{block_ptr, x, at::Tensor()};
    saved.insert(saved.end(), factors.begin(), factors.end());
    detail::for_type(y, [&]<class T>(T) {
      for (std::size_t t = 0; t + 1 < factors.size(); t += 2)
        saved.push_back(add_term<T>(y, x, {factors[t], factors[t + 1]}, block_ptr, options.factor, options.offset));
      if (relu) detail::add_bias_and_activate<T>(y.mutable_data_ptr<T>(), nullptr, true, y.size(0), y.size(1));
    });
    if (relu) saved[2] = y;
    context->mark_dirty({y});
    context->save_for_backward(saved);
    context->saved_data["factor"] = options.factor;
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const std::size_t count = (saved.size() - 3) / 3;
    const std::vector<LowRank> terms = terms_of(saved, 3, count);
    const at::Tensor& x = saved[1];
    const at::Tensor gradient =
        saved[2].defined() ? at::threshold_backward(gradients[0], saved[2], 0) : gradients[0].contiguous();
    variable_list result(2 + 2 * count + 2);
    result[0] = gradient;
    result[1] = at::empty_like(x);
    for (std::size_t t = 0; t < count; ++t) {
      TermGradient term{result[1], {}, {}};
      if (context->needs_input_grad(2 + 2 * t)) term.left = at::empty_like(terms[t].left);
      if (context->needs_input_grad(3 + 2 * t)) term.right = at::empty_like(terms[t].right);
      detail::for_type(x, [&]<class T>(T) {
        term_gradient<T>(gradient, x, terms[t], saved[3 + 2 * count + t], saved[0],
                         context->saved_data["factor"].toDouble(), t > 0, term);
      });
      result[2 + 2 * t] = term.left;
      result[3 + 2 * t] = term.right;
    }
    return result;
  }
};

}  // namespace

at::Tensor add_block_products(const at::Tensor& y, const at::Tensor& x, const std::vector<LowRank>& terms,
                              const at::Tensor& block_ptr, const BlockProductOptions& options) {
  GRAFTAGE_CHECK(y.dim() == 2 && y.is_contiguous() && x.dim() == 2 && x.size(0) == y.size(0), y.size(0), x.size(0));
  GRAFTAGE_CHECK(y.is_cpu() && (y.scalar_type() == at::kFloat || y.scalar_type() == at::kDouble), y.scalar_type());
  GRAFTAGE_CHECK(options.activation != Activation::ReluOfNext, "has its own derivative");
  variable_list factors;
  for (const LowRank& term : terms) {
    GRAFTAGE_CHECK(term.left.sizes() == x.sizes() && term.right.sizes() == y.sizes(), term.left.size(0), y.size(0));
    factors.push_back(term.left.contiguous());
    factors.push_back(term.right.contiguous());
  }
  return AddBlockProducts::apply(y, x.contiguous(), at::TensorList(factors), block_ptr, options);
}

}  // namespace graftage::graph
