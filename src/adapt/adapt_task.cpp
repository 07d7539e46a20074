#include "adapt/adapt_task.hpp"

#include "adapt/label_loss.hpp"
#include "graftage/core/error.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

namespace graftage::adapt {

bool is_fixed(const Method& method, Protocol protocol) {
  return !method.trains_encoder() && protocol == Protocol::Fixed;
}

AdaptTask::AdaptTask(AdaptParts parts, const core::SeedSequence& seed)
    : parts_(std::move(parts)),
      head_shape_{parts_.encoder.output_width(), static_cast<std::int64_t>(parts_.labels.names.size()),
                  parts_.head.num_layers} {
  GRAFTAGE_CHECK(parts_.labels.kind != graph::LabelKind::None && head_shape_.output > 0, head_shape_.output);
  GRAFTAGE_CHECK(parts_.embeddings == nullptr ||
                     (parts_.method.has_constant_embeddings() && is_fixed(parts_.method, parts_.protocol)),
                 "embeddings of a model that changes");
  const nn::Parameters prompt = parts_.method.initial_prompt();
  const nn::Parameters head = nn::initialize_head("head", head_shape_, seed.child("head"));
  nn::Parameters trained;
  if (parts_.method.trains_encoder()) trained.add_all(parts_.encoder_parameters, "encoder.");
  num_encoder_parameters_ = trained.num_values();
  num_prompt_parameters_ = prompt.num_values();
  num_head_parameters_ = head.num_values();
  trained.add_all(prompt);
  trained.add_all(head);
  trainable_ = nn::flatten(trained);
  weights_ = parts_.method.trains_encoder() ? trainable_.parameters.with_prefix("encoder.")
                                            : nn::detach(parts_.encoder_parameters);
  for (const auto& [name, tensor] : trainable_.parameters.entries())
    if (!name.starts_with("encoder.")) weights_.add(name, tensor);
  parts_.encoder_buffers = nn::clone(parts_.encoder_buffers);
}

nn::EncodedGraphs AdaptTask::encode(const graph::MessageFlow& flow, const nn::ForwardOptions& options) const {
  const nn::SharedWeights weights(weights_, parts_.precision);
  const at::Tensor h0 = parts_.method.apply_prompt(weights, parts_.encoder.embed_input(weights, flow));  // [U0, H]
  return parts_.encoder.encode_graphs(weights, parts_.encoder_buffers, flow, h0, options, parts_.head.readout);
}

at::Tensor AdaptTask::apply_head(const at::Tensor& graphs) const {
  return nn::apply_head(nn::SharedWeights(weights_), "head", head_shape_, graphs);
}

train::ShardLoss AdaptTask::supervise(const at::Tensor& graphs, const at::Tensor& labels,
                                      const at::Tensor& label_mask) const {
  train::ShardLoss result;
  result.loss = label_loss(parts_.labels.kind, apply_head(graphs), labels, label_mask);
  result.metrics.push_back({"loss", result.loss.sum.item<double>(), result.loss.count});
  return result;
}

train::ShardComputation AdaptTask::prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const {
  if (parts_.embeddings != nullptr)
    return [this, ids = std::move(shard.ids), labels = shard.labels, mask = shard.label_mask] {
      return supervise(parts_.embeddings->rows(ids), labels, mask);
    };
  const bool fixed = is_fixed(parts_.method, parts_.protocol);
  const double dropout = fixed ? 0.0 : parts_.dropout;
  graph::MessageFlow flow =
      graph::make_flow(shard, parts_.encoder.schema(), parts_.encoder.flow_options(parts_.flow, dropout));
  graph::prepare_gradients(flow);
  return [this, fixed, dropout, flow = std::move(flow), labels = shard.labels, mask = shard.label_mask,
          dropout_seed = seed.child("dropout")] {
    const nn::ForwardOptions options{.normalization = fixed ? nn::Normalization::Running : nn::Normalization::Batch,
                                     .dropout = dropout,
                                     .dropout_seed = &dropout_seed};
    const nn::EncodedGraphs output = encode(flow, options);
    train::ShardLoss result = supervise(output.graphs, labels, mask);
    if (!fixed)
      for (const nn::BatchStatistics& s : output.statistics)
        result.statistics.push_back({s.mean.detach(), s.variance.detach(), s.count});
    return result;
  };
}

at::Tensor AdaptTask::predict(const EvaluationBatch& batch) const {
  const at::NoGradGuard no_grad;
  if (parts_.embeddings != nullptr) return apply_head(parts_.embeddings->rows(batch.ids));
  nn::ForwardOptions options;
  options.normalization = nn::Normalization::Running;
  return apply_head(encode(batch.flow, options).graphs);
}

}  // namespace graftage::adapt
