#include "graftage/sweep/search_space.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "support/expect_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

using namespace graftage::sweep;
using graftage::config::parse_yaml;
using graftage::core::ConfigError;
using graftage::core::SeedSequence;

namespace {

SearchSpace space_of(const std::string& yaml) { return read_search_space(parse_yaml(yaml, "space.yaml")); }

std::string refusal(const std::string& yaml) {
  try {
    (void)space_of(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::vector<std::string> grid_of(const std::string& yaml, std::uint64_t limit = 1000) {
  std::vector<std::string> lines;
  for (const Setting& setting : enumerate_grid(space_of(yaml), limit)) {
    std::string line;
    for (const auto& value : setting) line += (value ? value->to_json() : "-") + " ";
    lines.push_back(line);
  }
  return lines;
}

/// Sorted draws of the only parameter.
std::vector<double> draws_of(const std::string& parameter, int count = 4000) {
  const SearchSpace space = space_of("x: " + parameter);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(std::stod(draw_setting(space, SeedSequence(3), i)[0]->scalar));
  std::sort(values.begin(), values.end());
  return values;
}

double quantile(const std::vector<double>& sorted, double p) {
  return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size()))];
}

}  // namespace

TEST(SearchSpace, DefaultsAreThoseOfWandb) {
  const auto space = space_of(
      "a: {value: 3}\nb: {values: [x, y]}\nc: {min: 1, max: 4}\nd: {min: 1.0, max: 4}\n"
      "e: {values: [1, 2], probabilities: [0.25, 0.75]}\n");

  ASSERT_EQ(space.parameters.size(), 5u);
  EXPECT_EQ(space.parameters[0].distribution, Distribution::Constant);
  EXPECT_EQ(space.parameters[1].distribution, Distribution::Categorical);
  EXPECT_EQ(space.parameters[2].distribution, Distribution::IntUniform);
  EXPECT_EQ(space.parameters[3].distribution, Distribution::Uniform);
  EXPECT_EQ(space.parameters[4].probabilities.size(), 2u);
}

TEST(SearchSpace, NestedParametersBecomeDottedNames) {
  const auto space =
      space_of("optimizer:\n  parameters:\n    lr: {values: [1, 2]}\n    adam: {parameters: {beta: {value: 0.9}}}\n");

  ASSERT_EQ(space.parameters.size(), 2u);
  EXPECT_EQ(space.parameters[0].name, "optimizer.lr");
  EXPECT_EQ(space.parameters[1].name, "optimizer.adam.beta");
}

TEST(SearchSpace, GridListsTheProductFirstParameterSlowest) {
  EXPECT_EQ(grid_of("a: {values: [1, two]}\nb: {min: 3, max: 4}\n"),
            (std::vector<std::string>{"1 3 ", "1 4 ", "\"two\" 3 ", "\"two\" 4 "}));
  EXPECT_EQ(grid_of("x: {distribution: q_uniform, min: 0.1, max: 0.4, q: 0.1}\n"),
            (std::vector<std::string>{"0.1 ", "0.2 ", "0.3 ", "0.4 "}));
}

TEST(SearchSpace, ConditionalParametersTakeValuesOnlyWhereTheConditionHolds) {
  const std::string yaml =
      "lr: {values: [1e-3, 1e-2], when: {kind: [probe, gpf]}}\n"
      "kind: {values: [full, probe, gpf]}\n"
      "pnum: {values: [5, 10], when: {kind: gpf, lr: 0.01}}\n";

  EXPECT_EQ(grid_of(yaml), (std::vector<std::string>{"\"full\" - - ", "\"probe\" 0.001 - ", "\"probe\" 0.01 - ",
                                                     "\"gpf\" 0.001 - ", "\"gpf\" 0.01 5 ", "\"gpf\" 0.01 10 "}));
}

TEST(SearchSpace, ConditionsAreChecked) {
  EXPECT_HAS(refusal("a: {values: [1]}\nb: {values: [1], when: {aa: 1}}\n"), "did you mean 'a'?");
  EXPECT_HAS(refusal("a: {values: [1, 2]}\nb: {values: [1], when: {a: 3}}\n"), "'a' is never 3");
  EXPECT_HAS(refusal("a: {values: [1], when: {b: 1}}\nb: {values: [1], when: {a: 1}}\n"), "go round in a circle");
}

TEST(SearchSpace, SizeIsCheckedBeforeExpansion) {
  std::string yaml;
  for (int i = 0; i < 12; ++i) yaml += "p" + std::to_string(i) + ": {min: 0, max: 1000000000000}\n";

  try {
    (void)grid_of(yaml, 1'000'000);
    FAIL() << "12 parameters of 10^12 values were accepted";
  } catch (const ConfigError& error) {
    EXPECT_HAS(std::string(error.what()), "space.yaml:1:1");
    EXPECT_HAS(std::string(error.what()), "more than 1,000,000 settings");
  }
}

TEST(SearchSpace, RefusesWhatItDoesNotUnderstandWithItsPlace) {
  EXPECT_HAS(refusal("a:\n  values: [1]\n  vlaue: 2\n"), "space.yaml:3");
  EXPECT_HAS(refusal("a: {distribution: log_unifrom, min: 1, max: 2}"), "did you mean 'log_uniform'?");
  EXPECT_HAS(refusal("a: {distribution: beta, a: 1, b: 2}"), "distribution 'beta' is not supported");
  EXPECT_HAS(refusal("a: {distribution: uniform, min: 2, max: 1}"), "'max' is below 'min'");
  EXPECT_HAS(refusal("a: {distribution: log_uniform_values, min: 0, max: 1}"), "needs a 'min' above 0");
  EXPECT_HAS(refusal("a: {distribution: log_uniform, min: 1, max: 1000}"), "bounds are exponents");
  EXPECT_HAS(refusal("a: {distribution: q_normal, q: 0}"), "'q' must be above 0");
  EXPECT_HAS(refusal("a: {distribution: normal, min: 0}"), "'min' is no key of a normal parameter");
  EXPECT_HAS(refusal("a: {distribution: int_uniform, min: 0.5, max: 2}"), "int_uniform needs integers");
  EXPECT_HAS(refusal("a: {values: [1, 2], probabilities: [0.5, 0.6]}"), "sum to 1.1");
  EXPECT_HAS(refusal("a: {values: []}"), "'values' is empty");
  EXPECT_HAS(refusal("a: 3"), "expected {values: [...]}");
  EXPECT_HAS(refusal("a: {mu: 0}"), "needs 'value', 'values'");
  EXPECT_HAS(refusal("a b: {value: 1}"), "a name has letters");
  EXPECT_HAS(refusal("a: {value: 1}\na.b: {value: 2}"), "overlaps with 'a'");
}

TEST(SearchSpace, DrawsDoNotDependOnOtherParametersOrEarlierDraws) {
  const auto one = space_of("x: {min: 0.0, max: 1.0}\n");
  const auto two = space_of("a: {values: [1, 2, 3]}\nx: {min: 0.0, max: 1.0}\n");

  EXPECT_EQ(draw_setting(one, SeedSequence(7), 5)[0]->scalar, draw_setting(two, SeedSequence(7), 5)[1]->scalar);
  EXPECT_NE(draw_setting(one, SeedSequence(7), 5)[0]->scalar, draw_setting(one, SeedSequence(7), 6)[0]->scalar);
  EXPECT_NE(draw_setting(one, SeedSequence(7), 5)[0]->scalar, draw_setting(one, SeedSequence(8), 5)[0]->scalar);
}

// Quantiles of 4,000 draws against the inverse distribution functions of W&B's sweeps, worked by hand.
TEST(Distribution, QuantilesAreThoseOfWandb) {
  const auto uniform = draws_of("{min: 2.0, max: 6.0}");
  EXPECT_NEAR(quantile(uniform, 0.25), 3.0, 0.15);
  EXPECT_GE(uniform.front(), 2.0);
  EXPECT_LE(uniform.back(), 6.0);
  EXPECT_NEAR(std::log(quantile(draws_of("{distribution: log_uniform, min: -4, max: 0}"), 0.25)), -3.0, 0.15);
  const auto log_values = draws_of("{distribution: log_uniform_values, min: 1e-5, max: 1e-1}");
  EXPECT_NEAR(std::log10(quantile(log_values, 0.25)), -4.0, 0.15);
  EXPECT_GE(log_values.front(), 1e-5 * (1 - 1e-12));
  EXPECT_LE(log_values.back(), 1e-1 * (1 + 1e-12));
  // inv_log_uniform: log(1/x) is uniform between the bounds.
  EXPECT_NEAR(std::log(1 / quantile(draws_of("{distribution: inv_log_uniform, min: 1, max: 5}"), 0.25)), 4.0, 0.15);
  const auto inverse = draws_of("{distribution: inv_log_uniform_values, min: 0.01, max: 1}");
  EXPECT_GE(inverse.front(), 0.01 * (1 - 1e-12));
  EXPECT_LE(inverse.back(), 1 * (1 + 1e-12));
  const auto normal = draws_of("{distribution: normal, mu: 10, sigma: 2}");
  EXPECT_NEAR(quantile(normal, 0.5), 10.0, 0.15);
  EXPECT_NEAR(quantile(normal, 0.8413), 12.0, 0.2);
  EXPECT_NEAR(std::log(quantile(draws_of("{distribution: log_normal, mu: 1, sigma: 0.5}"), 0.8413)), 1.5, 0.06);
}

TEST(Distribution, QuantizedValuesAreMultiples) {
  const auto values = draws_of("{distribution: q_uniform, min: 0, max: 1, q: 0.1}");
  const std::set<double> distinct(values.begin(), values.end());
  EXPECT_EQ(distinct, (std::set<double>{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}));
  for (const double value : draws_of("{distribution: q_log_uniform_values, min: 1, max: 100, q: 5}", 200))
    EXPECT_EQ(std::fmod(value, 5), 0) << value;
  for (const double value : draws_of("{distribution: q_normal, mu: 0, sigma: 3}", 200))
    EXPECT_EQ(std::trunc(value), value);
}

TEST(Distribution, DiscreteDrawsFollowTheirProbabilities) {
  const auto counts = [](const std::vector<double>& values, double value) {
    return static_cast<double>(std::count(values.begin(), values.end(), value)) / static_cast<double>(values.size());
  };
  const auto integers = draws_of("{min: 1, max: 4}");
  for (const double value : {1.0, 2.0, 3.0, 4.0}) EXPECT_NEAR(counts(integers, value), 0.25, 0.03);
  const auto weighted = draws_of("{values: [1, 2, 3], probabilities: [0.2, 0, 0.8]}");
  EXPECT_NEAR(counts(weighted, 1), 0.2, 0.03);
  EXPECT_EQ(counts(weighted, 2), 0);
  EXPECT_NEAR(counts(weighted, 3), 0.8, 0.03);
}
