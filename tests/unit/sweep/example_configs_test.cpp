#include "graftage/config/load.hpp"
#include "graftage/sweep/planner.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

using namespace graftage;

TEST(ExampleConfigs, PromptAgainstFineTuningPlansWhatItSays) {
  const auto document = config::load_yaml(std::string(GRAFTAGE_SOURCE_DIR) + "/configs/sweeps/prompt_vs_finetune.yaml");

  const auto trials = sweep::plan(sweep::read_sweep_config(document), [](const config::Node& node) {
    return sweep::ResolvedTrial{node, node.to_json()};
  });

  // 2 tasks x 3 encoders x (full at one rate + 3 methods at two) x 3 seeds.
  EXPECT_EQ(trials.size(), 2u * 3 * (1 + 3 * 2) * 3);
  std::set<std::string> cells, rates_of_full;
  for (const auto& trial : trials) {
    cells.insert(trial.cell);
    if (trial.parameters.at("adapt.kind") == "\"full\"") rates_of_full.insert(trial.parameters.at("optimizer.lr"));
  }
  EXPECT_EQ(cells.size(), 24u);
  EXPECT_EQ(rates_of_full, (std::set<std::string>{"0.001"}));
}
