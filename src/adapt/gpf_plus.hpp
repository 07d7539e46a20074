#pragma once

#include "graftage/adapt/method.hpp"

namespace graftage::adapt {

/// GPF-plus: node i gets its own mixture of k basis vectors, x_i + sum_j softmax(a(x_i))_j P_j.
///
/// Fang et al. 2023, Eq. 7 (methods 5.1); a is Linear(H -> k) with bias, as in their code. Parameters
/// "prompt.basis.weight" [k, H] (glorot-uniform) and "prompt.score.weight" [k, H], "prompt.score.bias" [k] (torch's
/// Linear).
class GpfPlus final : public Method {
 public:
  struct Config {
    std::int64_t num_basis = 5;  ///< k, called pnum in the published code
  };
  GpfPlus(const Config& config, const MethodContext& context);
  [[nodiscard]] bool trains_encoder() const override;
  [[nodiscard]] nn::Parameters initial_prompt() const override;
  [[nodiscard]] at::Tensor apply_prompt(const nn::Weights& weights, const at::Tensor& h0) const override;

 private:
  std::int64_t num_basis_;
  std::int64_t width_;
  core::SeedSequence seed_;
};
template <class V>
void visit_fields(V& visit, GpfPlus::Config& c) {
  visit("num_basis", c.num_basis, config::in_range(1, 10000), "number of basis vectors (pnum of the published code)");
}

}  // namespace graftage::adapt
