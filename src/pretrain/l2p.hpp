#pragma once

#include "pretrain/encoder_objective.hpp"
#include "pretrain/l2p_loss.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::pretrain {

/// Which rows the statistics of BatchNorm are taken over.
enum class MetaBatchNorm { Shard, PerGraph };
std::vector<std::string> enum_names(const MetaBatchNorm*);

/// The reference code's inner_lr_node of 1e-3 belongs to an encoder whose output is not normalised and whose BatchNorm
/// follows the adapted weights. Here scores are products of `width` normalised features and the statistics stay those
/// of the first pass: at 5 x 300 a step of 1e-3 takes the loss from 96 to 1e23 before training, one of 1e-5 to 4e5;
/// 1e-6 is learned with from the first steps on [measured].
struct L2pConfig {
  double inner_lr_node = 1e-6;
  double inner_lr_graph = 1e-3;
  std::int64_t inner_steps = 1;
  std::int64_t children = 1;
  std::int64_t support_pairs = 10;
  std::int64_t query_pairs = 5;
  MetaOrder order = MetaOrder::Second;
  MetaBatchNorm batch_norm = MetaBatchNorm::Shard;
  std::int64_t node_budget = 2048;
};
template <class V>
void visit_fields(V& visit, L2pConfig& c) {
  visit("inner_lr_node", c.inner_lr_node, config::at_least(0), "step size of each graph's adaptation of the encoder");
  visit("inner_lr_graph", c.inner_lr_graph, config::at_least(0), "step size of each graph's adaptation of the pooling");
  visit("inner_steps", c.inner_steps, config::in_range(1, 16), "adaptation steps of both levels");
  visit("children", c.children, config::in_range(1, 64), "child tasks of a graph");
  visit("support_pairs", c.support_pairs, config::in_range(1, 1024), "bonds of a child's support set");
  visit("query_pairs", c.query_pairs, config::in_range(1, 1024), "bonds of a child's query set");
  visit("order", c.order, config::any(), "second: the exact outer gradient; first: the inner gradient is a constant");
  visit("batch_norm", c.batch_norm, config::any(), "rows of the statistics: shard");
  visit("node_budget", c.node_budget, config::at_least(1),
        "nodes whose adaptation is held in memory at a time; a graph with more is taken alone");
}

/// L2P-GNN (Lu et al., AAAI 2021): link prediction and graph-subgraph agreement, each adapted per graph.
class L2p final : public EncoderObjective {
 public:
  using Config = L2pConfig;
  /// @throws ConfigError for batch_norm: per_graph
  L2p(const Config& config, const ObjectiveContext& context);
  [[nodiscard]] train::ShardComputation prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const override;

 private:
  Config config_;
};

/// The part of the configuration that a loader needs, and the part that a step needs.
[[nodiscard]] L2pShardOptions shard_options(const L2pConfig& config, graph::FlowKind flow);
[[nodiscard]] L2pSteps inner_steps(const L2pConfig& config);

}  // namespace graftage::pretrain
