#include "graftage/report/selection.hpp"

#include "graftage/report/statistics.hpp"

#include <gtest/gtest.h>

using namespace graftage::report;

TEST(Selection, TakesTheBestMeanOverSeedsNotTheBestSeed) {
  const std::vector<ValidationCurves> settings{{{{0.5, 0.9}, {0.5, 0.1}}}, {{{0.6, 0.5}, {0.6, 0.5}}}};

  const auto selection = select(settings, Goal::Maximize);

  ASSERT_TRUE(selection.has_value());
  EXPECT_EQ(selection->setting, 1u);
  EXPECT_EQ(selection->epoch, 0u);
  EXPECT_DOUBLE_EQ(selection->mean, 0.6);
  EXPECT_EQ(select(settings, Goal::Minimize)->setting, 0u);
}

TEST(Selection, TiesGoToTheEarliestEpochThenTheFirstSetting) {
  EXPECT_EQ(select({{{{0.5, 0.7, 0.7}}}}, Goal::Maximize)->epoch, 1u);
  const auto across = select({{{{0.5, 0.7}}}, {{{0.7, 0.5}}}, {{{0.7, 0.7}}}}, Goal::Maximize);
  EXPECT_EQ(across->setting, 1u);
  EXPECT_EQ(across->epoch, 0u);
}

TEST(Selection, ASettingWithFailedSeedsCannotWinByALuckyRest) {
  const std::vector<ValidationCurves> settings{{{{0.99}, {}}}, {{{0.6}, {0.6}}}};

  EXPECT_EQ(select(settings, Goal::Maximize)->setting, 1u);
  EXPECT_EQ(select({{{{0.99}, {}}}, {{{}, {0.6}}}}, Goal::Maximize)->setting, 0u);
}

TEST(Selection, AnEpochWithMissingValuesCannotWin) {
  const auto selection = select({{{{0.5, 0.9, 0.6}, {0.5, kNotANumber, 0.6}}}}, Goal::Maximize);

  EXPECT_EQ(selection->epoch, 2u);
  EXPECT_EQ(selection->num_seeds, 2);
}

TEST(Selection, NothingToSelectFrom) {
  EXPECT_FALSE(select({}, Goal::Maximize).has_value());
  EXPECT_FALSE(select({{{{}, {}}}}, Goal::Maximize).has_value());
  EXPECT_FALSE(select({{{{kNotANumber}}}}, Goal::Maximize).has_value());
}

TEST(Selection, BestEpochOfOneCurve) {
  EXPECT_EQ(best_epoch({0.5, kNotANumber, 0.7, 0.7}, Goal::Maximize), 2u);
  EXPECT_EQ(best_epoch({0.5, kNotANumber, 0.7}, Goal::Minimize), 0u);
  EXPECT_FALSE(best_epoch({kNotANumber}, Goal::Maximize).has_value());
}
