#include "block_tile.hpp"

#include "avx512.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace graftage::graph::detail {

#if defined(__x86_64__)

namespace {

// Dots: 4 x 4 accumulators and eight operands.
constexpr int kDotRows = 4;
constexpr int kDotColumns = 4;
// Combine: 6 x 3 accumulators, three registers of z and one of k.
constexpr int kOutRows = 6;
constexpr int kOutRegisters = 3;

/// How many of `left` come next where at most `most` can: parts of nearly the same size.
std::int64_t next_part(std::int64_t left, std::int64_t most) {
  const std::int64_t parts = (left + most - 1) / most;
  return (left + parts - 1) / parts;
}

/// Lanes of the last register of `width` values.
__mmask16 last_lanes(std::int64_t width) { return first_lanes((width - 1) % kLanes + 1); }

// Shuffles are written in their masked forms with all lanes on: the plain ones of GCC 12 warn of temporaries of their
// own.

/// Quarters of a and b: the two that `Choice` names of each.
template <int Choice>
GRAFTAGE_AVX512 [[gnu::always_inline]] inline __m512 quarters(__m512 a, __m512 b) {
  return _mm512_maskz_shuffle_f32x4(kAllLanes, a, b, Choice);
}

/// The sums of the lanes of four registers, in the first four lanes.
GRAFTAGE_AVX512 [[gnu::always_inline]] inline __m512 lane_sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m512 ab = _mm512_add_ps(quarters<0x44>(a, b), quarters<0xee>(a, b));
  const __m512 cd = _mm512_add_ps(quarters<0x44>(c, d), quarters<0xee>(c, d));
  const __m512 each = _mm512_add_ps(quarters<0x88>(ab, cd), quarters<0xdd>(ab, cd));  // a quarter for each register
  const __m512 pairs = _mm512_add_ps(each, _mm512_maskz_permute_ps(kAllLanes, each, 0x4e));
  const __m512 total = _mm512_add_ps(pairs, _mm512_maskz_permute_ps(kAllLanes, pairs, 0xb1));
  return _mm512_maskz_compress_ps(0x1111, total);
}

struct DotTarget {
  float* k;             ///< first element of the tile
  float* k_transposed;  ///< likewise, or null
  std::int64_t rows;    ///< stride of both
  float factor;
  float offset;
};

template <int Rows, int Columns>
GRAFTAGE_AVX512 void dot_tile(const float* a, const float* b, std::int64_t width, const DotTarget& target) {
  __m512 sum[Rows][Columns];
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) sum[i][j] = _mm512_setzero_ps();
  const __mmask16 last = last_lanes(width);
  for (std::int64_t h = 0; h < width; h += kLanes) {
    const __mmask16 mask = h + kLanes < width ? kAllLanes : last;
    __m512 y[Columns];
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) y[j] = _mm512_maskz_loadu_ps(mask, b + j * width + h);
#pragma GCC unroll 4
    for (int i = 0; i < Rows; ++i) {
      const __m512 x = _mm512_maskz_loadu_ps(mask, a + i * width + h);
#pragma GCC unroll 4
      for (int j = 0; j < Columns; ++j) sum[i][j] = _mm512_fmadd_ps(x, y[j], sum[i][j]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < Rows; ++i) {
    const auto column = [&](int j) __attribute__((target("avx512f"))) {
      return j < Columns ? sum[i][j] : _mm512_setzero_ps();
    };
    const __m512 sums = lane_sums(column(0), column(1), column(2), column(3));
    float dots[kLanes];
    _mm512_storeu_ps(dots,
                     _mm512_mul_ps(_mm512_set1_ps(target.factor), _mm512_add_ps(sums, _mm512_set1_ps(target.offset))));
    std::memcpy(target.k + i * target.rows, dots, Columns * sizeof(float));
    if (target.k_transposed == nullptr) continue;
    for (int j = 0; j < Columns; ++j) target.k_transposed[j * target.rows + i] = dots[j];
  }
}

/// out_i (+)= sum over s of k[i, s] z_s for some rows and registers of columns. @param mask  of the last register
template <int Rows, int Registers>
GRAFTAGE_AVX512 void combine_tile(const float* k, const float* z, bool accumulate, float* out, std::int64_t rows,
                                  std::int64_t width, __mmask16 mask) {
  const auto lanes = [&](int v) { return v + 1 < Registers ? kAllLanes : mask; };
  __m512 sum[Rows][Registers];
#pragma GCC unroll 6
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 3
    for (int v = 0; v < Registers; ++v)
      sum[i][v] = accumulate ? _mm512_maskz_loadu_ps(lanes(v), out + i * width + v * kLanes) : _mm512_setzero_ps();
  for (std::int64_t s = 0; s < rows; ++s) {
    __m512 term[Registers];
#pragma GCC unroll 3
    for (int v = 0; v < Registers; ++v) term[v] = _mm512_maskz_loadu_ps(lanes(v), z + s * width + v * kLanes);
#pragma GCC unroll 6
    for (int i = 0; i < Rows; ++i) {
      const __m512 factor = _mm512_set1_ps(k[i * rows + s]);
#pragma GCC unroll 3
      for (int v = 0; v < Registers; ++v) sum[i][v] = _mm512_fmadd_ps(factor, term[v], sum[i][v]);
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 3
    for (int v = 0; v < Registers; ++v) _mm512_mask_storeu_ps(out + i * width + v * kLanes, lanes(v), sum[i][v]);
}

using DotTile = void (*)(const float*, const float*, std::int64_t, const DotTarget&);
using CombineTile = void (*)(const float*, const float*, bool, float*, std::int64_t, std::int64_t, __mmask16);

/// The tiles of all sizes, [rows - 1][columns - 1] side by side.
template <int... I>
constexpr std::array<DotTile, sizeof...(I)> dot_tiles(std::integer_sequence<int, I...>) {
  return {dot_tile<I / kDotColumns + 1, I % kDotColumns + 1>...};
}
template <int... I>
constexpr std::array<CombineTile, sizeof...(I)> combine_tiles(std::integer_sequence<int, I...>) {
  return {combine_tile<I / kOutRegisters + 1, I % kOutRegisters + 1>...};
}

}  // namespace

void block_dots_avx512(const float* a, const float* b, float factor, float offset, float* k, float* k_transposed,
                       std::int64_t rows, std::int64_t width) {
  static constexpr auto tiles = dot_tiles(std::make_integer_sequence<int, kDotRows * kDotColumns>{});
  for (std::int64_t r = 0; r < rows;) {
    const std::int64_t height = next_part(rows - r, kDotRows);
    for (std::int64_t s = 0; s < rows;) {
      const std::int64_t columns = next_part(rows - s, kDotColumns);
      float* transposed = k_transposed == nullptr ? nullptr : k_transposed + s * rows + r;
      tiles[static_cast<std::size_t>((height - 1) * kDotColumns + columns - 1)](
          a + r * width, b + s * width, width, {k + r * rows + s, transposed, rows, factor, offset});
      s += columns;
    }
    r += height;
  }
}

void block_combine_avx512(const float* k, const float* z, bool accumulate, float* out, std::int64_t rows,
                          std::int64_t width) {
  static constexpr auto tiles = combine_tiles(std::make_integer_sequence<int, kOutRows * kOutRegisters>{});
  const std::int64_t all = (width + kLanes - 1) / kLanes;
  for (std::int64_t r = 0; r < rows;) {
    const std::int64_t height = next_part(rows - r, kOutRows);
    for (std::int64_t v = 0; v < all;) {
      const std::int64_t registers = next_part(all - v, kOutRegisters);
      const __mmask16 mask = v + registers < all ? kAllLanes : last_lanes(width);
      tiles[static_cast<std::size_t>((height - 1) * kOutRegisters + registers - 1)](
          k + r * rows, z + v * kLanes, accumulate, out + r * width + v * kLanes, rows, width, mask);
      v += registers;
    }
    r += height;
  }
}

#else  // never asked for

void block_dots_avx512(const float*, const float*, float, float, float*, float*, std::int64_t, std::int64_t) {}
void block_combine_avx512(const float*, const float*, bool, float*, std::int64_t, std::int64_t) {}

#endif

}  // namespace graftage::graph::detail
