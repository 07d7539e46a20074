#pragma once

#include "graftage/graph/graph_batch.hpp"
#include "graftage/nn/head.hpp"
#include "pretrain/encoder_objective.hpp"

#include <cstdint>
#include <vector>

namespace graftage::pretrain {

/// Nodes of a batch whose features are hidden, with what they were.
struct MaskedNodes {
  std::vector<std::int64_t> node;  ///< batch-wide, ascending within a graph
  std::vector<std::int64_t> type;  ///< original code of column 0
};

/// Draws floor(rate * n + 1) of the n nodes of each graph (at most n) without replacement, keyed by the graph's id, and
/// replaces their features by the schema's mask codes (Hu et al. 2020; methods 6).
MaskedNodes mask_nodes(graph::GraphBatch& batch, const graph::FeatureSchema& schema, double rate,
                       const core::SeedSequence& seed);

/// Attribute masking (Hu et al. 2020): predict the type of hidden nodes by a linear head, cross-entropy over masked
/// nodes.
class AttributeMasking final : public EncoderObjective {
 public:
  struct Config {
    double mask_rate = 0.15;
  };
  AttributeMasking(const Config& config, const ObjectiveContext& context);
  [[nodiscard]] train::ShardComputation prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const override;

 private:
  [[nodiscard]] train::ShardLoss loss_of(const graph::MessageFlow& flow, const graph::LinearMap& hidden_rows,
                                         const at::Tensor& types) const;
  Config config_;
  nn::HeadShape head_;
};
template <class V>
void visit_fields(V& visit, AttributeMasking::Config& c) {
  visit("mask_rate", c.mask_rate, config::in_range(0, 1), "part of each graph's nodes whose features are hidden");
}

}  // namespace graftage::pretrain
