#pragma once

#include "graftage/graph/message_flow.hpp"
#include "graftage/nn/encoder.hpp"

namespace graftage::nn {

/// Floating point operations of an encoder's matrix products in one forward pass over the rows that a flow really
/// computes: U_l rows of layer l through H -> 2H -> H, a multiplication and an addition for each weight. Everything
/// else an encoder does is below 1 % of it (performance 3a).
[[nodiscard]] double encoder_flops(const EncoderConfig& config, const graph::MessageFlow& flow);

/// Of a training step, in units of its forward pass: the gradients with respect to rows and to weights cost the same
/// again each.
constexpr double kTrainingOverForward = 3.0;

}  // namespace graftage::nn
