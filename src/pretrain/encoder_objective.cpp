#include "pretrain/encoder_objective.hpp"

namespace graftage::pretrain {

EncoderObjective::EncoderObjective(const ObjectiveContext& context, const nn::Parameters& own)
    : encoder_(context.encoder),
      buffers_(context.encoder.initial_buffers()),
      flow_(context.flow),
      precision_(context.precision) {
  nn::Parameters all;
  all.add_all(encoder_.initialize(context.seed.child("encoder")), "encoder.");
  all.add_all(own, "objective.");
  flat_ = nn::flatten(all);
}

graph::MessageFlow EncoderObjective::flow_of(const graph::GraphBatch& batch) const {
  graph::MessageFlow flow = graph::make_flow(batch, encoder_.schema(), encoder_.flow_options(flow_));
  graph::prepare_gradients(flow);
  return flow;
}

}  // namespace graftage::pretrain
