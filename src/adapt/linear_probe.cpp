#include "adapt/linear_probe.hpp"

namespace graftage::adapt {

LinearProbe::LinearProbe(const Config&, const MethodContext&) {}

bool LinearProbe::trains_encoder() const { return false; }

bool LinearProbe::has_constant_embeddings() const { return true; }

}  // namespace graftage::adapt
