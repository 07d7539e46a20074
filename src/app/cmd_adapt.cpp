#include "app/command.hpp"
#include "graftage/adapt/trial_runner.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/train/numerics.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace graftage::app {

int run_adapt(const Invocation& invocation) {
  auto config = adapt::read_trial_config(load_document(invocation));
  if (config.train.precision == train::Precision::Auto)
    config.train.precision = train::best_precision(core::cpu_features());
  if (invocation.dry_run) {
    std::cout << adapt::resolved(config).to_yaml();
    return 0;
  }
  core::configure_log(core::LogLevel::Info, 0, 1);
  core::install_stop_signal_handlers();
  core::log_info(train::configure_numerics(static_cast<int>(config.train.threads)));
  adapt::TrialRunner runner;
  (void)runner.identify(config);
  const auto outcome = runner.run(config);
  const nlohmann::json result{{"facts", outcome.facts}, {"values", outcome.values}, {"curves", outcome.curves}};
  std::cout << result.dump(2) << std::endl;
  return 0;
}

}  // namespace graftage::app
