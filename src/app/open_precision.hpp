#pragma once

#include "graftage/config/node.hpp"
#include "graftage/study/stage.hpp"

#include <vector>

namespace graftage::app {

/// True if some `precision` in a configuration is, or may become, auto.
[[nodiscard]] bool leaves_precision_open(const config::Node& document);

/// auto means the same in all stages of a study: what it was settled to in an earlier one.
void carry_precision(const study::Stage& stage, const std::vector<study::Stage>& earlier);

}  // namespace graftage::app
