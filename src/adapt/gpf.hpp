#pragma once

#include "graftage/adapt/method.hpp"

namespace graftage::adapt {

/// Graph prompt feature: one learned vector p added to the input embedding of every node, x_i + p.
///
/// Fang et al. 2023, Eq. 5 (methods 5.1); p acts after the input embedding and before the first layer, as in their
/// code. Parameter "prompt.p.weight" [1, H], glorot-uniform.
class Gpf final : public Method {
 public:
  struct Config {};
  Gpf(const Config& config, const MethodContext& context);
  [[nodiscard]] bool trains_encoder() const override;
  [[nodiscard]] nn::Parameters initial_prompt() const override;
  [[nodiscard]] at::Tensor apply_prompt(const nn::Weights& weights, const at::Tensor& h0) const override;

 private:
  std::int64_t width_;
  core::SeedSequence seed_;
};
template <class V>
void visit_fields(V&, Gpf::Config&) {}

}  // namespace graftage::adapt
