#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graftage/sweep/sweep_config.hpp"
#include "graftage/sweep/trial.hpp"

namespace graftage::sweep {

/// Resolves a trial's configuration (spells out defaults, checks it) and gives the text that identifies it.
struct ResolvedTrial {
  config::Node config;
  std::string identity_text;
};
using ResolveTrial = std::function<ResolvedTrial(const config::Node& config)>;

/// All members of a sweep, in order, before anything runs: settings of the space x seeds. The space's size is checked
/// before it is expanded. Ids depend on resolved configurations only, never on order.
/// @throws ConfigError with the place of the offending parameter
[[nodiscard]] std::vector<Trial> plan(const SweepConfig& config, const ResolveTrial& resolve);

}  // namespace graftage::sweep
