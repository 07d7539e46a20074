#include "graftage/core/allocator.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace graftage::core {

bool allocator_is_ours() {
  constexpr std::array kVariables = {"GLIBC_TUNABLES", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_",
                                     "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"};
  return std::none_of(kVariables.begin(), kVariables.end(),
                      [](const char* name) { return std::getenv(name) != nullptr; });
}

std::string configure_allocator() {
#if defined(__GLIBC__)
  if (!allocator_is_ours()) return "as the environment says";
  constexpr int kNeverTrim = 2'000'000'000;  // bytes at the end of the heap
  constexpr int kGrowBy = 64 << 20;
  const bool set = ::mallopt(M_MMAP_MAX, 0) == 1 && ::mallopt(M_TRIM_THRESHOLD, kNeverTrim) == 1 &&
                   ::mallopt(M_TOP_PAD, kGrowBy) == 1;
  return set ? "freed memory is kept" : "glibc's own settings";
#else
  return "its own settings";
#endif
}

}  // namespace graftage::core
