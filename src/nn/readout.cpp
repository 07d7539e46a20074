#include "graftage/core/error.hpp"
#include "graftage/nn/encoder.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace graftage::nn {

namespace {

/// For each graph and feature the first row that holds the maximum (a NaN counts as one); 0 for an empty graph.
template <class T>
void find_maxima(const graph::LinearMap& members, const T* rows, std::int64_t width, std::int64_t* index) {
  const auto& row_ptr = members.row_ptr();
  const auto& column = members.column();
  for (std::size_t g = 0; g + 1 < row_ptr.size(); ++g, index += width) {
    for (auto k = static_cast<std::size_t>(row_ptr[g]); k < static_cast<std::size_t>(row_ptr[g + 1]); ++k) {
      const bool first = k == static_cast<std::size_t>(row_ptr[g]);
      for (std::int64_t h = 0; h < width; ++h) {
        const T candidate = rows[column[k] * width + h];
        const T best = first ? candidate : rows[index[h] * width + h];
        if (first || candidate > best || (std::isnan(candidate) && !std::isnan(best))) index[h] = column[k];
      }
    }
  }
}

/// A gather by the rows of the maxima: differentiable to any order, gradient to the first maximum as in torch.max.
at::Tensor max_over_graphs(const graph::LinearMap& members, const at::Tensor& rows) {
  const at::Tensor values = rows.detach().contiguous();
  at::Tensor index = at::zeros({members.rows(), rows.size(1)}, at::kLong);
  if (rows.scalar_type() == at::kFloat)
    find_maxima(members, values.const_data_ptr<float>(), rows.size(1), index.mutable_data_ptr<std::int64_t>());
  else
    find_maxima(members, values.const_data_ptr<double>(), rows.size(1), index.mutable_data_ptr<std::int64_t>());
  const auto& row_ptr = members.row_ptr();
  for (std::size_t g = 0; g + 1 < row_ptr.size(); ++g)
    GRAFTAGE_CHECK(row_ptr[g] < row_ptr[g + 1], "the maximum over a graph without nodes, graph", g);
  return rows.gather(0, index);
}

}  // namespace

std::vector<std::string> enum_names(const Readout*) { return {"mean", "sum", "max"}; }

at::Tensor read_out(Readout readout, const graph::MessageFlow& flow, const at::Tensor& rows) {
  switch (readout) {
    case Readout::Mean:
      return flow.graph_mean.apply(rows);
    case Readout::Sum:
      return flow.graph_sum.apply(rows);
    case Readout::Max:
      return max_over_graphs(flow.graph_sum, rows);
  }
  GRAFTAGE_CHECK(false, "readout", static_cast<int>(readout));
  return {};
}

}  // namespace graftage::nn
