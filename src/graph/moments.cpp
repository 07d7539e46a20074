#include "graftage/graph/moments.hpp"

#include "block_kernels.hpp"
#include "row_blocks.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <numeric>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// multiplicity / count of each row. @return [R, 1]
at::Tensor shares(const at::Tensor& x, const std::vector<double>& multiplicity) {
  if (multiplicity.empty()) return at::full({x.size(0), 1}, 1.0 / static_cast<double>(x.size(0)), x.options());
  const double count = std::accumulate(multiplicity.begin(), multiplicity.end(), 0.0);
  return (at::tensor(multiplicity, at::kDouble) / count).to(x.scalar_type()).unsqueeze(1);
}

/// (x - mean) * scale + shift. @param scale, shift [H]
at::Tensor affine(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& scale, const at::Tensor& shift) {
  constexpr std::int64_t kRows = 256;
  at::Tensor y = at::empty_like(x);
  const std::int64_t width = x.size(1);
  detail::for_type(x, [&]<class T>(T) {
    const T* in = x.const_data_ptr<T>();
    T* out = y.mutable_data_ptr<T>();
    detail::for_row_blocks(x.size(0), kRows, [&](std::int64_t first, std::int64_t rows, std::int64_t) {
      detail::block_affine<T>(in + first * width, mean.const_data_ptr<T>(), scale.const_data_ptr<T>(),
                              shift.const_data_ptr<T>(), false, out + first * width, rows, width);
    });
  });
  return y;
}

struct Moments : torch::autograd::Function<Moments> {
  static variable_list forward(AutogradContext* context, const at::Tensor& x, const std::vector<double>& multiplicity) {
    const ColumnMoments moments = column_moments(x, multiplicity);
    context->save_for_backward({x, moments.mean, shares(x, multiplicity)});
    return {moments.mean, moments.variance};
  }
  /// The mean's own derivative drops out of the variance's: the weighted deviations sum to zero.
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor scale = (gradients[1] * 2.0).contiguous();
    return {affine(saved[0], saved[1], scale, gradients[0].contiguous()).mul_(saved[2]), at::Tensor()};
  }
};

}  // namespace

ColumnMoments differentiable_moments(const at::Tensor& x, const std::vector<double>& multiplicity) {
  const variable_list moments = Moments::apply(x.contiguous(), multiplicity);
  return {moments[0], moments[1]};
}

}  // namespace graftage::graph
