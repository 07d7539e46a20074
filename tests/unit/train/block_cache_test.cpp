#include "train/block_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace graftage::train {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

TEST(BlockCache, GivesAKeptBlockToTheNextOfItsSize) {
  BlockCache cache;
  void* block = cache.take(39 * kMebibyte);
  ASSERT_NE(block, nullptr);
  std::memset(block, 1, 39 * kMebibyte);
  EXPECT_EQ(std::bit_cast<std::uintptr_t>(block) % BlockCache::kPage, 0u);

  EXPECT_TRUE(cache.give_back(block));
  EXPECT_FALSE(cache.give_back(block)) << "it was given back";
  EXPECT_EQ(cache.take(40 * kMebibyte), block);
  EXPECT_EQ(cache.held_bytes(), 40 * kMebibyte);
}

TEST(BlockCache, CutsAKeptRangeAndPutsItTogetherAgain) {
  BlockCache cache;
  void* whole = cache.take(12 * kMebibyte);
  EXPECT_TRUE(cache.give_back(whole));

  std::vector<void*> parts;
  for (int i = 0; i < 3; ++i) parts.push_back(cache.take(4 * kMebibyte));
  EXPECT_EQ(cache.held_bytes(), 12 * kMebibyte);
  for (const std::size_t i : {1U, 0U, 2U}) EXPECT_TRUE(cache.give_back(parts[i]));

  EXPECT_EQ(cache.take(12 * kMebibyte), whole);
}

TEST(BlockCache, MovesThePagesOfRangesThatAreTooSmall) {
  BlockCache cache;
  std::vector<void*> blocks;
  for (int i = 0; i < 5; ++i) {
    blocks.push_back(cache.take(8 * kMebibyte));
    std::memset(blocks.back(), 7, 8 * kMebibyte);
  }
  for (const std::size_t i : {0U, 2U, 4U}) EXPECT_TRUE(cache.give_back(blocks[i]));  // whatever their order in memory

  auto* large = static_cast<char*>(cache.take(22 * kMebibyte));
  ASSERT_NE(large, nullptr);

  EXPECT_EQ(cache.held_bytes(), 40 * kMebibyte);
  EXPECT_EQ(std::count(large, large + 22 * kMebibyte, 7), 22 * kMebibyte) << "fresh pages would be zero";
  for (const std::size_t i : {1U, 3U})
    EXPECT_EQ(std::count(static_cast<char*>(blocks[i]), static_cast<char*>(blocks[i]) + 8 * kMebibyte, 7),
              8 * kMebibyte);
  auto* more = static_cast<char*>(cache.take(6 * kMebibyte));
  EXPECT_EQ(more[0], 7) << "two mebibytes were left";
  EXPECT_EQ(more[6 * kMebibyte - 1], 0);
  EXPECT_EQ(cache.held_bytes(), 44 * kMebibyte);
}

/// No more address space than now and `bytes` on top, as long as this lives.
class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(std::size_t bytes) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    getrlimit(RLIMIT_AS, &before_);
    const rlimit limit{pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + bytes, before_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpaceLimit() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

TEST(BlockCache, GivesKeptRangesUpWhereThereIsNoRoomForMore) {
  BlockCache cache;
  void* first = cache.take(32 * kMebibyte);
  void* between = cache.take(4 * kMebibyte);
  void* second = cache.take(32 * kMebibyte);
  EXPECT_TRUE(cache.give_back(first));
  EXPECT_TRUE(cache.give_back(second));

  char* block = nullptr;
  {
    const AddressSpaceLimit limit(16 * kMebibyte);
    block = static_cast<char*>(cache.take(48 * kMebibyte));
    EXPECT_EQ(cache.take(512 * kMebibyte), nullptr);
  }

  ASSERT_NE(block, nullptr);
  block[48 * kMebibyte - 1] = 1;
  EXPECT_EQ(cache.held_bytes(), 52 * kMebibyte);
  EXPECT_TRUE(cache.give_back(between));
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

TEST(BlockCache, RefusesWhatItDidNotGive) {
  BlockCache cache;
  std::vector<char> foreign(8 * kMebibyte);
  void* aligned = std::bit_cast<void*>((std::bit_cast<std::uintptr_t>(foreign.data()) + BlockCache::kPage) /
                                       BlockCache::kPage * BlockCache::kPage);

  EXPECT_FALSE(cache.give_back(foreign.data()));
  EXPECT_FALSE(cache.give_back(aligned));
  EXPECT_FALSE(cache.give_back(nullptr));
  EXPECT_EQ(cache.take(std::size_t{1} << 60), nullptr) << "more than there is";
  EXPECT_EQ(cache.take(~std::size_t{0}), nullptr);
}

TEST(BlockCache, ThreadsNeverShareABlock) {
  BlockCache cache;
  const auto work = [&](int salt) {
    for (int i = 0; i < 200; ++i) {
      const std::size_t bytes = (4 + static_cast<std::size_t>(i * salt) % 9) * kMebibyte;
      auto* block = static_cast<char*>(cache.take(bytes));
      for (std::size_t at = 0; at < bytes; at += BlockCache::kPage) block[at] = static_cast<char>(salt);
      std::this_thread::yield();
      for (std::size_t at = 0; at < bytes; at += BlockCache::kPage) EXPECT_EQ(block[at], salt);
      EXPECT_TRUE(cache.give_back(block));
    }
  };
  std::vector<std::thread> threads;
  for (int salt = 1; salt <= 4; ++salt) threads.emplace_back(work, salt);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace graftage::train
