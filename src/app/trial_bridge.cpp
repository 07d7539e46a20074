#include "app/trial_bridge.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

namespace graftage::app {

sweep::ResolvedTrial resolve_trial(adapt::TrialRunner& runner, const config::Node& config,
                                   const sweep::MetricConfig& metric, train::Precision auto_means) {
  auto trial = adapt::read_trial_config(config);
  if (trial.train.precision == train::Precision::Auto) trial.train.precision = auto_means;
  const auto identity = runner.identify(trial);
  if (metric.name != "valid/" + identity.metric || metric.goal != identity.goal)
    throw core::ConfigError("", "metric: '" + core::printable(metric.name) + "', " + metric.goal +
                                    ", does not fit task " + identity.task_name + "; write {name: valid/" +
                                    identity.metric + ", goal: " + identity.goal + "}");
  return {.config = adapt::resolved(trial), .identity_text = identity.digest_text};
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
