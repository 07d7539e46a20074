#include "adapt/gpf.hpp"

#include "graftage/core/error.hpp"
#include "graftage/nn/head.hpp"

#include <ATen/ATen.h>

namespace graftage::adapt {

Gpf::Gpf(const Config&, const MethodContext& context)
    : width_(context.encoder.config().width), seed_(context.seed.child("prompt")) {}

bool Gpf::trains_encoder() const { return false; }

nn::Parameters Gpf::initial_prompt() const {
  nn::Parameters prompt;
  nn::add_table(prompt, "prompt.p", 1, width_, seed_);
  return prompt;
}

at::Tensor Gpf::apply_prompt(const nn::Weights& weights, const at::Tensor& h0) const {
  GRAFTAGE_CHECK(h0.dim() == 2 && h0.size(1) == width_, h0.dim(), width_);
  const std::vector<std::int64_t> same_row(static_cast<std::size_t>(h0.size(0)), 0);
  return h0 + weights.lookup("prompt.p", graph::LinearMap::gather(1, same_row));
}

}  // namespace graftage::adapt
