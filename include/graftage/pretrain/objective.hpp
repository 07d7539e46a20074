#pragma once

#include "graftage/config/registry.hpp"
#include "graftage/core/seed.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/train/learning_task.hpp"

namespace graftage::pretrain {

/// What every objective is built from.
struct ObjectiveContext {
  const nn::Encoder& encoder;
  core::SeedSequence seed;  ///< for initial weights
  graph::FlowKind flow = graph::FlowKind::Merged;
  graph::MatmulPrecision precision = graph::MatmulPrecision::Float32;
};

/// A self-supervised objective: owns the encoder's weights ("encoder." prefix) and its auxiliary heads ("objective.").
class Objective : public train::LearningTask {
 public:
  /// Encoder weights, names without prefix, sharing memory with trainable().
  [[nodiscard]] virtual nn::Parameters encoder_parameters() const = 0;
  /// Fewest graphs a virtual shard needs (2 where a BatchNorm or "another graph" does).
  [[nodiscard]] virtual std::int64_t minimum_shard() const { return 2; }
};

using ObjectiveRegistry = config::Registry<Objective, ObjectiveContext>;
/// All objectives by name: attribute_masking, l2p.
[[nodiscard]] const ObjectiveRegistry& objectives();

}  // namespace graftage::pretrain
