#include "data/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace graftage::data {
namespace {

std::vector<std::int64_t> numbers(const std::vector<core::GraphId>& ids) {
  std::vector<std::int64_t> result;
  for (const auto id : ids) result.push_back(id.value);
  return result;
}

TEST(ScaffoldSplitTest, GroupsFillTrainThenValidThenTest) {
  // By hand, n = 10, cuts 8 and 9: groups a = {0,1,2,3,9}, b = {4,5}, c = {6}, d = {7}, e = {8}; sorted by (size,
  // first) descending: a, b, e, d, c. a -> train (5), b -> train (7), e -> train (8), d: 9 > 8, 9 <= 9 -> valid, c ->
  // test.
  const core::Key128 a{1, 0}, b{2, 0}, c{3, 0}, d{4, 0}, e{5, 0};

  const Split split = scaffold_split({a, a, a, a, b, b, c, d, e, a}, 0.8, 0.1);

  EXPECT_EQ(numbers(split.train), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 8, 9}));
  EXPECT_EQ(numbers(split.valid), (std::vector<std::int64_t>{7}));
  EXPECT_EQ(numbers(split.test), (std::vector<std::int64_t>{6}));
}

TEST(ScaffoldSplitTest, ASmallGroupMayEnterTrainAfterALargeOneDidNot) {
  // n = 10: a = {0..6}, b = {7,8}, c = {9}. b: 9 > 8 -> valid (9 <= 9); c: 8 <= 8 -> train.
  const core::Key128 a{1, 0}, b{2, 0}, c{3, 0};

  const Split split = scaffold_split({a, a, a, a, a, a, a, b, b, c}, 0.8, 0.1);

  EXPECT_EQ(numbers(split.train), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 9}));
  EXPECT_EQ(numbers(split.valid), (std::vector<std::int64_t>{7, 8}));
  EXPECT_TRUE(split.test.empty());
}

TEST(RandomSplitTest, PartsAreDisjointCompleteAndKeyedBySeed) {
  const Split split = random_split(1003, 0.8, 0.1, 7);

  EXPECT_EQ(split.train.size(), 802U);
  EXPECT_EQ(split.valid.size(), 100U);
  auto all = numbers(split.train);
  for (const auto& part : {numbers(split.valid), numbers(split.test)}) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<std::int64_t>(i));
  EXPECT_EQ(all.size(), 1003U);
  EXPECT_EQ(numbers(random_split(1003, 0.8, 0.1, 7).train), numbers(split.train));
  EXPECT_NE(numbers(random_split(1003, 0.8, 0.1, 8).train), numbers(split.train));
}

}  // namespace
}  // namespace graftage::data
