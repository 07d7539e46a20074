#pragma once

#include "graftage/graph/linear_map.hpp"
#include "graftage/nn/parameters.hpp"

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace graftage::nn {

/// How the parametric operations of a model are evaluated: every use of a parameter in an encoder goes through here.
///
/// SharedWeights is the ordinary case. L2P-GNN evaluates the same encoder with per-graph adapted weights, which are
/// never formed but applied as low-rank corrections (performance 2.5).
class Weights {
 public:
  virtual ~Weights() = default;
  /// map [R, C] applied to the table `name`.weight [C, H]. @return [R, H]
  [[nodiscard]] virtual at::Tensor lookup(const std::string& name, const graph::LinearMap& map) const = 0;
  /// x W^T + b of `name`.weight [Out, In] and `name`.bias [Out] (if present). @param x [R, In] @return [R, Out]
  [[nodiscard]] virtual at::Tensor linear(const std::string& name, const at::Tensor& x) const = 0;
  /// x * `name`.weight + `name`.bias, both [H]: the affine part of a normalisation. @param x [R, H]
  [[nodiscard]] virtual at::Tensor scale_shift(const std::string& name, const at::Tensor& x) const = 0;
};

/// One evaluation of a parametric operation, as seen by a recorder: its input and its output.
struct Site {
  enum class Kind { Lookup, Linear, ScaleShift };
  Kind kind;
  std::string name;
  graph::LinearMap map;  ///< of a Lookup
  at::Tensor input;      ///< of a Linear or ScaleShift
  at::Tensor output;     ///< part of the autograd graph
};

/// The same parameters for every row. Optionally records each operation in order.
class SharedWeights final : public Weights {
 public:
  explicit SharedWeights(const Parameters& parameters, std::vector<Site>* record = nullptr)
      : parameters_(parameters), record_(record) {}
  [[nodiscard]] at::Tensor lookup(const std::string& name, const graph::LinearMap& map) const override;
  [[nodiscard]] at::Tensor linear(const std::string& name, const at::Tensor& x) const override;
  [[nodiscard]] at::Tensor scale_shift(const std::string& name, const at::Tensor& x) const override;

 private:
  const Parameters& parameters_;
  std::vector<Site>* record_;
};

}  // namespace graftage::nn
