#include "app/trial_bridge.hpp"

namespace graftage::app {

sweep::ResolvedTrial resolve_trial(adapt::TrialRunner& runner, const config::Node& config) {
  const auto trial = adapt::read_trial_config(config);
  return {.config = adapt::resolved(trial), .identity_text = runner.identify(trial).digest_text};
}

sweep::TrialResult run_trial(adapt::TrialRunner& runner, const sweep::Trial& trial) {
  auto outcome = runner.run(adapt::read_trial_config(trial.config));
  return {.trial = trial,
          .status = sweep::TrialStatus::Done,
          .exit_code = 0,
          .reason = "",
          .values = std::move(outcome.values),
          .curves = std::move(outcome.curves),
          .facts = std::move(outcome.facts)};
}

}  // namespace graftage::app
