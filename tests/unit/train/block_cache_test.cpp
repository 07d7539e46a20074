#include "train/block_cache.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace graftage::train {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

TEST(BlockCache, GivesAKeptBlockToTheNextOfAboutItsSize) {
  BlockCache cache;
  void* block = cache.take(40 * kMebibyte);
  ASSERT_NE(block, nullptr);
  std::memset(block, 1, 40 * kMebibyte);
  EXPECT_EQ(std::bit_cast<std::uintptr_t>(block) % BlockCache::kPage, 0u);

  EXPECT_TRUE(cache.give_back(block));
  EXPECT_EQ(cache.take(39 * kMebibyte), block);
  EXPECT_TRUE(cache.give_back(block));
  EXPECT_EQ(cache.held_bytes(), 40 * kMebibyte);

  void* half = cache.take(20 * kMebibyte);
  EXPECT_NE(half, block) << "twice what is needed";
  EXPECT_TRUE(cache.give_back(half));
}

TEST(BlockCache, HoldsNoMoreThanTheLargestDemand) {
  BlockCache cache;
  for (std::size_t size = 4; size <= 64; size += 4) {
    void* a = cache.take(size * kMebibyte);
    void* b = cache.take(size * kMebibyte);
    EXPECT_NE(a, b);
    EXPECT_TRUE(cache.give_back(a));
    EXPECT_TRUE(cache.give_back(b));
    EXPECT_LE(cache.held_bytes(), 2 * size * kMebibyte);
  }
  EXPECT_EQ(cache.held_bytes(), 128 * kMebibyte);
}

TEST(BlockCache, DropsTheLongestUnusedFirst) {
  BlockCache cache;
  void* first = cache.take(8 * kMebibyte);
  void* second = cache.take(16 * kMebibyte);
  EXPECT_TRUE(cache.give_back(first));
  EXPECT_TRUE(cache.give_back(second));

  void* other = cache.take(5 * kMebibyte);  // 24 are held and were wanted, so something has to go
  EXPECT_EQ(cache.take(16 * kMebibyte), second);
  EXPECT_TRUE(cache.give_back(other));
}

TEST(BlockCache, RefusesWhatItDidNotGive) {
  BlockCache cache;
  std::vector<char> foreign(8 * kMebibyte);
  void* aligned = std::bit_cast<void*>((std::bit_cast<std::uintptr_t>(foreign.data()) + BlockCache::kPage) /
                                       BlockCache::kPage * BlockCache::kPage);

  EXPECT_FALSE(cache.give_back(foreign.data()));
  EXPECT_FALSE(cache.give_back(aligned));
  EXPECT_FALSE(cache.give_back(nullptr));
  EXPECT_EQ(cache.take(std::size_t{1} << 60), nullptr) << "more than there is";
}

TEST(BlockCache, ThreadsNeverShareABlock) {
  BlockCache cache;
  const auto work = [&](int salt) {
    for (int i = 0; i < 200; ++i) {
      const std::size_t bytes = (4 + static_cast<std::size_t>(i * salt) % 9) * kMebibyte;
      auto* block = static_cast<int*>(cache.take(bytes));
      *block = salt;
      std::this_thread::yield();
      EXPECT_EQ(*block, salt);
      EXPECT_TRUE(cache.give_back(block));
    }
  };
  std::vector<std::thread> threads;
  for (int salt = 1; salt <= 4; ++salt) threads.emplace_back(work, salt);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace graftage::train
