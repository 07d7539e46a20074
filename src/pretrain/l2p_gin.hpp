#pragma once

#include "graftage/graph/block_product.hpp"
#include "graftage/graph/linear.hpp"
#include "graftage/graph/message_flow.hpp"
#include "graftage/graph/normalization.hpp"
#include "graftage/nn/encoder.hpp"

#include <ATen/core/Tensor.h>

#include <vector>

namespace graftage::pretrain {

// The encoder (nn::Encoder, GIN) written out for L2P-GNN: a forward pass that keeps what its gradient needs, with every
// graph's own weights, and that gradient as differentiable formulas (methods 3.5a, performance 2.5).

/// The encoder's weights by their place. The transposed matrices share memory with the others but may be leaves of
/// their own, whose gradients then come in their own layout.
struct GinWeights {
  struct Layer {
    at::Tensor weight1, bias1, weight2, bias2;  ///< [2 H, H] [2 H] [H, 2 H] [H]
    at::Tensor transposed1, transposed2;        ///< [H, 2 H] [2 H, H]
    std::vector<at::Tensor> tables;             ///< per edge column: [cardinality, H]
    at::Tensor scale, shift;                    ///< [H]
  };
  std::vector<at::Tensor> tables;  ///< per node column: [cardinality, H]
  std::vector<Layer> layers;
  graph::MatmulPrecision precision = graph::MatmulPrecision::Float32;  ///< of products with the shared matrices
};
[[nodiscard]] GinWeights gin_weights(const nn::Encoder& encoder, const nn::Parameters& parameters,
                                     graph::MatmulPrecision precision);

/// Rows of one layer (or of the input) that each belong to one graph; those of a graph are consecutive.
struct GraphRows {
  at::Tensor block_ptr;      ///< [B + 1] int64
  graph::LinearMap changes;  ///< [U, K] counts of the distinct (graph, code) of all columns side by side
};

/// What differs between the graphs: W'_G = W - rate * sum over steps of dY_G^T X_G, never formed; a table is a linear
/// layer whose rows are code counts; scale and shift have one vector per graph.
struct Adaptation {
  struct Layer {
    std::vector<graph::LowRank> linear1, linear2;  ///< per step: input rows and gradients of the output rows
    at::Tensor tables;                             ///< [K, H] sum of gradients; undefined before the first step
    at::Tensor scale, shift;                       ///< [B, H]
  };
  at::Tensor tables;  ///< of the input, [K, H]
  std::vector<Layer> layers;
  double rate = 0;
};

/// Mean and 1 / sqrt(variance + eps) of each layer.
struct LayerStatistics {
  at::Tensor mean;     ///< [H]
  at::Tensor inverse;  ///< [H]
};

[[nodiscard]] LayerStatistics statistics_of(const graph::ColumnMoments& moments);

/// What a forward pass leaves for its gradient.
struct GinPass {
  struct Layer {
    at::Tensor sum;     ///< [U, H] input of the first linear layer
    at::Tensor hidden;  ///< [U, 2 H] input of the second, after ReLU
    at::Tensor before;  ///< [U, H] before normalisation
    at::Tensor after;   ///< [U, H] output of the layer
  };
  std::vector<Layer> layers;
  at::Tensor rows;    ///< [U_L, D] after jumping knowledge
  at::Tensor choice;  ///< [U_L, D] int64, jumping knowledge max: which layer
};

/// One way to run the encoder: on a flow, with or without graphs of their own weights.
class GinRows {
 public:
  /// All rows have the same weights.
  GinRows(const nn::EncoderConfig& config, const graph::MessageFlow& flow);
  /// @param rows  [L + 1] of the input and of each layer
  GinRows(const nn::EncoderConfig& config, const graph::MessageFlow& flow, const std::vector<GraphRows>& rows);

  /// With statistics of this pass's own rows, which are differentiated through.
  /// @param moments  takes those of each layer
  [[nodiscard]] GinPass forward(const GinWeights& weights, std::vector<graph::ColumnMoments>& moments) const;
  /// With statistics given. @param adaptation  null: the shared weights
  [[nodiscard]] GinPass forward(const GinWeights& weights, const std::vector<LayerStatistics>& statistics,
                                const Adaptation* adaptation) const;
  /// Takes one step: `adaptation` moves along the gradient of each graph's own loss with respect to its weights, with
  /// statistics held constant. Differentiable (once) in weights, statistics, `pass` and `gradient`. @param pass of
  /// these weights @param gradient  [U_L, D] of the losses with respect to pass.rows. Graphs share no row, so the
  /// gradient of the sum of their losses is that of each graph's own.
  void step(const GinWeights& weights, const std::vector<LayerStatistics>& statistics, const GinPass& pass,
            const at::Tensor& gradient, Adaptation& adaptation) const;

 private:
  [[nodiscard]] at::Tensor embed(const GinWeights& weights, const Adaptation* adaptation) const;
  [[nodiscard]] GinPass::Layer convolve(const GinWeights& weights, std::size_t layer, const at::Tensor& h,
                                        const Adaptation* adaptation) const;
  [[nodiscard]] at::Tensor normalize(const GinWeights::Layer& weights, std::size_t layer, const at::Tensor& h,
                                     const LayerStatistics& statistics, const Adaptation* adaptation) const;
  [[nodiscard]] at::Tensor scales(const GinWeights::Layer& weights, std::size_t layer,
                                  const LayerStatistics& statistics, const Adaptation* adaptation) const;
  void finish(GinPass& pass, std::vector<at::Tensor> outputs) const;
  /// Gradients of the input's and of all layers' outputs, each at the rows of the last layer; undefined = zero.
  [[nodiscard]] std::vector<at::Tensor> split(const GinPass& pass, const at::Tensor& gradient) const;
  [[nodiscard]] graph::Activation activation(std::size_t layer) const;

  const nn::EncoderConfig& config_;
  const graph::MessageFlow& flow_;
  std::vector<GraphRows> rows_;
};

}  // namespace graftage::pretrain
