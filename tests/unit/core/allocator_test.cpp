#include "graftage/core/allocator.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <sys/resource.h>

namespace graftage::core {
namespace {

std::int64_t page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// Pages that a tensor-sized block costs when one of the same size was freed before.
std::int64_t faults_of_reuse() {
  constexpr std::size_t kBytes = std::size_t{48} << 20;
  std::int64_t before = 0;
  for (int round = 0; round < 2; ++round) {
    before = page_faults();
    void* const block = std::malloc(kBytes);
    std::memset(block, round + 1, kBytes);
    volatile const char seen = static_cast<const char*>(block)[kBytes / 2];
    EXPECT_EQ(seen, round + 1);
    std::free(block);
  }
  return page_faults() - before;
}

[[noreturn]] void reuse_in_fresh_process(bool steered) {
  if (steered) ::setenv("MALLOC_TOP_PAD_", "1000", 1);
  const std::string said = configure_allocator();
  const bool kept = faults_of_reuse() < 1000;  // of 12,288 pages
  std::exit((said == "freed memory is kept") == !steered && kept == !steered ? 0 : 1);
}

TEST(AllocatorDeathTest, FreedMemoryIsUsedAgainWithoutTheKernel) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "not glibc's allocator";
#endif
  EXPECT_EXIT(reuse_in_fresh_process(false), testing::ExitedWithCode(0), "");
}

TEST(AllocatorDeathTest, TheEnvironmentOfTheUserWins) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "not glibc's allocator";
#endif
  EXPECT_EXIT(reuse_in_fresh_process(true), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace graftage::core
