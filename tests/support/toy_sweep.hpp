#pragma once

#include "graftage/config/node.hpp"
#include "graftage/core/error.hpp"
#include "graftage/sweep/trial.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace graftage::testing {

/// Trials whose result is arithmetic; ids "t00", "t01", ….
inline std::vector<sweep::Trial> toy_trials(int count) {
  std::vector<sweep::Trial> trials;
  for (int i = 0; i < count; ++i) {
    sweep::Trial trial;
    trial.id = std::string("t") + (i < 10 ? "0" : "") + std::to_string(i);
    trial.setting = "s" + std::to_string(i / 2);
    trial.cell = "c0";
    trial.number = i;
    trial.seed = i % 2;
    trial.parameters["x"] = std::to_string(i);
    trial.config.kind = config::Node::Kind::Mapping;
    trial.config.entry("x") = config::Node::from_scalar(std::to_string(i));
    trial.config.entry("seed") = config::Node::from_scalar(std::to_string(trial.seed));
    trials.push_back(std::move(trial));
  }
  return trials;
}

inline sweep::TrialResult toy_result(const sweep::Trial& trial) {
  sweep::TrialResult result;
  result.trial = trial;
  result.values = {{"num_head_parameters", 301.0}, {"graphs_per_second", 12.5 + trial.seed}};
  for (int epoch = 0; epoch < 3; ++epoch)
    result.curves["valid/roc_auc"].push_back(1.0 / (1.0 + static_cast<double>(trial.number) + epoch));
  result.curves["test/roc_auc"] = {0.5, std::nan(""), 0.25};
  result.facts = {{"task", "toy"}, {"task_sha256", "ab12"}};
  return result;
}

}  // namespace graftage::testing
