#pragma once

#include "graftage/graph/linear.hpp"
#include "graftage/graph/linear_map.hpp"
#include "graftage/graph/map_sum.hpp"
#include "graftage/nn/batch_norm.hpp"
#include "graftage/nn/parameters.hpp"

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace graftage::nn {

/// A table and the map that looks it up.
struct Lookup {
  std::string name;
  graph::LinearMap map;  ///< [R, C]
};

/// Normalised rows and the statistics that they were normalised with.
struct NormalizedRows {
  at::Tensor rows;  ///< [R, H]
  BatchStatistics statistics;
};

/// How the parametric operations of a model are evaluated: every use of a parameter in an encoder goes through here.
///
/// SharedWeights is the one kind there is; L2P-GNN's per-graph weights have formulas of their own (pretrain::GinRows).
/// Three operations are all a kind of weights needs to define; the compound ones below them are made of these, unless
/// one knows a faster way to the same values.
class Weights {
 public:
  virtual ~Weights() = default;
  /// map [R, C] applied to the table `name`.weight [C, H]. @return [R, H]
  [[nodiscard]] virtual at::Tensor lookup(const std::string& name, const graph::LinearMap& map) const = 0;
  /// x W^T + b of `name`.weight [Out, In] and `name`.bias [Out] (if present). @param x [R, In] @return [R, Out]
  [[nodiscard]] virtual at::Tensor linear(const std::string& name, const at::Tensor& x) const = 0;
  /// x * `name`.weight + `name`.bias, both [H]: the affine part of a normalisation. @param x [R, H]
  [[nodiscard]] virtual at::Tensor scale_shift(const std::string& name, const at::Tensor& x) const = 0;

  /// Sum of maps applied to rows and of lookups in tables, at least one in all. @return [R, H]
  [[nodiscard]] virtual at::Tensor gather_sum(const std::vector<graph::MapTerm>& rows,
                                              const std::vector<Lookup>& tables) const;
  /// ReLU of linear().
  [[nodiscard]] virtual at::Tensor linear_relu(const std::string& name, const at::Tensor& x) const;
  /// ReLU of linear(name, gather_sum(rows, tables)).
  [[nodiscard]] virtual at::Tensor gather_linear_relu(const std::string& name, const std::vector<graph::MapTerm>& rows,
                                                      const std::vector<Lookup>& tables) const;
  /// linear(second, gather_linear_relu(first, rows, tables)): a perceptron of two layers.
  [[nodiscard]] virtual at::Tensor gather_mlp(const std::string& first, const std::string& second,
                                              const std::vector<graph::MapTerm>& rows,
                                              const std::vector<Lookup>& tables) const;
  /// activation of scale_shift() of x normalised with given statistics, differentiated through if they are part of a
  /// graph. @param x [R, H]
  [[nodiscard]] virtual at::Tensor normalize(const std::string& name, const at::Tensor& x,
                                             const BatchStatistics& statistics, graph::Activation activation) const;
  /// The same with the statistics of x, differentiated through; those returned are part of its graph too.
  [[nodiscard]] virtual NormalizedRows batch_normalize(const std::string& name, const at::Tensor& x,
                                                       const std::vector<double>& multiplicity,
                                                       graph::Activation activation) const;
};

/// Whether a product with the rows that a map reads is cheaper than with those it makes. A linear layer commutes with
/// sums, so it may be applied on either side; the wider sums cost as much as a tenth of the product [measured].
[[nodiscard]] bool multiplies_before(const graph::LinearMap& map);

/// The same parameters for every row, by the fused operators of `graph`.
class SharedWeights final : public Weights {
 public:
  /// @param precision  of the products in linear() and linear_relu()
  explicit SharedWeights(const Parameters& parameters,
                         graph::MatmulPrecision precision = graph::MatmulPrecision::Float32)
      : parameters_(parameters), precision_(precision) {}
  [[nodiscard]] at::Tensor lookup(const std::string& name, const graph::LinearMap& map) const override;
  [[nodiscard]] at::Tensor linear(const std::string& name, const at::Tensor& x) const override;
  [[nodiscard]] at::Tensor scale_shift(const std::string& name, const at::Tensor& x) const override;
  [[nodiscard]] at::Tensor gather_sum(const std::vector<graph::MapTerm>& rows,
                                      const std::vector<Lookup>& tables) const override;
  [[nodiscard]] at::Tensor linear_relu(const std::string& name, const at::Tensor& x) const override;
  [[nodiscard]] at::Tensor gather_linear_relu(const std::string& name, const std::vector<graph::MapTerm>& rows,
                                              const std::vector<Lookup>& tables) const override;
  [[nodiscard]] at::Tensor gather_mlp(const std::string& first, const std::string& second,
                                      const std::vector<graph::MapTerm>& rows,
                                      const std::vector<Lookup>& tables) const override;
  [[nodiscard]] at::Tensor normalize(const std::string& name, const at::Tensor& x, const BatchStatistics& statistics,
                                     graph::Activation activation) const override;
  [[nodiscard]] NormalizedRows batch_normalize(const std::string& name, const at::Tensor& x,
                                               const std::vector<double>& multiplicity,
                                               graph::Activation activation) const override;

 private:
  [[nodiscard]] at::Tensor evaluate_linear(const std::string& name, const at::Tensor& x, graph::Activation activation,
                                           graph::LinearInput input = graph::LinearInput::Any) const;
  [[nodiscard]] at::Tensor gather_linear(const std::string& name, const std::vector<graph::MapTerm>& rows,
                                         const std::vector<Lookup>& tables, graph::Activation activation) const;
  /// Undefined where there is none.
  [[nodiscard]] at::Tensor bias_of(const std::string& name) const;
  const Parameters& parameters_;
  graph::MatmulPrecision precision_;
};

}  // namespace graftage::nn
