#include "graftage/train/metric.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <limits>

namespace graftage::train {
namespace {

TEST(RocAuc, EqualsScikitLearn) {
  const auto golden = nlohmann::json::parse(std::ifstream(GRAFTAGE_GOLDEN_DIR "/roc_auc.json"));
  ASSERT_GE(golden["cases"].size(), 5u);

  for (const auto& expected : golden["cases"]) {
    const auto value =
        roc_auc(expected["scores"].get<std::vector<float>>(), expected["labels"].get<std::vector<float>>());
    ASSERT_TRUE(value.has_value());
    EXPECT_NEAR(*value, expected["auc"].get<double>(), 1e-12);
  }
}

TEST(RocAuc, NeedsBothClassesAndFiniteScores) {
  EXPECT_FALSE(roc_auc({0.1f, 0.9f}, {1, 1}).has_value());
  EXPECT_FALSE(roc_auc({}, {}).has_value());
  EXPECT_THROW((void)roc_auc({0.1f, std::numeric_limits<float>::quiet_NaN()}, {0, 1}), core::NumericError);
}

/// Three targets of four graphs: a perfect one, one whose masked cell would spoil it, one without negatives.
ScoreTable table() {
  return {3,
          {1, 9, 5, 2, 8, 6, 3, 7, 7, 4, 0, 8},
          {0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 1},
          {1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
}

TEST(MeanRocAuc, SkipsMaskedCellsAndTargetsWithoutBothClasses) {
  EXPECT_DOUBLE_EQ(mean_roc_auc(table()), (1.0 + 0.0) / 2);
  EXPECT_EQ(targets_without_both_classes(table()), (std::vector<std::int64_t>{2}));
}

TEST(MeanRocAuc, IsNotANumberWhereNoTargetHasBothClasses) {
  EXPECT_TRUE(std::isnan(mean_roc_auc({1, {1, 2}, {1, 1}, {1, 1}})));
}

TEST(RootMeanSquaredError, AveragesTargetsBeforeTheRoot) {
  const ScoreTable values = {2, {1, 10, 3, 20}, {0, 10, 0, 0}, {1, 1, 1, 0}};

  EXPECT_DOUBLE_EQ(root_mean_squared_error(values), std::sqrt(((1.0 + 9.0) / 2 + 0.0) / 2));
}

}  // namespace
}  // namespace graftage::train
