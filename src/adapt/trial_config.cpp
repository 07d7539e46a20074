#include "graftage/adapt/trial_config.hpp"

#include "graftage/adapt/method.hpp"

namespace graftage::adapt {

std::vector<std::string> enum_names(const Protocol*) { return {"fixed", "reference"}; }

TrialConfig read_trial_config(const config::Node& document) {
  auto config = config::read<TrialConfig>(document);
  config.adapt = methods().resolve(config.adapt, "adapt");
  return config;
}

config::Node resolved(const TrialConfig& config) { return config::dump(config); }

}  // namespace graftage::adapt
