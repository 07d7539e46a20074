#include "graftage/sweep/sweep_config.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "support/expect_text.hpp"

#include <gtest/gtest.h>

#include <string>

using graftage::config::parse_yaml;
using graftage::core::ConfigError;
using graftage::sweep::read_sweep_config;

namespace {

const std::string kBase =
    "name: toy\n"
    "output: runs/toy\n";
const std::string kLr = "parameters:\n  lr: {values: [1, 2]}\n";

/// Message of the ConfigError that reading `text` throws, or "" if it is accepted.
std::string refusal(const std::string& text) {
  try {
    (void)read_sweep_config(parse_yaml(text, "toy.yaml"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST(SweepConfig, ReadsWandbKeysAndExtensions) {
  const auto config = read_sweep_config(parse_yaml(kBase +
                                                       "program: train.py\ncommand: [python, train.py]\nentity: me\n"
                                                       "project: p\nmethod: random\nrun_cap: 4\norder: shuffled\n"
                                                       "metric: {name: valid/rmse, goal: minimize}\n"
                                                       "replicates: {seeds: [5, 7]}\ntrial: {train: {epochs: 3}}\n" +
                                                       kLr,
                                                   "toy.yaml"));

  EXPECT_EQ(config.method, "random");
  EXPECT_EQ(config.run_cap, 4);
  EXPECT_EQ(config.metric.goal, "minimize");
  EXPECT_EQ(config.replicates.seeds, (std::vector<std::int64_t>{5, 7}));
  EXPECT_EQ(config.trial.find_path("train.epochs")->scalar, "3");
}

TEST(SweepConfig, RefusesUnsupportedKeysByNameAndPlace) {
  EXPECT_HAS(refusal(kBase + "method: bayes\n" + kLr), "toy.yaml:3:9: method: 'bayes' is not supported");
  EXPECT_HAS(refusal(kBase + "early_terminate: {type: hyperband, min_iter: 5}\n" + kLr),
             "toy.yaml:3:18: 'early_terminate' is not supported");
  EXPECT_HAS(refusal(kBase + "metric: {name: valid/roc_auc, goal: maximize, target: 0.9}\n" + kLr), "metric.target");
  EXPECT_HAS(refusal(kBase + "constraints: [\"a <= 1\"]\n" + kLr), "'constraints' is not supported");
}

TEST(SweepConfig, RefusesUnknownKeysWithTheNearest) {
  const auto message = refusal(kBase + "metod: grid\n" + kLr);

  EXPECT_HAS(message, "toy.yaml:3");
  EXPECT_HAS(message, "metod");
  EXPECT_HAS(message, "did you mean 'method'?");
}

TEST(SweepConfig, SelectionIsOnValidationOnly) {
  EXPECT_HAS(refusal(kBase + "metric: {name: test/roc_auc, goal: maximize}\n" + kLr), "is no validation curve");
  EXPECT_HAS(refusal(kBase + "metric: {name: valid/rmse}\n" + kLr), "metric.goal: say maximize or minimize");
  EXPECT_HAS(refusal(kBase + "metric: {name: valid/rmse, goal: maximise}\n" + kLr), "did you mean 'maximize'?");
}

TEST(SweepConfig, SeedsAreReplicates) {
  EXPECT_HAS(refusal(kBase + "replicates: {seeds: [1, 2, 1]}\n" + kLr), "seed 1 is listed twice");
  EXPECT_HAS(refusal(kBase + "replicates: {seeds: []}\n" + kLr), "at least one run seed");
  EXPECT_HAS(refusal(kBase + "trial: {seed: 3}\n" + kLr), "trial.seed");
  EXPECT_HAS(refusal(kBase + "parameters:\n  seed: {values: [1, 2]}\n"), "toy.yaml:4:3: parameters.seed");
}

TEST(SweepConfig, RefusesUnboundedSearch) {
  EXPECT_HAS(refusal(kBase + "method: random\n" + kLr), "random needs run_cap");
  EXPECT_HAS(refusal(kBase + "parameters:\n  lr: {min: 0.1, max: 0.2}\n"), "a grid needs finitely many values");
  EXPECT_HAS(refusal(kBase + "parameters:\n  lr: {values: [1, 2], probabilities: [0.5, 0.5]}\n"),
             "probabilities mean nothing in a grid");
  EXPECT_EQ(refusal(kBase + "parameters:\n  lr: {distribution: q_uniform, min: 0, max: 1, q: 0.25}\n"), "");
}
