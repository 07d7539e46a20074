#pragma once

#include "graftage/nn/head.hpp"
#include "pretrain/encoder_objective.hpp"

namespace graftage::bench {

/// An objective that corrupts nothing, as ContextPred, Infomax or EdgePred: a linear head on the mean readout, squared
/// error against a random number per graph that never changes. For measuring only.
class GraphRegression final : public pretrain::EncoderObjective {
 public:
  explicit GraphRegression(const pretrain::ObjectiveContext& context);
  [[nodiscard]] train::ShardComputation prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const override;
  /// [B] standard normal, keyed by graph id.
  [[nodiscard]] static at::Tensor targets(const std::vector<core::GraphId>& ids);

 private:
  nn::HeadShape head_;
};

}  // namespace graftage::bench
