#pragma once

#include "graftage/adapt/trial_runner.hpp"
#include "graftage/sweep/planner.hpp"
#include "graftage/sweep/trial.hpp"

namespace graftage::app {

/// What the sweep layer, which knows no tensors, is given to resolve and run adaptations.
/// @param auto_means  precision of trials that leave it open @throws ConfigError if the trial's task has no curve
/// `metric`
[[nodiscard]] sweep::ResolvedTrial resolve_trial(adapt::TrialRunner& runner, const config::Node& config,
                                                 const sweep::MetricConfig& metric, train::Precision auto_means);
[[nodiscard]] sweep::TrialResult run_trial(adapt::TrialRunner& runner, const sweep::Trial& trial);

}  // namespace graftage::app
