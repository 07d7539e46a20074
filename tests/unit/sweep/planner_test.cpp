#include "graftage/sweep/planner.hpp"

#include "graftage/config/fields.hpp"
#include "graftage/config/load.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "support/expect_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace graftage::sweep;
namespace config = graftage::config;
using graftage::core::ConfigError;

namespace {

struct ToyAdapt {
  std::string kind = "full";
  std::int64_t pnum = 0;
};
template <class V>
void visit_fields(V& visit, ToyAdapt& c) {
  visit("kind", c.kind, config::any(), "method");
  visit("pnum", c.pnum, config::in_range(0, 100), "prompts");
}
struct ToyTrial {
  ToyAdapt adapt;
  double lr = 0.5;
  std::int64_t seed = 0;
};
template <class V>
void visit_fields(V& visit, ToyTrial& c) {
  visit("adapt", c.adapt, config::any(), "method");
  visit("lr", c.lr, config::greater_than(0), "step size");
  visit("seed", c.seed, config::any(), "run seed");
}

ResolvedTrial resolve(const config::Node& document) {
  ResolvedTrial resolved;
  resolved.config = config::dump(config::read<ToyTrial>(document));
  resolved.identity_text = resolved.config.to_json();
  return resolved;
}

std::vector<Trial> plan_of(const std::string& yaml) {
  const auto document = config::parse_yaml(
      "name: toy\noutput: out\ncompare: [adapt.kind]\nreplicates: {seeds: [0, 1]}\n" + yaml, "toy.yaml");
  return plan(read_sweep_config(document), resolve);
}

std::string refusal(const std::string& yaml) {
  try {
    (void)plan_of(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::set<std::string> ids_of(const std::vector<Trial>& trials) {
  std::set<std::string> ids;
  for (const auto& trial : trials) ids.insert(trial.id);
  return ids;
}

const std::string kSpace =
    "parameters:\n"
    "  adapt.kind: {values: [full, gpf]}\n"
    "  lr: {values: [0.1, 0.2], when: {adapt.kind: gpf}}\n";

}  // namespace

TEST(Planner, ListsSettingsTimesSeeds) {
  const auto trials = plan_of(kSpace);

  ASSERT_EQ(trials.size(), 6u);
  EXPECT_EQ(trials[0].parameters, (std::map<std::string, std::string>{{"adapt.kind", "\"full\""}, {"lr", "0.5"}}));
  EXPECT_EQ(trials[1].seed, 1);
  EXPECT_EQ(trials[1].setting, trials[0].setting);
  EXPECT_NE(trials[1].id, trials[0].id);
  EXPECT_EQ(trials[2].cell, trials[5].cell);
  EXPECT_NE(trials[2].setting, trials[4].setting);
  EXPECT_NE(trials[0].cell, trials[2].cell);
  EXPECT_EQ(trials[5].number, 5);
  EXPECT_EQ(trials[3].config.find_path("seed")->scalar, "1");
}

TEST(Planner, IdIsTheHashOfTheIdentityText) {
  const auto trials = plan_of(kSpace);

  EXPECT_EQ(trials[0].id,
            graftage::core::sha256_hex(R"({"adapt":{"kind":"full","pnum":0},"lr":0.5,"seed":0})").substr(0, 16));
}

TEST(Planner, ShuffledOrderKeepsTheIds) {
  std::string yaml = "order: shuffled\nparameters:\n  lr: {values: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n";
  auto shuffled = plan_of(yaml);
  const auto again = plan_of(yaml);
  const auto listed = plan_of(yaml.substr(16));

  EXPECT_EQ(ids_of(shuffled), ids_of(listed));
  const auto same_id = [](const Trial& a, const Trial& b) { return a.id == b.id && a.number == b.number; };
  EXPECT_TRUE(std::equal(shuffled.begin(), shuffled.end(), again.begin(), again.end(), same_id));
  EXPECT_FALSE(std::equal(shuffled.begin(), shuffled.end(), listed.begin(), listed.end(), same_id));
  std::sort(shuffled.begin(), shuffled.end(), [](const Trial& a, const Trial& b) { return a.number < b.number; });
  EXPECT_TRUE(std::equal(shuffled.begin(), shuffled.end(), listed.begin(), listed.end(), same_id));
}

TEST(Planner, EqualConfigurationsBecomeOneTrial) {
  EXPECT_EQ(plan_of("parameters:\n  lr: {values: [0.001, 1e-3, 0.5, 0.50]}\n").size(), 4u);
}

TEST(Planner, RandomSearchDrawsRunCapSettings) {
  const std::string yaml = "method: random\nrun_cap: 5\nseed: 9\nparameters:\n  lr: {min: 0.1, max: 0.9}\n";

  EXPECT_EQ(plan_of(yaml).size(), 10u);
  EXPECT_EQ(ids_of(plan_of(yaml)), ids_of(plan_of(yaml)));
  const auto fewer = ids_of(plan_of("method: random\nrun_cap: 3\nseed: 9\nparameters:\n  lr: {min: 0.1, max: 0.9}\n"));
  const auto more = ids_of(plan_of(yaml));
  EXPECT_TRUE(std::includes(more.begin(), more.end(), fewer.begin(), fewer.end()));
}

TEST(Planner, RunCapCutsAGrid) { EXPECT_EQ(plan_of("run_cap: 2\n" + kSpace).size(), 4u); }

TEST(Planner, RefusesAParameterThatIsNoFieldOfTheTrial) {
  const auto message = refusal("parameters:\n  lr: {value: 1}\n  adapt.pnumm: {values: [1, 2]}\n");

  EXPECT_HAS(message, "toy.yaml:7:");
  EXPECT_HAS(message, "pnumm");
  EXPECT_HAS(message, "did you mean 'pnum'?");
  EXPECT_HAS(refusal("parameters:\n  optimizer.lr: {values: [1]}\n"), "toy.yaml:6:");
}

TEST(Planner, RefusesABadValueAtItsPlace) {
  const auto message = refusal("parameters:\n  lr: {values: [0.1, -0.1]}\n");

  EXPECT_HAS(message, "toy.yaml:6:22: lr:");
  EXPECT_HAS(message, "[trial lr=-0.1]");
}

TEST(Planner, RefusesAnUnknownComparedField) {
  const auto document = config::parse_yaml(
      "name: toy\noutput: out\ncompare: [adapt.knd]\nparameters:\n  adapt.kind: {values: [full]}\n", "toy.yaml");

  try {
    (void)plan(read_sweep_config(document), resolve);
    FAIL() << "compare: adapt.knd was accepted";
  } catch (const ConfigError& error) {
    EXPECT_HAS(std::string(error.what()), "did you mean 'adapt.kind'?");
  }
}

TEST(Planner, RefusesTooManyTrials) {
  EXPECT_HAS(refusal("method: random\nrun_cap: 600000\nparameters:\n  lr: {min: 0.1, max: 0.9}\n"),
             "more than 1,000,000 trials");
  EXPECT_HAS(refusal("parameters:\n  adapt.pnum: {min: 0, max: 600000}\n"), "more than 500,000 settings");
}
