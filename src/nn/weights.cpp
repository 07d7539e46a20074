#include "graftage/nn/weights.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

namespace graftage::nn {

at::Tensor SharedWeights::lookup(const std::string& name, const graph::LinearMap& map) const {
  at::Tensor y = map.apply(parameters_[name + ".weight"]);
  if (record_ != nullptr) record_->push_back({Site::Kind::Lookup, name, map, at::Tensor(), y});
  return y;
}

at::Tensor SharedWeights::linear(const std::string& name, const at::Tensor& x) const {
  const std::string bias = name + ".bias";
  at::Tensor y = parameters_.contains(bias) ? at::linear(x, parameters_[name + ".weight"], parameters_[bias])
                                            : at::linear(x, parameters_[name + ".weight"]);
  if (record_ != nullptr) record_->push_back({Site::Kind::Linear, name, graph::LinearMap(), x, y});
  return y;
}

at::Tensor SharedWeights::scale_shift(const std::string& name, const at::Tensor& x) const {
  at::Tensor y = at::addcmul(parameters_[name + ".bias"], x, parameters_[name + ".weight"]);
  if (record_ != nullptr) record_->push_back({Site::Kind::ScaleShift, name, graph::LinearMap(), x, y});
  return y;
}

}  // namespace graftage::nn
