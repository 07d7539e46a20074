#pragma once

#include "graftage/graph/message_flow.hpp"
#include "graftage/nn/encoder.hpp"

namespace graftage::nn {

/// Floating point operations of an encoder's matrix products in one forward pass over the rows that a flow really
/// computes: U_l rows of layer l through 2H -> H and as many, or those below if they are fewer (multiplies_before()),
/// through H -> 2H, a multiplication and an addition for each weight. Everything else an encoder does is below 1 % of
/// it (performance 3a). @param reads_out_early  the last layer multiplies its graphs (Encoder::encode_graphs), not its
/// rows
[[nodiscard]] double encoder_flops(const EncoderConfig& config, const graph::MessageFlow& flow,
                                   bool reads_out_early = false);

/// Of a training step, in units of its forward pass: the gradients with respect to rows and to weights cost the same
/// again each.
constexpr double kTrainingOverForward = 3.0;

}  // namespace graftage::nn
