#include "adapt/full.hpp"

namespace graftage::adapt {

Full::Full(const Config&, const MethodContext&) {}

bool Full::trains_encoder() const { return true; }

}  // namespace graftage::adapt
