#pragma once

#include "adapt/frozen_encoder.hpp"
#include "graftage/adapt/method.hpp"
#include "graftage/adapt/trial_config.hpp"
#include "graftage/nn/head.hpp"
#include "graftage/train/learning_task.hpp"

#include <memory>

namespace graftage::adapt {

/// What an AdaptTask is put together from; encoder and method outlive it.
struct AdaptParts {
  const nn::Encoder& encoder;
  const Method& method;
  nn::Parameters encoder_parameters;  ///< start of full fine-tuning, or used as they are
  nn::Parameters encoder_buffers;     ///< for a frozen encoder under Protocol::Fixed: of estimate_statistics
  graph::LabelSchema labels;
  HeadConfig head;
  Protocol protocol = Protocol::Fixed;
  double dropout = 0.0;
  graph::FlowKind flow = graph::FlowKind::Merged;
  graph::MatmulPrecision precision = graph::MatmulPrecision::Float32;  ///< of the encoder
  std::shared_ptr<const EmbeddingTable> embeddings;                    ///< of a linear probe; null: run the encoder
};

/// A frozen encoder whose normalisation and dropout are off (Protocol::Fixed).
[[nodiscard]] bool is_fixed(const Method& method, Protocol protocol);

/// Supervised training of encoder, prompt and head on labelled graphs.
///
///   encoder              trained            normalisation in training   dropout   buffers
///   full fine-tuning     all parameters     batch                       config    updated by the loop
///   frozen, fixed        none               estimated once              none      never change
///   frozen, reference    none               batch                       config    updated by the loop (they drift)
///
/// Evaluation always normalises by the buffers and drops nothing. Parameters of a frozen encoder require no gradient,
/// so none is computed for them.
class AdaptTask final : public train::LearningTask {
 public:
  AdaptTask(AdaptParts parts, const core::SeedSequence& seed);
  [[nodiscard]] nn::FlatParameters& trainable() override { return trainable_; }
  [[nodiscard]] nn::Parameters& buffers() override { return parts_.encoder_buffers; }
  /// Metric "loss": what the loss term holds.
  [[nodiscard]] train::ShardComputation prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const override;
  /// Predictions in evaluation, without a gradient: logits (Binary) or values (Real). @return [B, T]
  [[nodiscard]] at::Tensor predict(const EvaluationBatch& batch) const;

  [[nodiscard]] std::int64_t num_encoder_parameters() const { return num_encoder_parameters_; }  ///< trained ones
  [[nodiscard]] std::int64_t num_prompt_parameters() const { return num_prompt_parameters_; }
  [[nodiscard]] std::int64_t num_head_parameters() const { return num_head_parameters_; }
  /// Encoder (names without prefix), prompt and head as they are now, sharing memory.
  [[nodiscard]] const nn::Parameters& weights() const { return weights_; }

 private:
  /// Loss and metric from the pooled rows. @param graphs [B, D]
  [[nodiscard]] train::ShardLoss supervise(const at::Tensor& graphs, const at::Tensor& labels,
                                           const at::Tensor& label_mask) const;
  [[nodiscard]] nn::EncodedGraphs encode(const graph::MessageFlow& flow, const nn::ForwardOptions& options) const;
  [[nodiscard]] at::Tensor apply_head(const at::Tensor& graphs) const;

  AdaptParts parts_;
  nn::HeadShape head_shape_;
  nn::FlatParameters trainable_;  ///< "encoder.…" if trained, "prompt.…", "head.…"
  nn::Parameters weights_;
  std::int64_t num_encoder_parameters_ = 0;
  std::int64_t num_prompt_parameters_ = 0;
  std::int64_t num_head_parameters_ = 0;
};

}  // namespace graftage::adapt
