#pragma once

#include "graftage/pretrain/objective.hpp"

namespace graftage::pretrain {

/// The part that all objectives share: one flat buffer with the encoder's weights ("encoder.") and the objective's own
/// ("objective."), and the encoder's buffers.
class EncoderObjective : public Objective {
 public:
  [[nodiscard]] nn::FlatParameters& trainable() override { return flat_; }
  [[nodiscard]] nn::Parameters& buffers() override { return buffers_; }
  [[nodiscard]] nn::Parameters encoder_parameters() override { return flat_.parameters.with_prefix("encoder."); }

 protected:
  /// @param own  initial weights of the objective, names without prefix
  EncoderObjective(const ObjectiveContext& context, const nn::Parameters& own);
  [[nodiscard]] const nn::Encoder& encoder() const { return encoder_; }
  [[nodiscard]] nn::Parameters own_parameters() const { return flat_.parameters.with_prefix("objective."); }

 private:
  const nn::Encoder& encoder_;
  nn::FlatParameters flat_;
  nn::Parameters buffers_;
};

}  // namespace graftage::pretrain
