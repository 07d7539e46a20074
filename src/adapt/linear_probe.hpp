#pragma once

#include "graftage/adapt/method.hpp"

namespace graftage::adapt {

/// Linear probe: only the head trains, on embeddings that never change (unless protocol: reference drops parts of
/// them).
class LinearProbe final : public Method {
 public:
  struct Config {};
  LinearProbe(const Config& config, const MethodContext& context);
  [[nodiscard]] bool trains_encoder() const override;
  [[nodiscard]] bool has_constant_embeddings() const override;
};
template <class V>
void visit_fields(V&, LinearProbe::Config&) {}

}  // namespace graftage::adapt
