#pragma once

#include "graftage/config/fields.hpp"
#include "graftage/core/seed.hpp"
#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/message_flow.hpp"
#include "graftage/nn/batch_norm.hpp"
#include "graftage/nn/parameters.hpp"
#include "graftage/nn/weights.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::nn {

enum class LayerKind { Gin };
std::vector<std::string> enum_names(const LayerKind*);
enum class JumpingKnowledge { Last, Concat, Max, Sum };
std::vector<std::string> enum_names(const JumpingKnowledge*);
enum class Readout { Mean, Sum, Max };
std::vector<std::string> enum_names(const Readout*);

/// Architecture of an encoder (methods 1.2); stored with its weights.
struct EncoderConfig {
  LayerKind layer = LayerKind::Gin;
  std::int64_t num_layers = 5;
  std::int64_t width = 300;
  JumpingKnowledge jumping_knowledge = JumpingKnowledge::Last;
  friend bool operator==(const EncoderConfig&, const EncoderConfig&) = default;
};
template <class V>
void visit_fields(V& visit, EncoderConfig& c) {
  visit("layer", c.layer, config::any(), "message passing layer");
  visit("num_layers", c.num_layers, config::in_range(2, 64), "number of message passing layers");
  visit("width", c.width, config::in_range(1, 8192), "width of node embeddings");
  visit("jumping_knowledge", c.jumping_knowledge, config::any(), "how the layers' outputs are joined");
}

/// How one forward pass treats normalisation and dropout.
struct ForwardOptions {
  Normalization normalization = Normalization::Batch;
  const std::vector<BatchStatistics>* given = nullptr;  ///< [L], for Normalization::Given
  double dropout = 0.0;
  const core::SeedSequence* dropout_seed = nullptr;  ///< needed when dropout > 0
};

struct EncoderOutput {
  at::Tensor rows;                          ///< [U_L, D] rows of the last flow layer after jumping knowledge
  std::vector<BatchStatistics> statistics;  ///< [L] those used by each layer
};

struct EncodedGraphs {
  at::Tensor graphs;                        ///< [B, D] read out
  std::vector<BatchStatistics> statistics;  ///< [L]
};

/// A message passing encoder: a function of (weights, buffers, flow). Holds no tensors.
///
/// Layer l: conv_l, BatchNorm, ReLU except after the last layer, dropout (Hu et al. 2020; methods 1.2).
/// Names: x_embedding{1..Fn}, gnns.{l}.mlp.{0,2}, gnns.{l}.edge_embedding{1..Fe}, batch_norms.{l}.
class Encoder {
 public:
  Encoder(EncoderConfig config, graph::FeatureSchema schema);
  [[nodiscard]] const EncoderConfig& config() const { return config_; }
  [[nodiscard]] const graph::FeatureSchema& schema() const { return schema_; }
  /// Width D of a node embedding after jumping knowledge (the readout's width too).
  [[nodiscard]] std::int64_t output_width() const;

  /// Fresh weights (xavier-uniform tables, Kaiming-uniform linear layers, methods 1.2), float32. 1,857,900 values for 5
  /// x 300.
  [[nodiscard]] Parameters initialize(const core::SeedSequence& seed) const;
  /// running_mean, running_var, num_batches_tracked of each BatchNorm.
  [[nodiscard]] Parameters initial_buffers() const;

  /// How flows for this encoder are made. With dropout in training only the rows before the first dropout merge.
  [[nodiscard]] graph::FlowOptions flow_options(graph::FlowKind kind, double dropout = 0.0) const;

  /// h0 = sum over node columns of their embeddings. @return [U0, H]
  [[nodiscard]] at::Tensor embed_input(const Weights& weights, const graph::MessageFlow& flow) const;
  /// Message passing from given input rows (a prompt may have been added to them). @param h0 [U0, H]
  [[nodiscard]] EncoderOutput forward(const Weights& weights, const Parameters& buffers, const graph::MessageFlow& flow,
                                      const at::Tensor& h0, const ForwardOptions& options) const;
  /// forward() and read_out(), to the same values. Where the last normalisation is constant, a mean or sum over nodes
  /// commutes with everything after the last ReLU, which is then computed for B graphs instead of U_L rows.
  [[nodiscard]] EncodedGraphs encode_graphs(const Weights& weights, const Parameters& buffers,
                                            const graph::MessageFlow& flow, const at::Tensor& h0,
                                            const ForwardOptions& options, Readout readout) const;
  /// First half of layer `layer`: messages and MLP, before normalisation. @param h [U', H] rows below @return [U, H]
  [[nodiscard]] at::Tensor convolve(const Weights& weights, const graph::MessageFlow& flow, std::int64_t layer,
                                    const at::Tensor& h) const;
  /// Second half: normalisation with its affine part and, but for the last layer, ReLU. @param h [U, H] of convolve
  [[nodiscard]] at::Tensor activate(const Weights& weights, std::int64_t layer, const at::Tensor& h,
                                    const BatchStatistics& statistics) const;

 private:
  [[nodiscard]] graph::Activation activation_of(std::int64_t layer) const;
  [[nodiscard]] at::Tensor convolve_means(const Weights& weights, const graph::MessageFlow& flow,
                                          const at::Tensor& h) const;
  /// Second half of layer `layer` as the options want it.
  [[nodiscard]] NormalizedRows normalize_layer(const Weights& weights, const Parameters& buffers,
                                               const ForwardOptions& options, std::int64_t layer,
                                               const graph::FlowLayer& flow_layer, const at::Tensor& h) const;
  EncoderConfig config_;
  graph::FeatureSchema schema_;
};

/// Pools node rows to graphs. @param rows [U_L, D] @return [B, D]
[[nodiscard]] at::Tensor read_out(Readout readout, const graph::MessageFlow& flow, const at::Tensor& rows);

}  // namespace graftage::nn
