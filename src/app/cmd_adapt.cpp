#include "app/command.hpp"
#include "graftage/adapt/trial_runner.hpp"
#include "graftage/core/allocator.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/train/numerics.hpp"
#include "graftage/train/tensor_memory.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace graftage::app {

namespace {

/// One adaptation takes minutes and has no checkpoint: what the training loop says about continuing is not true here.
adapt::Outcome run_trial(adapt::TrialRunner& runner, const adapt::TrialConfig& config) {
  try {
    return runner.run(config);
  } catch (const core::Interrupted&) {
    throw core::Interrupted(
        "the adaptation was stopped and wrote nothing; the same command starts it from its beginning");
  }
}

}  // namespace

int run_adapt(const Invocation& invocation) {
  auto config = adapt::read_trial_config(load_document(invocation));
  if (config.train.precision == train::Precision::Auto)
    config.train.precision = train::best_precision(core::cpu_features());
  if (invocation.dry_run) {
    std::cout << adapt::resolved(config).to_yaml();
    return 0;
  }
  (void)core::configure_allocator();
  core::configure_log(core::LogLevel::Info, 0, 1);
  core::install_stop_signal_handlers();
  train::configure_tensor_memory();
  core::log_info(train::configure_numerics(static_cast<int>(config.train.threads)));
  adapt::TrialRunner runner;
  (void)runner.identify(config);
  const auto outcome = run_trial(runner, config);
  const nlohmann::json result{{"facts", outcome.facts}, {"values", outcome.values}, {"curves", outcome.curves}};
  std::cout << result.dump(2) << std::endl;
  return 0;
}

}  // namespace graftage::app
