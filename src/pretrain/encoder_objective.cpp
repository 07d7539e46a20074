#include "pretrain/encoder_objective.hpp"

namespace graftage::pretrain {

EncoderObjective::EncoderObjective(const ObjectiveContext& context, const nn::Parameters& own)
    : encoder_(context.encoder), buffers_(context.encoder.initial_buffers()) {
  nn::Parameters all;
  all.add_all(encoder_.initialize(context.seed.child("encoder")), "encoder.");
  all.add_all(own, "objective.");
  flat_ = nn::flatten(all);
}

}  // namespace graftage::pretrain
