#include "graftage/pretrain/objective.hpp"
#include "pretrain/attribute_masking.hpp"
#include "pretrain/l2p.hpp"

namespace graftage::pretrain {

const ObjectiveRegistry& objectives() {
  static const auto table = ObjectiveRegistry("objective").add<AttributeMasking>("attribute_masking").add<L2p>("l2p");
  return table;
}

}  // namespace graftage::pretrain
