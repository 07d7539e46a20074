#include "graftage/graph/linear_map.hpp"

#include "csr.hpp"
#include "graftage/core/error.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>
#include <numeric>
#include <string>

namespace graftage::graph {

namespace {

using detail::Csr;
using detail::CsrKind;

std::vector<std::int64_t> iota(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), first);
  return values;
}

at::Tensor multiply(const Csr& csr, const at::Tensor& x) {
  if (csr.kind == CsrKind::Identity) return x;
  const at::Tensor dense = x.contiguous();
  at::Tensor out = at::empty({csr.rows(), dense.size(1)}, dense.options());
  if (dense.scalar_type() == at::kFloat)
    detail::multiply(csr, dense.const_data_ptr<float>(), out.mutable_data_ptr<float>(), dense.size(1));
  else
    detail::multiply(csr, dense.const_data_ptr<double>(), out.mutable_data_ptr<double>(), dense.size(1));
  return out;
}

/// Carries a LinearMap through the saved data of an autograd node.
struct MapHolder final : torch::CustomClassHolder {
  explicit MapHolder(LinearMap m) : map(std::move(m)) {}
  LinearMap map;
};

/// y = A x; its backward is the same function with A transposed, so every order of derivative exists.
struct ApplyMap : torch::autograd::Function<ApplyMap> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const LinearMap& map,
                            const Csr& csr) {
    context->saved_data["map"] = c10::IValue::make_capsule(c10::make_intrusive<MapHolder>(map));
    return multiply(csr, x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradient) {
    const auto holder = context->saved_data["map"].toCapsule();
    const LinearMap& map = static_cast<const MapHolder*>(holder.get())->map;
    return {gradient[0].defined() ? map.transposed().apply(gradient[0]) : at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

struct LinearMap::Data {
  Csr matrix;
  mutable Csr transpose;
  mutable std::once_flag transpose_built;
  explicit Data(Csr m) : matrix(std::move(m)) {}
};

namespace {

void check_csr(const Csr& csr) {
  GRAFTAGE_CHECK(csr.columns >= 0 && !csr.row_ptr.empty() && csr.row_ptr.front() == 0, csr.columns, csr.row_ptr.size());
  for (std::size_t r = 1; r < csr.row_ptr.size(); ++r)
    GRAFTAGE_CHECK(csr.row_ptr[r] >= csr.row_ptr[r - 1], r, csr.row_ptr[r - 1], csr.row_ptr[r]);
  GRAFTAGE_CHECK(csr.row_ptr.back() == static_cast<std::int64_t>(csr.column.size()), csr.row_ptr.back(),
                 csr.column.size());
  GRAFTAGE_CHECK(csr.weight.empty() || csr.weight.size() == csr.column.size(), csr.weight.size(), csr.column.size());
  for (const std::int64_t column : csr.column) GRAFTAGE_CHECK(column >= 0 && column < csr.columns, column, csr.columns);
}

/// The transpose of a gather by `segment`, built as it stands: rows are segments.
Csr segments_csr(std::int64_t segments, const std::vector<std::int64_t>& segment) {
  Csr gather{.columns = segments,
             .row_ptr = iota(0, static_cast<std::int64_t>(segment.size()) + 1),
             .column = segment,
             .weight = {}};
  check_csr(gather);
  return detail::transpose(gather);
}

}  // namespace

LinearMap LinearMap::from_csr(std::int64_t columns, std::vector<std::int64_t> row_ptr, std::vector<std::int64_t> column,
                              std::vector<double> weight) {
  Csr csr{.columns = columns, .row_ptr = std::move(row_ptr), .column = std::move(column), .weight = std::move(weight)};
  check_csr(csr);
  return {std::make_shared<const Data>(std::move(csr)), false};
}

LinearMap LinearMap::gather(std::int64_t columns, const std::vector<std::int64_t>& index) {
  Csr csr{.columns = columns,
          .row_ptr = iota(0, static_cast<std::int64_t>(index.size()) + 1),
          .column = index,
          .weight = {},
          .kind = CsrKind::Gather};
  check_csr(csr);
  return {std::make_shared<const Data>(std::move(csr)), false};
}

LinearMap LinearMap::segment_sum(std::int64_t segments, const std::vector<std::int64_t>& segment) {
  return {std::make_shared<const Data>(segments_csr(segments, segment)), false};
}

LinearMap LinearMap::segment_mean(std::int64_t segments, const std::vector<std::int64_t>& segment) {
  Csr csr = segments_csr(segments, segment);
  csr.weight.reserve(csr.column.size());
  for (std::size_t s = 1; s < csr.row_ptr.size(); ++s) {
    const std::int64_t size = csr.row_ptr[s] - csr.row_ptr[s - 1];
    csr.weight.insert(csr.weight.end(), static_cast<std::size_t>(size), 1.0 / static_cast<double>(size));
  }
  return {std::make_shared<const Data>(std::move(csr)), false};
}

LinearMap LinearMap::identity(std::int64_t size) {
  return {std::make_shared<const Data>(Csr{.columns = size,
                                           .row_ptr = iota(0, size + 1),
                                           .column = iota(0, size),
                                           .weight = {},
                                           .kind = CsrKind::Identity}),
          false};
}

const Csr& LinearMap::csr() const {
  GRAFTAGE_CHECK(is_defined());
  if (!transposed_) return data_->matrix;
  std::call_once(data_->transpose_built, [this] { data_->transpose = detail::transpose(data_->matrix); });
  return data_->transpose;
}

bool LinearMap::is_identity() const { return csr().kind == CsrKind::Identity; }
std::int64_t LinearMap::rows() const { return csr().rows(); }
std::int64_t LinearMap::columns() const { return csr().columns; }
const std::vector<std::int64_t>& LinearMap::row_ptr() const { return csr().row_ptr; }
const std::vector<std::int64_t>& LinearMap::column() const { return csr().column; }
const std::vector<double>& LinearMap::weight() const { return csr().weight; }

LinearMap LinearMap::select(const std::vector<std::int64_t>& rows) const {
  for (const std::int64_t row : rows) GRAFTAGE_CHECK(row >= 0 && row < this->rows(), row, this->rows());
  return {std::make_shared<const Data>(detail::select(csr(), rows)), false};
}

LinearMap LinearMap::transposed() const {
  GRAFTAGE_CHECK(is_defined());
  return {data_, !transposed_};
}

at::Tensor LinearMap::apply(const at::Tensor& x) const {
  const Csr& matrix = csr();
  GRAFTAGE_CHECK(x.defined() && x.dim() == 2, x.defined() ? x.dim() : -1);
  GRAFTAGE_CHECK(x.size(0) == matrix.columns, x.size(0), matrix.columns);
  GRAFTAGE_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), x.scalar_type());
  if (matrix.kind == CsrKind::Identity || !x.requires_grad() || !at::GradMode::is_enabled()) return multiply(matrix, x);
  return ApplyMap::apply(x, *this, matrix);
}

}  // namespace graftage::graph
