#pragma once

#include "graftage/graph/graph_batch.hpp"
#include "pretrain/encoder_objective.hpp"
#include "pretrain/link_pairs.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::pretrain {

/// Whether the outer gradient differentiates through the inner one.
enum class MetaOrder { Second, First };
std::vector<std::string> enum_names(const MetaOrder*);
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
}

/// All a loss is a function of; float32 or float64.
struct L2pWeights {
  nn::Parameters encoder;  ///< psi, names without prefix
  nn::Parameters pooling;  ///< omega: "pool.weight" [D, D], h_G = mean of node rows times the transpose
};

/// Outer loss of one virtual shard in paper mode (Lu et al. 2021; settled in methods 3.5a): the sum over graphs of
/// L_node(query) with psi'_G plus L_graph(query) with omega'_G, differentiable with respect to `weights`.
///
/// Statistics of BatchNorm come from the forward pass with psi over the shard. They are constants of the inner
/// gradient, are used again in the adapted passes, and are differentiated in the outer gradient. @pre at least two
/// graphs
[[nodiscard]] train::ShardLoss l2p_loss(const nn::Encoder& encoder, const L2pWeights& weights,
                                        const graph::GraphBatch& shard, const Links& links, const L2pConfig& config);

/// L2P-GNN (Lu et al., AAAI 2021): link prediction and graph-subgraph agreement, each adapted per graph.
class L2p final : public EncoderObjective {
 public:
  using Config = L2pConfig;
  /// @throws ConfigError for batch_norm: per_graph
  L2p(const Config& config, const ObjectiveContext& context);
  [[nodiscard]] train::ShardLoss loss(const graph::GraphBatch& shard, const core::SeedSequence& seed) override;

 private:
  Config config_;
};

}  // namespace graftage::pretrain
