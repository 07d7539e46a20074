#include "adapt/full.hpp"
#include "adapt/gpf.hpp"
#include "adapt/gpf_plus.hpp"
#include "adapt/linear_probe.hpp"

#include <ATen/ATen.h>

namespace graftage::adapt {

at::Tensor Method::apply_prompt(const nn::Weights&, const at::Tensor& h0) const { return h0; }

const MethodRegistry& methods() {
  static const MethodRegistry table = [] {
    MethodRegistry registry("adaptation method");
    registry.add<Full>("full").add<LinearProbe>("linear_probe").add<Gpf>("gpf").add<GpfPlus>("gpf_plus");
    return registry;
  }();
  return table;
}

}  // namespace graftage::adapt
