#include "graftage/report/statistics.hpp"

#include "graftage/core/atomic_file.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace graftage::report;

namespace {

constexpr double kTolerance = 1e-12;

const nlohmann::json& golden() {
  static const auto document =
      nlohmann::json::parse(graftage::core::read_text(std::string(GRAFTAGE_GOLDEN_DIR) + "/statistics.json"));
  return document;
}

std::vector<double> numbers(const nlohmann::json& values) {
  std::vector<double> result;
  for (const auto& value : values) result.push_back(value.is_null() ? kNotANumber : value.get<double>());
  return result;
}

/// Equal to the golden number, or both absent.
void expect_number(double value, const nlohmann::json& record, const char* key) {
  if (!record.contains(key) || record[key].is_null())
    EXPECT_TRUE(std::isnan(value)) << key << " of " << record["name"];
  else
    EXPECT_NEAR(value, record[key].get<double>(), kTolerance) << key << " of " << record["name"];
}

}  // namespace

TEST(Statistics, PairedDifferencesEqualScipy) {
  ASSERT_GE(golden()["paired"].size(), 10u);
  for (const auto& record : golden()["paired"]) {
    const auto difference = paired_difference(numbers(record["a"]), numbers(record["b"]));

    EXPECT_EQ(difference.n, record["n"].get<std::int64_t>()) << record["name"];
    expect_number(difference.mean, record, "mean");
    expect_number(difference.low, record, "low");
    expect_number(difference.high, record, "high");
    expect_number(difference.p_t, record, "p_t");
    expect_number(difference.p_wilcoxon, record, "p_wilcoxon");
  }
}

TEST(Statistics, SummariesEqualScipyAndLeaveOutMissingSeeds) {
  for (const auto& record : golden()["paired"]) {
    const auto summary = summarize(numbers(record["a"]));

    EXPECT_EQ(summary.n, record["n_of_a"].get<std::int64_t>());
    expect_number(summary.standard_deviation, record, "std_of_a");
  }
  EXPECT_EQ(summarize({kNotANumber, 3.0}).mean, 3.0);
  EXPECT_TRUE(std::isnan(summarize({}).mean));
}

TEST(Statistics, HolmEqualsTheDefinition) {
  for (const auto& family : golden()["holm"]) {
    const auto adjusted = holm(numbers(family["p"]));
    const auto expected = numbers(family["adjusted"]);

    ASSERT_EQ(adjusted.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_TRUE(std::isnan(expected[i]) ? std::isnan(adjusted[i]) : std::abs(adjusted[i] - expected[i]) < kTolerance);
  }
  // Worked by hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, then no smaller than before.
  EXPECT_EQ(holm({0.01, 0.04, 0.03, 0.005}), (std::vector<double>{0.03, 0.06, 0.06, 0.02}));
}

TEST(Statistics, NoVarianceIsCertaintyOrNothing) {
  const auto same = paired_difference({1, 2, 3}, {1, 2, 3});
  const auto shifted = paired_difference({1.5, 2.5, 3.5}, {1, 2, 3});

  EXPECT_EQ(same.p_t, 1);
  EXPECT_TRUE(std::isnan(same.p_wilcoxon));
  EXPECT_EQ(shifted.p_t, 0);
  EXPECT_EQ(shifted.low, 0.5);
  EXPECT_EQ(shifted.p_wilcoxon, 0.25);
}

TEST(Statistics, BelowSixPairsNothingIsSignificant) {
  PairedDifference difference;
  difference.n = 5;
  EXPECT_FALSE(is_significant(difference, 1e-9));
  difference.n = 6;
  EXPECT_TRUE(is_significant(difference, 0.049));
  EXPECT_FALSE(is_significant(difference, 0.05));
  EXPECT_FALSE(is_significant(difference, kNotANumber));
}
