#pragma once

#include "graftage/graph/message_flow.hpp"
#include "graftage/nn/encoder.hpp"

namespace graftage::nn {

/// Shortcuts that a pass takes.
struct PassShortcuts {
  bool multiplies_before = true;  ///< in layers where there are fewer rows below, see nn::multiplies_before()
  bool reads_out_early = false;   ///< the last layer multiplies its graphs, not its rows, see Encoder::encode_graphs()
};

/// Floating point operations of an encoder's matrix products in one forward pass over the rows that a flow really
/// computes: those of each layer through H -> 2H -> H, a multiplication and an addition for each weight. Everything
/// else an encoder does is below 1 % of it (performance 3a).
[[nodiscard]] double encoder_flops(const EncoderConfig& config, const graph::MessageFlow& flow,
                                   const PassShortcuts& shortcuts = {});

/// Of a training step, in units of its forward pass: the gradients with respect to rows and to weights cost the same
/// again each.
constexpr double kTrainingOverForward = 3.0;

}  // namespace graftage::nn
