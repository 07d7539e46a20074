#pragma once

#include "graftage/pretrain/objective.hpp"

namespace graftage::pretrain {

/// The part that all objectives share: one flat buffer with the encoder's weights ("encoder.") and the objective's own
/// ("objective."), and the encoder's buffers.
class EncoderObjective : public Objective {
 public:
  [[nodiscard]] nn::FlatParameters& trainable() override { return flat_; }
  [[nodiscard]] nn::Parameters& buffers() override { return buffers_; }
  [[nodiscard]] nn::Parameters encoder_parameters() const override { return flat_.parameters.with_prefix("encoder."); }

 protected:
  /// @param own  initial weights of the objective, names without prefix
  EncoderObjective(const ObjectiveContext& context, const nn::Parameters& own);
  [[nodiscard]] const nn::Encoder& encoder() const { return encoder_; }
  [[nodiscard]] const nn::Parameters& encoder_buffers() const { return buffers_; }
  /// The flow an encoder without dropout computes on, with everything a gradient needs.
  [[nodiscard]] graph::MessageFlow flow_of(const graph::GraphBatch& batch) const;
  [[nodiscard]] graph::FlowKind flow_kind() const { return flow_; }
  [[nodiscard]] graph::MatmulPrecision precision() const { return precision_; }
  [[nodiscard]] nn::Parameters own_parameters() const { return flat_.parameters.with_prefix("objective."); }

 private:
  const nn::Encoder& encoder_;
  nn::FlatParameters flat_;
  nn::Parameters buffers_;
  graph::FlowKind flow_;
  graph::MatmulPrecision precision_;
};

}  // namespace graftage::pretrain
