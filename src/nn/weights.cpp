#include "graftage/nn/weights.hpp"

#include "graftage/core/error.hpp"
#include "graftage/graph/normalization.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace graftage::nn {

at::Tensor Weights::gather_sum(const std::vector<graph::MapTerm>& rows, const std::vector<Lookup>& tables) const {
  GRAFTAGE_CHECK(!rows.empty() || !tables.empty());
  at::Tensor sum;
  const auto add = [&sum](const at::Tensor& term) { sum = sum.defined() ? sum + term : term; };
  for (const graph::MapTerm& term : rows) add(term.map.apply(term.x));
  for (const Lookup& table : tables) add(lookup(table.name, table.map));
  return sum;
}

at::Tensor Weights::linear_relu(const std::string& name, const at::Tensor& x) const {
  return at::relu(linear(name, x));
}

at::Tensor Weights::gather_linear_relu(const std::string& name, const std::vector<graph::MapTerm>& rows,
                                       const std::vector<Lookup>& tables) const {
  return linear_relu(name, gather_sum(rows, tables));
}

at::Tensor Weights::gather_mlp(const std::string& first, const std::string& second,
                               const std::vector<graph::MapTerm>& rows, const std::vector<Lookup>& tables) const {
  return linear(second, gather_linear_relu(first, rows, tables));
}

at::Tensor Weights::normalize(const std::string& name, const at::Tensor& x, const BatchStatistics& statistics,
                              graph::Activation activation) const {
  const at::Tensor y = scale_shift(name, nn::normalize(x, statistics));
  return activation == graph::Activation::Relu ? at::relu(y) : y;
}

NormalizedRows Weights::batch_normalize(const std::string& name, const at::Tensor& x,
                                        const std::vector<double>& multiplicity, graph::Activation activation) const {
  BatchStatistics statistics = batch_statistics(x, multiplicity);
  at::Tensor rows = normalize(name, x, statistics, activation);
  return {std::move(rows), std::move(statistics)};
}

bool multiplies_before(const graph::LinearMap& map) { return 10 * map.columns() < 9 * map.rows(); }

at::Tensor SharedWeights::lookup(const std::string& name, const graph::LinearMap& map) const {
  return map.apply(parameters_[name + ".weight"]);
}

at::Tensor SharedWeights::evaluate_linear(const std::string& name, const at::Tensor& x, graph::Activation activation,
                                          graph::LinearInput input) const {
  return graph::linear(x, parameters_[name + ".weight"], bias_of(name), activation, precision_, input);
}

at::Tensor SharedWeights::bias_of(const std::string& name) const {
  const std::string bias = name + ".bias";
  return parameters_.contains(bias) ? parameters_[bias] : at::Tensor();
}

at::Tensor SharedWeights::linear(const std::string& name, const at::Tensor& x) const {
  return evaluate_linear(name, x, graph::Activation::None);
}

at::Tensor SharedWeights::scale_shift(const std::string& name, const at::Tensor& x) const {
  return at::addcmul(parameters_[name + ".bias"], x, parameters_[name + ".weight"]);
}

at::Tensor SharedWeights::gather_sum(const std::vector<graph::MapTerm>& rows, const std::vector<Lookup>& tables) const {
  std::vector<graph::MapTerm> terms = rows;
  for (const Lookup& table : tables) terms.push_back({table.map, parameters_[table.name + ".weight"]});
  return graph::sum_of_maps(terms);
}

at::Tensor SharedWeights::linear_relu(const std::string& name, const at::Tensor& x) const {
  return evaluate_linear(name, x, graph::Activation::Relu);
}

at::Tensor SharedWeights::gather_linear(const std::string& name, const std::vector<graph::MapTerm>& rows,
                                        const std::vector<Lookup>& tables, graph::Activation activation) const {
  const auto before = [](const graph::MapTerm& term) { return multiplies_before(term.map); };
  if (!std::all_of(rows.begin(), rows.end(), before))
    return evaluate_linear(name, gather_sum(rows, tables), activation);
  const at::Tensor& weight = parameters_[name + ".weight"];
  const auto multiplied = [&](const at::Tensor& x) {
    return graph::linear(x, weight, at::Tensor(), graph::Activation::None, precision_);
  };
  std::vector<graph::MapTerm> terms;
  for (const graph::MapTerm& term : rows) terms.push_back({term.map, multiplied(term.x)});
  for (const Lookup& table : tables) terms.push_back({table.map, multiplied(parameters_[table.name + ".weight"])});
  return graph::sum_of_maps(terms, bias_of(name), activation);
}

at::Tensor SharedWeights::gather_linear_relu(const std::string& name, const std::vector<graph::MapTerm>& rows,
                                             const std::vector<Lookup>& tables) const {
  return gather_linear(name, rows, tables, graph::Activation::Relu);
}

at::Tensor SharedWeights::gather_mlp(const std::string& first, const std::string& second,
                                     const std::vector<graph::MapTerm>& rows, const std::vector<Lookup>& tables) const {
  return evaluate_linear(second, gather_linear(first, rows, tables, graph::Activation::ReluOfNext),
                         graph::Activation::None, graph::LinearInput::Rectified);
}

at::Tensor SharedWeights::normalize(const std::string& name, const at::Tensor& x, const BatchStatistics& statistics,
                                    graph::Activation activation) const {
  const bool constants = !statistics.mean.requires_grad() && !statistics.variance.requires_grad();
  if (!constants) return Weights::normalize(name, x, statistics, activation);
  return graph::normalize_by_moments(
      x, {statistics.mean, statistics.variance},
      {parameters_[name + ".weight"], parameters_[name + ".bias"], activation, kBatchNormEpsilon});
}

NormalizedRows SharedWeights::batch_normalize(const std::string& name, const at::Tensor& x,
                                              const std::vector<double>& multiplicity,
                                              graph::Activation activation) const {
  const double count = batch_count(x, multiplicity);
  const graph::NormalizedRows y = graph::normalize_by_own_moments(
      x, multiplicity, {parameters_[name + ".weight"], parameters_[name + ".bias"], activation, kBatchNormEpsilon});
  return {y.rows, {y.moments.mean, y.moments.variance, count}};
}

}  // namespace graftage::nn
