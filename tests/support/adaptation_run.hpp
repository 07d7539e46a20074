#pragma once

#include "graftage/config/fields.hpp"
#include "graftage/config/load.hpp"
#include "graftage/sweep/planner.hpp"
#include "graftage/sweep/trial_store.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace graftage::testing {

/// A sweep of 2 encoders x 2 methods on one task, 3 seeds, lr swept for gpf; results follow a formula.
///
/// Validation peaks in epoch 2 of 3 (for seed 2 in epoch 3) and is best for lr 0.01. Test follows validation 0.1 lower,
/// 0.01 higher per seed, and 0.005 more per seed for the pretrained encoder; but for lr 0.001 it is 0.99, so that a
/// selection that looked at test would show.
inline const std::string kRunYaml =
    "name: prompt against fine-tuning\n"
    "output: out\n"
    "metric: {name: valid/roc_auc, goal: maximize}\n"
    "replicates: {seeds: [0, 1, 2]}\n"
    "trial: {optimizer: {lr: 0.001}, train: {epochs: 3}}\n"
    "parameters:\n"
    "  task.corpus: {values: [corpora/nav]}\n"
    "  encoder.source: {values: [random, runs/l2p]}\n"
    "  adapt.kind: {values: [full, gpf]}\n"
    "  optimizer.lr: {values: [0.001, 0.01], when: {adapt.kind: gpf}}\n";

inline std::string scalar(const config::Node& node, const char* path) { return node.find_path(path)->scalar; }

inline sweep::TrialResult run_adaptation(const sweep::Trial& trial) {
  const bool pretrained = scalar(trial.config, "encoder.source") != "random";
  const bool prompt = scalar(trial.config, "adapt.kind") == "gpf";
  const bool chosen = !prompt || scalar(trial.config, "optimizer.lr") == "0.01";
  const auto seed = static_cast<double>(trial.seed);
  sweep::TrialResult result;
  result.trial = trial;
  for (int epoch = 0; epoch < 3; ++epoch) {
    const double peak = epoch == 1 ? 0.03 : epoch == 2 ? (trial.seed == 2 ? 0.04 : 0.01) : 0.0;
    const double valid = 0.6 + (pretrained ? 0.1 : 0) + (prompt ? 0.05 : 0) + (prompt && chosen ? 0.02 : 0) + peak;
    result.curves["valid/roc_auc"].push_back(valid);
    result.curves["test/roc_auc"].push_back(chosen ? valid - 0.1 + (pretrained ? 0.015 : 0.01) * seed : 0.99);
  }
  result.values = {{"num_encoder_parameters", prompt ? 0.0 : 1857900.0},
                   {"num_prompt_parameters", prompt ? 300.0 : 0.0},
                   {"num_head_parameters", 301.0}};
  result.facts = {{"task", "nav"},
                  {"task_origin", "measured"},
                  {"task_sha256", "aa"},
                  {"encoder", pretrained ? "l2p" : "random"},
                  {"encoder_sha256", pretrained ? "bb" : ""},
                  {"encoder_seed", pretrained ? "7" : ""},
                  {"method", prompt ? "gpf" : "full"},
                  {"protocol", "fixed"}};
  return result;
}

/// Plans the sweep into a directory and stores what `run` returns; a result of status Missing is not stored.
inline void make_run(const std::filesystem::path& directory, const std::string& yaml,
                     const std::function<sweep::TrialResult(const sweep::Trial&)>& run) {
  const auto config = sweep::read_sweep_config(config::parse_yaml(yaml, "sweep.yaml"));
  const auto trials = sweep::plan(config, [](const config::Node& document) {
    return sweep::ResolvedTrial{document, document.to_json()};
  });
  const sweep::TrialStore store(directory);
  store.write_plan(config::dump(config).to_json(), trials);
  for (const auto& trial : trials) {
    const auto result = run(trial);
    if (result.status != sweep::TrialStatus::Missing) store.write(result);
  }
}

}  // namespace graftage::testing
