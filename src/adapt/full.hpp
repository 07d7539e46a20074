#pragma once

#include "graftage/adapt/method.hpp"

namespace graftage::adapt {

/// Full fine-tuning: every encoder parameter trains, nothing is added (Hu et al. 2020; methods 5.4).
class Full final : public Method {
 public:
  struct Config {};
  Full(const Config& config, const MethodContext& context);
  [[nodiscard]] bool trains_encoder() const override;
};
template <class V>
void visit_fields(V&, Full::Config&) {}

}  // namespace graftage::adapt
