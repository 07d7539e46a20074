#include "graftage/graph/normalization.hpp"

#include "graftage/core/error.hpp"
#include "row_blocks.hpp"
#include "row_kernels.hpp"
#include "tensor_use.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows read twice from the cache: 128 rows of 300 floats are 154 kB.
constexpr std::int64_t kMomentRows = 128;

at::Tensor row_weights(const at::Tensor& x, const std::vector<double>& multiplicity) {
  if (multiplicity.empty()) return {};
  at::Tensor weights = at::empty({x.size(0)}, x.options().requires_grad(false));
  detail::for_type(x, [&]<class T>(T) {
    std::transform(multiplicity.begin(), multiplicity.end(), weights.mutable_data_ptr<T>(),
                   [](double m) { return static_cast<T>(m); });
  });
  return weights;
}

/// Combines the blocks' moments pairwise from the first to the last.
template <class T>
struct MomentBlocks {
  explicit MomentBlocks(std::int64_t num_blocks, std::int64_t w)
      : width(w), mean(static_cast<std::size_t>(num_blocks * w)), squares(mean.size()), total(num_blocks) {}

  void combine(T* mean_out, T* variance_out) const {
    std::vector<double> means(mean.begin(), mean.begin() + width);
    std::vector<double> sums(squares.begin(), squares.begin() + width);
    double* m = means.data();
    double* s = sums.data();
    double count = total[0];
    for (std::size_t block = 1; block < total.size(); ++block) {
      const double sum = count + total[block];
      const double share = total[block] / sum;
      const double cross = count * share;
      const T* block_mean = mean.data() + static_cast<std::int64_t>(block) * width;
      const T* block_squares = squares.data() + static_cast<std::int64_t>(block) * width;
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        const double delta = static_cast<double>(block_mean[h]) - m[h];
        m[h] += delta * share;
        s[h] += static_cast<double>(block_squares[h]) + delta * delta * cross;
      }
      count = sum;
    }
    for (std::int64_t h = 0; h < width; ++h) {
      mean_out[h] = static_cast<T>(m[h]);
      variance_out[h] = static_cast<T>(s[h] / count);
    }
  }

  std::int64_t width;
  std::vector<T> mean;        ///< [blocks, width]
  std::vector<T> squares;     ///< [blocks, width]
  std::vector<double> total;  ///< [blocks] sum of the weights
};

/// @param x  contiguous  @param weights [R] or undefined
ColumnMoments moments_of(const at::Tensor& x, const at::Tensor& weights) {
  const std::int64_t rows = x.size(0);
  const std::int64_t width = x.size(1);
  ColumnMoments moments{at::empty({width}, x.options().requires_grad(false)),
                        at::empty({width}, x.options().requires_grad(false))};
  detail::for_type(x, [&]<class T>(T) {
    const T* values = x.const_data_ptr<T>();
    const T* weight = weights.defined() ? weights.const_data_ptr<T>() : nullptr;
    MomentBlocks<T> blocks(detail::num_row_blocks(rows, kMomentRows), width);
    detail::for_row_blocks(rows, kMomentRows, [&](std::int64_t first, std::int64_t count, std::int64_t block) {
      const T* w = weight == nullptr ? nullptr : weight + first;
      const double total = w == nullptr ? static_cast<double>(count) : std::accumulate(w, w + count, 0.0);
      blocks.total[static_cast<std::size_t>(block)] = total;
      const std::int64_t offset = block * width;
      detail::block_moments<T>(values + first * width, w, static_cast<T>(total), blocks.mean.data() + offset,
                               blocks.squares.data() + offset, count, width);
    });
    blocks.combine(moments.mean.mutable_data_ptr<T>(), moments.variance.mutable_data_ptr<T>());
  });
  return moments;
}

/// What the kernels need for each column.
template <class T>
class Columns {
 public:
  Columns(const ColumnMoments& moments, const AffineActivation& affine)
      : mean_(moments.mean.contiguous()),
        inverse_((moments.variance + affine.epsilon).rsqrt_()),
        factor_(inverse_ * affine.scale),
        shift_(affine.shift.contiguous()),
        relu_(affine.activation == Activation::Relu) {}
  [[nodiscard]] detail::NormalizationRow<T> row() const {
    return {mean_.const_data_ptr<T>(), inverse_.const_data_ptr<T>(), factor_.const_data_ptr<T>(),
            shift_.const_data_ptr<T>(), relu_};
  }

 private:
  at::Tensor mean_;
  at::Tensor inverse_;
  at::Tensor factor_;
  at::Tensor shift_;
  bool relu_;
};

at::Tensor evaluate(const at::Tensor& x, const ColumnMoments& moments, const AffineActivation& affine) {
  const at::NoGradGuard no_grad;
  const at::Tensor rows = x.contiguous();
  at::Tensor y = at::empty(x.sizes(), rows.options().requires_grad(false));
  detail::for_type(x, [&]<class T>(T) {
    const Columns<T> columns(moments, affine);
    const T* in = rows.const_data_ptr<T>();
    T* out = y.mutable_data_ptr<T>();
    const std::int64_t width = x.size(1);
    detail::for_row_blocks(x.size(0), kMomentRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
      detail::normalize<T>(in + first * width, columns.row(), out + first * width, count, width);
    });
  });
  return y;
}

/// What both directions share.
struct Problem {
  at::Tensor x;
  ColumnMoments moments;
  AffineActivation affine;
  at::Tensor weights;  ///< [R] multiplicities, undefined = ones
  bool own_moments;

  /// Share of a row in the moments, where all rows have the same.
  [[nodiscard]] double equal_share() const { return 1.0 / static_cast<double>(x.size(0)); }
  /// [R] otherwise.
  [[nodiscard]] at::Tensor shares() const {
    return weights.defined() ? weights / weights.sum(at::kDouble).to(weights.scalar_type()) : at::Tensor();
  }
};

/// By differentiable operations, where the backward pass is itself differentiated or reaches the moments: the formula
/// of the fused one, with mean and variance written as functions of x where they are.
/// @param gradients  of the rows and, where the moments are the rows' own, of mean and variance; undefined = zero
variable_list composed_gradient(const variable_list& gradients, const Problem& problem) {
  const at::Tensor& x = problem.x;
  ColumnMoments moments = problem.moments;
  at::Tensor share;
  if (problem.own_moments) {
    share = problem.weights.defined() ? problem.shares().unsqueeze(1)
                                      : at::full({1, 1}, problem.equal_share(), x.options().requires_grad(false));
    moments.mean = (x * share).sum(0);
    moments.variance = ((x - moments.mean).square() * share).sum(0);
  }
  const at::Tensor inverse = (moments.variance + problem.affine.epsilon).rsqrt();
  const at::Tensor deviation = x - moments.mean;
  const at::Tensor unit = deviation * inverse;
  at::Tensor g = gradients[0].defined() ? gradients[0] : at::zeros_like(x);
  if (problem.affine.activation == Activation::Relu)
    g = at::threshold_backward(g, evaluate(x, problem.moments, problem.affine), 0);
  const at::Tensor sums = g.sum(0);
  const at::Tensor products = (g * unit).sum(0);
  const at::Tensor through = problem.own_moments ? g - share * (sums + unit * products) : g;
  at::Tensor dx = through * (problem.affine.scale * inverse);
  if (problem.own_moments && gradients[1].defined()) dx = dx + share * gradients[1];
  if (problem.own_moments && gradients[2].defined()) dx = dx + share * 2 * deviation * gradients[2];
  return {dx, products, sums};
}

/// @param dx  [R, H] where the gradient of x goes, may be `gradient` itself; undefined = not wanted
template <class T>
variable_list fused_gradient_typed(const at::Tensor& gradient, const Problem& problem, const at::Tensor& dx) {
  const at::Tensor rows = problem.x.contiguous();
  const std::int64_t width = rows.size(1);
  const Columns<T> columns(problem.moments, problem.affine);
  const T* x = rows.const_data_ptr<T>();
  const T* g = gradient.const_data_ptr<T>();
  const bool wants_x = dx.defined();
  T* out = wants_x ? dx.mutable_data_ptr<T>() : nullptr;
  const std::int64_t num_blocks = detail::num_row_blocks(rows.size(0), kMomentRows);
  detail::BlockSums<T> sums(num_blocks, width);
  detail::BlockSums<T> products(num_blocks, width);
  detail::for_row_blocks(rows.size(0), kMomentRows, [&](std::int64_t first, std::int64_t count, std::int64_t block) {
    const std::int64_t offset = first * width;
    T* constant_moments = wants_x && !problem.own_moments ? out + offset : nullptr;
    detail::normalization_sums<T>(x + offset, g + offset, columns.row(), sums.of(block), products.of(block),
                                  constant_moments, count, width);
  });
  at::Tensor sum = at::empty({width}, rows.options());
  at::Tensor product = at::empty({width}, rows.options());
  sums.total(sum.mutable_data_ptr<T>());
  products.total(product.mutable_data_ptr<T>());
  if (wants_x && problem.own_moments) {
    const at::Tensor shares = problem.shares();
    const T* share = shares.defined() ? shares.const_data_ptr<T>() : nullptr;
    detail::for_row_blocks(rows.size(0), kMomentRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
      const std::int64_t offset = first * width;
      detail::normalization_gradient<T>(x + offset, g + offset, columns.row(), sum.const_data_ptr<T>(),
                                        product.const_data_ptr<T>(), share == nullptr ? nullptr : share + first,
                                        static_cast<T>(problem.equal_share()), out + offset, count, width);
    });
  }
  return {dx, product, sum};
}

variable_list fused_gradient(const at::Tensor& gradient, const Problem& problem, bool wants_x) {
  const bool alone = detail::is_alone(gradient);
  const at::Tensor dense = gradient.contiguous();
  at::Tensor dx;
  if (wants_x) dx = alone ? dense : at::empty_like(dense);
  variable_list result;
  detail::for_type(dense, [&]<class T>(T) { result = fused_gradient_typed<T>(dense, problem, dx); });
  return result;
}

struct Normalize : torch::autograd::Function<Normalize> {
  static variable_list forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& scale,
                               const at::Tensor& shift, const Problem& problem) {
    const ColumnMoments moments = problem.own_moments ? moments_of(x.contiguous(), problem.weights) : problem.moments;
    const at::Tensor y = evaluate(x, moments, problem.affine);
    context->save_for_backward({x, scale, shift, moments.mean, moments.variance, problem.weights});
    context->saved_data["own_moments"] = problem.own_moments;
    context->saved_data["relu"] = problem.affine.activation == Activation::Relu;
    context->saved_data["epsilon"] = problem.affine.epsilon;
    context->set_materialize_grads(false);
    if (!problem.own_moments) return {y};
    return {y, moments.mean, moments.variance};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Activation activation = context->saved_data["relu"].toBool() ? Activation::Relu : Activation::None;
    const Problem problem{.x = saved[0],
                          .moments = {saved[3], saved[4]},
                          .affine = {saved[1], saved[2], activation, context->saved_data["epsilon"].toDouble()},
                          .weights = saved[5],
                          .own_moments = context->saved_data["own_moments"].toBool()};
    const bool reaches_moments =
        std::any_of(gradients.begin() + 1, gradients.end(), [](const at::Tensor& g) { return g.defined(); });
    variable_list result;
    if (at::GradMode::is_enabled() || reaches_moments)
      result = composed_gradient(gradients, problem);
    else if (gradients[0].defined())
      result = fused_gradient(gradients[0], problem, context->needs_input_grad(0));
    result.resize(4);
    return result;
  }
};

void check_rows(const at::Tensor& x, const AffineActivation& affine) {
  GRAFTAGE_CHECK(x.defined() && x.dim() == 2 && x.size(0) > 0, x.defined() ? x.dim() : -1);
  GRAFTAGE_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), x.scalar_type());
  GRAFTAGE_CHECK(affine.scale.numel() == x.size(1) && affine.shift.numel() == x.size(1), affine.scale.numel(),
                 affine.shift.numel(), x.size(1));
  GRAFTAGE_CHECK(affine.activation != Activation::ReluOfNext, "has its own derivative");
  GRAFTAGE_CHECK(affine.scale.scalar_type() == x.scalar_type() && affine.shift.scalar_type() == x.scalar_type(),
                 x.scalar_type());
}

void check_multiplicity(const at::Tensor& x, const std::vector<double>& multiplicity) {
  GRAFTAGE_CHECK(multiplicity.empty() || static_cast<std::int64_t>(multiplicity.size()) == x.size(0),
                 multiplicity.size(), x.size(0));
}

}  // namespace

ColumnMoments column_moments(const at::Tensor& x, const std::vector<double>& multiplicity) {
  GRAFTAGE_CHECK(x.dim() == 2 && x.size(0) > 0, x.dim());
  GRAFTAGE_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), x.scalar_type());
  check_multiplicity(x, multiplicity);
  const at::NoGradGuard no_grad;
  return moments_of(x.detach().contiguous(), row_weights(x, multiplicity));
}

NormalizedRows normalize_by_own_moments(const at::Tensor& x, const std::vector<double>& multiplicity,
                                        const AffineActivation& affine) {
  check_rows(x, affine);
  check_multiplicity(x, multiplicity);
  const Problem problem{
      .x = {}, .moments = {}, .affine = affine, .weights = row_weights(x, multiplicity), .own_moments = true};
  const variable_list outputs = Normalize::apply(x, affine.scale, affine.shift, problem);
  return {outputs[0], {outputs[1], outputs[2]}};
}

at::Tensor normalize_by_moments(const at::Tensor& x, const ColumnMoments& moments, const AffineActivation& affine) {
  check_rows(x, affine);
  GRAFTAGE_CHECK(moments.mean.numel() == x.size(1) && moments.variance.numel() == x.size(1), moments.mean.numel(),
                 moments.variance.numel(), x.size(1));
  GRAFTAGE_CHECK(!moments.mean.requires_grad() && !moments.variance.requires_grad(), "moments are constants here");
  const Problem problem{.x = {},
                        .moments = {moments.mean.to(x.scalar_type()), moments.variance.to(x.scalar_type())},
                        .affine = affine,
                        .weights = {},
                        .own_moments = false};
  return Normalize::apply(x, affine.scale, affine.shift, problem)[0];
}

}  // namespace graftage::graph
