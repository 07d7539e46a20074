#pragma once

#include "graftage/config/fields.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace graftage::train {

/// Adam (Kingma & Ba 2015) with torch's conventions; weight decay is added to the gradient (L2).
struct AdamConfig {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};
template <class V>
void visit_fields(V& visit, AdamConfig& c) {
  visit("lr", c.lr, config::greater_than(0), "step size");
  visit("beta1", c.beta1, config::in_range(0, 1), "decay of the first moment");
  visit("beta2", c.beta2, config::in_range(0, 1), "decay of the second moment");
  visit("epsilon", c.epsilon, config::greater_than(0), "added to the root of the second moment");
  visit("weight_decay", c.weight_decay, config::at_least(0), "L2 penalty added to the gradient");
}

/// State and step over one flat buffer. All tensors are [P] of the parameters' dtype.
class Adam {
 public:
  Adam(AdamConfig config, const at::Tensor& values);
  /// values -= update(gradient), in place.
  void step(at::Tensor& values, const at::Tensor& gradient);
  [[nodiscard]] const AdamConfig& config() const { return config_; }
  at::Tensor first_moment;   ///< [P]
  at::Tensor second_moment;  ///< [P]
  std::int64_t num_steps = 0;

 private:
  AdamConfig config_;
};

}  // namespace graftage::train
