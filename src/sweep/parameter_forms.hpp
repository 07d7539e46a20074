#pragma once

#include "graftage/sweep/search_space.hpp"

#include <string>

namespace graftage::sweep {

/// Reads one parameter: its distribution (given, or by W&B's rules from what is there), values or bounds, condition.
/// @throws ConfigError
[[nodiscard]] Parameter read_parameter(const std::string& name, const config::Node& section);

}  // namespace graftage::sweep
