#include "pretrain/l2p.hpp"

#include "graftage/core/error.hpp"
#include "graftage/nn/head.hpp"

#include <memory>

namespace graftage::pretrain {

namespace {

nn::Parameters initial_pooling(const ObjectiveContext& context) {
  nn::Parameters parameters;
  const std::int64_t width = context.encoder.output_width();
  nn::add_linear(parameters, "pool", width, width, context.seed.child("objective"), /*bias=*/false);
  return parameters;
}

}  // namespace

std::vector<std::string> enum_names(const MetaBatchNorm*) { return {"shard", "per_graph"}; }

L2pShardOptions shard_options(const L2pConfig& config, graph::FlowKind flow) {
  return {.flow = flow, .children = config.children, .node_budget = config.node_budget};
}

L2pSteps inner_steps(const L2pConfig& config) {
  return {.rate_node = config.inner_lr_node,
          .rate_graph = config.inner_lr_graph,
          .count = config.inner_steps,
          .order = config.order};
}

L2p::L2p(const Config& config, const ObjectiveContext& context)
    : EncoderObjective(context, initial_pooling(context)), config_(config) {
  if (config.batch_norm == MetaBatchNorm::PerGraph)
    throw core::ConfigError(
        "",
        "objective.batch_norm: per_graph is refused: the encoder ends in a BatchNorm without ReLU, so "
        "every mean-pooled graph would be the same vector and the graph-level loss void; use shard");
}

train::ShardComputation L2p::prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const {
  const Links links = draw_links(shard, {config_.children, config_.support_pairs, config_.query_pairs}, seed);
  const auto prepared =
      std::make_shared<const L2pShard>(prepare_l2p(encoder(), shard, links, shard_options(config_, flow_kind())));
  return [this, prepared] {
    return l2p_loss(encoder(), {encoder_parameters(), own_parameters(), precision()}, *prepared, inner_steps(config_));
  };
}

}  // namespace graftage::pretrain
