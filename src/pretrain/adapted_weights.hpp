#pragma once

#include "graftage/nn/parameters.hpp"
#include "graftage/nn/weights.hpp"
#include "pretrain/row_groups.hpp"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace graftage::pretrain {

/// Weights that every graph has adapted for itself by gradient steps, never formed (performance 2.5).
///
/// One step moves a linear layer of graph G to W'_G = W - rate * dY_G^T X_G, with X_G the layer's input rows in the
/// pass whose loss was differentiated and dY_G the gradient of its output rows. So x W'_G^T = x W^T - rate * (x X_G^T)
/// dY_G: one product with the shared W, and two small ones within each graph. A bias adds a constant 1 to x and X; a
/// table is a linear layer whose rows are code counts; scale and shift have one vector per graph. Further steps append
/// terms. Exact, and differentiable to any order through X and dY.
class AdaptedWeights final : public nn::Weights {
 public:
  /// Not yet adapted. @param groups  graphs of the rows; the same in all evaluations
  AdaptedWeights(const nn::Parameters& base, const RowGroups& groups, double rate)
      : base_(base), groups_(groups), rate_(rate) {}

  /// From now on evaluations are appended to `record`; null ends it.
  void record_to(std::vector<nn::Site>* record) { record_ = record; }
  /// Takes one step. @param sites      evaluations of one pass with these weights
  ///                 @param gradients  of the loss with respect to their outputs; undefined = zero
  void add_step(const std::vector<nn::Site>& sites, const std::vector<at::Tensor>& gradients);

  [[nodiscard]] at::Tensor lookup(const std::string& name, const graph::LinearMap& map) const override;
  [[nodiscard]] at::Tensor linear(const std::string& name, const at::Tensor& x) const override;
  [[nodiscard]] at::Tensor scale_shift(const std::string& name, const at::Tensor& x) const override;

 private:
  /// (graph, code) -> row of a table of per-graph changes.
  using CodeRows = std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>;
  struct LookupStep {
    CodeRows rows;
    at::Tensor gradient;  ///< [rows, H]
  };
  struct LinearStep {
    at::Tensor input;     ///< padded [P, In]
    at::Tensor gradient;  ///< padded [P, Out]
  };
  struct ScaleShiftStep {
    at::Tensor scale;  ///< [B, H]
    at::Tensor shift;  ///< [B, H]
  };
  [[nodiscard]] graph::LinearMap per_graph(const graph::LinearMap& map, const CodeRows& rows) const;
  [[nodiscard]] LookupStep lookup_step(const nn::Site& site, const at::Tensor& gradient) const;

  const nn::Parameters& base_;
  const RowGroups& groups_;
  double rate_;
  std::vector<nn::Site>* record_ = nullptr;
  std::map<std::string, std::vector<LookupStep>> lookups_;
  std::map<std::string, std::vector<LinearStep>> linears_;
  std::map<std::string, std::vector<ScaleShiftStep>> scale_shifts_;
};

}  // namespace graftage::pretrain
