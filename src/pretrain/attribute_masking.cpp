#include "pretrain/attribute_masking.hpp"

#include "graftage/core/error.hpp"
#include "graftage/graph/message_flow.hpp"
#include "graftage/nn/flops.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace graftage::pretrain {

namespace {

constexpr const char* kHead = "node_type";

/// The first `count` of a shuffle of [0, size), ascending.
std::vector<std::int64_t> choose(std::int64_t size, std::int64_t count, core::RandomStream stream) {
  std::vector<std::int64_t> items(static_cast<std::size_t>(size));
  std::iota(items.begin(), items.end(), std::int64_t{0});
  for (std::int64_t i = 0; i < count; ++i) {
    const auto other = i + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(size - i)));
    std::swap(items[static_cast<std::size_t>(i)], items[static_cast<std::size_t>(other)]);
  }
  items.resize(static_cast<std::size_t>(count));
  std::sort(items.begin(), items.end());
  return items;
}

}  // namespace

MaskedNodes mask_nodes(graph::GraphBatch& batch, const graph::FeatureSchema& schema, double rate,
                       const core::SeedSequence& seed) {
  const std::size_t columns = schema.node.size();
  GRAFTAGE_CHECK(schema.node_mask.size() == columns, schema.node_mask.size(), columns);
  MaskedNodes masked;
  for (std::int64_t g = 0; g < batch.num_graphs(); ++g) {
    const auto i = static_cast<std::size_t>(g);
    const std::int64_t nodes = batch.node_ptr[i + 1] - batch.node_ptr[i];
    const auto wanted = static_cast<std::int64_t>(std::floor(rate * static_cast<double>(nodes) + 1.0));
    for (const std::int64_t local :
         choose(nodes, std::min(nodes, wanted), seed.child("mask").child(batch.ids[i].value).stream())) {
      const std::int64_t node = batch.node_ptr[i] + local;
      const std::size_t at = static_cast<std::size_t>(node) * columns;
      const std::int64_t type = batch.node_features[at];
      if (type >= schema.num_maskable_types)
        throw core::DataError("graph " + std::to_string(batch.ids[i].value), schema.node[0].name,
                              "code " + std::to_string(type) + " is no class of attribute masking (0 to " +
                                  std::to_string(schema.num_maskable_types - 1) + "); import the corpus again");
      masked.node.push_back(node);
      masked.type.push_back(type);
      std::copy(schema.node_mask.begin(), schema.node_mask.end(),
                batch.node_features.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return masked;
}

AttributeMasking::AttributeMasking(const Config& config, const ObjectiveContext& context)
    : EncoderObjective(
          context,
          nn::initialize_head(kHead, {context.encoder.output_width(), context.encoder.schema().num_maskable_types, 1},
                              context.seed.child("objective"))),
      config_(config),
      head_{context.encoder.output_width(), context.encoder.schema().num_maskable_types, 1} {}

train::ShardComputation AttributeMasking::prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const {
  const MaskedNodes masked = mask_nodes(shard, encoder().schema(), config_.mask_rate, seed);
  graph::MessageFlow flow = flow_of(shard);
  const graph::LinearMap hidden_rows = flow.node_rows.select(masked.node);
  (void)hidden_rows.transposed().rows();  // built here, not in the backward pass
  return [this, flow = std::move(flow), hidden_rows, types = at::tensor(masked.type, at::kLong)] {
    return loss_of(flow, hidden_rows, types);
  };
}

/// @param hidden_rows  [M, U_L] rows of the hidden nodes @param types  [M] what they were
train::ShardLoss AttributeMasking::loss_of(const graph::MessageFlow& flow, const graph::LinearMap& hidden_rows,
                                           const at::Tensor& types) const {
  const nn::Parameters encoder_weights = encoder_parameters();
  const nn::Parameters head_weights = own_parameters();
  const nn::SharedWeights weights(encoder_weights, precision());
  const nn::EncoderOutput output =
      encoder().forward(weights, encoder_buffers(), flow, encoder().embed_input(weights, flow), nn::ForwardOptions{});
  const at::Tensor scores =
      nn::apply_head(nn::SharedWeights(head_weights), kHead, head_, hidden_rows.apply(output.rows));  // [M, C]
  const auto count = static_cast<double>(types.numel());
  const at::Tensor sum = at::cross_entropy_loss(scores, types, {}, at::Reduction::Sum);
  const auto correct = scores.detach().argmax(1).eq(types).sum().item<std::int64_t>();
  return {{sum, count},
          {{"accuracy", static_cast<double>(correct), count}},
          output.statistics,
          nn::kTrainingOverForward * nn::encoder_flops(encoder().config(), flow)};
}

}  // namespace graftage::pretrain
