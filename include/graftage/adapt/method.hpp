#pragma once

#include "graftage/config/registry.hpp"
#include "graftage/core/seed.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/nn/parameters.hpp"
#include "graftage/nn/weights.hpp"

#include <ATen/core/Tensor.h>

namespace graftage::adapt {

/// What every adaptation method is built from.
struct MethodContext {
  const nn::Encoder& encoder;
  core::SeedSequence seed;  ///< of the run: initial prompt
};

/// How a pretrained encoder is adapted to a task: what is added to its input and which of its parameters train.
/// The task's head is the same for all methods and always trains.
class Method {
 public:
  virtual ~Method() = default;
  /// True if all encoder parameters train (full fine-tuning).
  [[nodiscard]] virtual bool trains_encoder() const = 0;
  /// True if the input of a frozen encoder never changes, so its embeddings can be computed once (linear probe).
  [[nodiscard]] virtual bool has_constant_embeddings() const { return false; }
  /// Fresh prompt parameters ("prompt.…"), empty if there is no prompt.
  [[nodiscard]] virtual nn::Parameters initial_prompt() const { return {}; }
  /// Input rows with the prompt added. @param h0 [U0, H] @return [U0, H]
  [[nodiscard]] virtual at::Tensor apply_prompt(const nn::Weights& weights, const at::Tensor& h0) const;
};

using MethodRegistry = config::Registry<Method, MethodContext>;
/// full, linear_probe, gpf, gpf_plus.
[[nodiscard]] const MethodRegistry& methods();

}  // namespace graftage::adapt
