#include "adapt/gpf_plus.hpp"

#include "graftage/core/error.hpp"
#include "graftage/nn/head.hpp"

#include <ATen/ATen.h>

namespace graftage::adapt {

GpfPlus::GpfPlus(const Config& config, const MethodContext& context)
    : num_basis_(config.num_basis), width_(context.encoder.config().width), seed_(context.seed.child("prompt")) {}

bool GpfPlus::trains_encoder() const { return false; }

nn::Parameters GpfPlus::initial_prompt() const {
  nn::Parameters prompt;
  nn::add_table(prompt, "prompt.basis", num_basis_, width_, seed_);
  nn::add_linear(prompt, "prompt.score", width_, num_basis_, seed_);
  return prompt;
}

at::Tensor GpfPlus::apply_prompt(const nn::Weights& weights, const at::Tensor& h0) const {
  GRAFTAGE_CHECK(h0.dim() == 2 && h0.size(1) == width_, h0.dim(), width_);
  const at::Tensor mixture = at::softmax(weights.linear("prompt.score", h0), 1);                    // [U0, k]
  const at::Tensor basis = weights.lookup("prompt.basis", graph::LinearMap::identity(num_basis_));  // [k, H]
  return h0 + at::mm(mixture, basis);
}

}  // namespace graftage::adapt
