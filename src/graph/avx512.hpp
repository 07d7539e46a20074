#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>

/// Marks a function that uses AVX-512; only to be called where sgemm.hpp's has_sgemm().
#define GRAFTAGE_AVX512 [[gnu::target("avx512f")]]

namespace graftage::graph::detail {

// Registers of 16 floats.

constexpr std::int64_t kLanes = 16;
constexpr __mmask16 kAllLanes = 0xffff;

/// The first `count` of 16 lanes, all where `count` is larger.
[[nodiscard]] inline __mmask16 first_lanes(std::int64_t count) {
  if (count >= kLanes) return kAllLanes;
  return count <= 0 ? __mmask16{0} : static_cast<__mmask16>((1U << count) - 1U);
}

}  // namespace graftage::graph::detail

#endif
