#include "pretrain/adapted_weights.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <cstdint>

namespace graftage::pretrain {

namespace {

/// Entry of a map of vectors, or an empty list.
template <class Step>
const std::vector<Step>& steps_of(const std::map<std::string, std::vector<Step>>& steps, const std::string& name) {
  static const std::vector<Step> none;
  const auto found = steps.find(name);
  return found == steps.end() ? none : found->second;
}

}  // namespace

void AdaptedWeights::add_step(const std::vector<nn::Site>& sites, const std::vector<at::Tensor>& gradients) {
  GRAFTAGE_CHECK(sites.size() == gradients.size(), sites.size(), gradients.size());
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const nn::Site& site = sites[i];
    const at::Tensor& gradient = gradients[i];
    if (!gradient.defined()) continue;
    switch (site.kind) {
      case nn::Site::Kind::Lookup:
        lookups_[site.name].push_back(lookup_step(site, gradient));
        break;
      case nn::Site::Kind::Linear:
        linears_[site.name].push_back({groups_.pad(site.input), groups_.pad(gradient)});
        break;
      case nn::Site::Kind::ScaleShift:
        scale_shifts_[site.name].push_back({groups_.sum(site.input * gradient), groups_.sum(gradient)});
        break;
    }
  }
}

/// Columns (graph, code) instead of codes; entries of pairs that `rows` does not have are left out.
graph::LinearMap AdaptedWeights::per_graph(const graph::LinearMap& map, const CodeRows& rows) const {
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int64_t> column;
  std::vector<double> weight;
  for (std::size_t r = 0; r < groups_.row_graph().size(); ++r) {
    for (auto k = static_cast<std::size_t>(map.row_ptr()[r]); k < static_cast<std::size_t>(map.row_ptr()[r + 1]); ++k) {
      const auto found = rows.find({groups_.row_graph()[r], map.column()[k]});
      if (found == rows.end()) continue;
      column.push_back(found->second);
      weight.push_back(map.weight().empty() ? 1.0 : map.weight()[k]);
    }
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
  }
  return graph::LinearMap::from_csr(static_cast<std::int64_t>(rows.size()), std::move(row_ptr), std::move(column),
                                    std::move(weight));
}

AdaptedWeights::LookupStep AdaptedWeights::lookup_step(const nn::Site& site, const at::Tensor& gradient) const {
  CodeRows rows;
  for (std::size_t r = 0; r < groups_.row_graph().size(); ++r)
    for (auto k = static_cast<std::size_t>(site.map.row_ptr()[r]);
         k < static_cast<std::size_t>(site.map.row_ptr()[r + 1]); ++k)
      rows.try_emplace({groups_.row_graph()[r], site.map.column()[k]}, static_cast<std::int64_t>(rows.size()));
  const at::Tensor sums = per_graph(site.map, rows).transposed().apply(gradient);
  return {std::move(rows), sums};
}

at::Tensor AdaptedWeights::lookup(const std::string& name, const graph::LinearMap& map) const {
  GRAFTAGE_CHECK(map.rows() == groups_.num_rows(), name, map.rows(), groups_.num_rows());
  at::Tensor y = map.apply(base_[name + ".weight"]);
  for (const LookupStep& step : steps_of(lookups_, name))
    y = y.sub(per_graph(map, step.rows).apply(step.gradient), rate_);
  if (record_ != nullptr) record_->push_back({nn::Site::Kind::Lookup, name, map, at::Tensor(), y});
  return y;
}

at::Tensor AdaptedWeights::linear(const std::string& name, const at::Tensor& x) const {
  GRAFTAGE_CHECK(x.size(0) == groups_.num_rows(), name, x.size(0), groups_.num_rows());
  const std::string bias = name + ".bias";
  const bool has_bias = base_.contains(bias);
  at::Tensor y =
      has_bias ? at::linear(x, base_[name + ".weight"], base_[bias]) : at::linear(x, base_[name + ".weight"]);
  for (const LinearStep& step : steps_of(linears_, name))
    y = y.sub(groups_.product(x, step.input, step.gradient, has_bias ? 1.0 : 0.0), rate_);
  if (record_ != nullptr) record_->push_back({nn::Site::Kind::Linear, name, graph::LinearMap(), x, y});
  return y;
}

at::Tensor AdaptedWeights::scale_shift(const std::string& name, const at::Tensor& x) const {
  GRAFTAGE_CHECK(x.size(0) == groups_.num_rows(), name, x.size(0), groups_.num_rows());
  at::Tensor y = at::addcmul(base_[name + ".bias"], x, base_[name + ".weight"]);
  for (const ScaleShiftStep& step : steps_of(scale_shifts_, name))
    y = y.sub(at::addcmul(groups_.spread(step.shift), x, groups_.spread(step.scale)), rate_);
  if (record_ != nullptr) record_->push_back({nn::Site::Kind::ScaleShift, name, graph::LinearMap(), x, y});
  return y;
}

}  // namespace graftage::pretrain
