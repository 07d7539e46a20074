#pragma once

#include "graftage/sweep/sweep_config.hpp"
#include "graftage/sweep/trial.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace graftage::sweep {

/// Most trials a sweep may have; checked before anything is expanded.
inline constexpr std::int64_t kMaximumTrials = 1'000'000;

/// Resolves a trial's configuration (spells out defaults, checks it) and gives the text that identifies it.
struct ResolvedTrial {
  config::Node config;
  std::string identity_text;
};
using ResolveTrial = std::function<ResolvedTrial(const config::Node& config)>;

/// All members of a sweep in the order they run, before anything runs: settings of the space x seeds. Settings whose
/// resolved configurations are equal become one. Ids depend on resolved configurations only, never on order.
/// @throws ConfigError with the place of the offending parameter
[[nodiscard]] std::vector<Trial> plan(const SweepConfig& config, const ResolveTrial& resolve);

}  // namespace graftage::sweep
