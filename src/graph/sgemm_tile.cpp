#include "sgemm_tile.hpp"

#include "avx512.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace graftage::graph::detail {

#if defined(__x86_64__)

namespace {

template <int Rows, int Registers>
GRAFTAGE_AVX512 [[gnu::always_inline]] inline void store(__m512 (&sum)[Rows][2], const TileTarget& target) {
  const __mmask16 mask[2] = {first_lanes(target.columns), first_lanes(target.columns - kLanes)};
  const __m512 zero = _mm512_setzero_ps();
#pragma GCC unroll 2
  for (int v = 0; v < Registers; ++v) {
    const __m512 bias = target.bias == nullptr ? zero : _mm512_maskz_loadu_ps(mask[v], target.bias + 16 * v);
#pragma GCC unroll 14
    for (int i = 0; i < Rows; ++i) {
      float* c = target.c + i * target.stride + 16 * v;
      __m512 y = sum[i][v];
      if (target.add) y = _mm512_add_ps(_mm512_maskz_loadu_ps(mask[v], c), y);
      if (target.bias != nullptr) y = _mm512_add_ps(y, bias);
      if (target.relu) y = _mm512_mask_max_ps(y, mask[v], zero, y);  // the second operand where one is not a number
      _mm512_mask_storeu_ps(c, mask[v], y);
    }
  }
}

/// Rows of a lie apart (ByRows) or side by side; five pointers keep the addresses of 14 rows in registers.
template <int Rows, int Registers, bool ByRows>
GRAFTAGE_AVX512 [[gnu::always_inline]] inline void multiply(const float* a, std::int64_t stride, const float* panel,
                                                            std::int64_t depth, const TileTarget& target) {
  __m512 sum[Rows][2];
#pragma GCC unroll 14
  for (int i = 0; i < Rows; ++i) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  const float* base[5] = {a, a + 3 * stride, a + 6 * stride, a + 9 * stride, a + 12 * stride};
  for (std::int64_t k = 0; k < depth; ++k) {
    const __m512 b0 = _mm512_load_ps(panel);
    const __m512 b1 = Registers > 1 ? _mm512_load_ps(panel + 16) : b0;
    panel += 16 * Registers;
#pragma GCC unroll 14
    for (int i = 0; i < Rows; ++i) {
      const __m512 x = _mm512_set1_ps(ByRows ? base[i / 3][(i % 3) * stride] : a[i]);
      sum[i][0] = _mm512_fmadd_ps(x, b0, sum[i][0]);
      if (Registers > 1) sum[i][1] = _mm512_fmadd_ps(x, b1, sum[i][1]);
    }
    if (ByRows) {
#pragma GCC unroll 5
      for (auto& pointer : base) ++pointer;
    } else {
      a += stride;
    }
  }
  store<Rows, Registers>(sum, target);
}

template <int Rows, bool ByRows>
GRAFTAGE_AVX512 [[gnu::noinline]] void tile(const float* a, std::int64_t stride, const float* panel, std::int64_t depth,
                                            const TileTarget& target) {
  if (target.columns > 16)
    multiply<Rows, 2, ByRows>(a, stride, panel, depth, target);
  else
    multiply<Rows, 1, ByRows>(a, stride, panel, depth, target);
}

template <bool ByRows, int... Less>
constexpr std::array<Tile, sizeof...(Less)> tiles(std::integer_sequence<int, Less...>) {
  return {tile<Less + 1, ByRows>...};
}

using TileSizes = std::make_integer_sequence<int, static_cast<int>(kTileRows)>;

/// One register: 16 columns of row k. Rows of a transposed matrix are gathered.
GRAFTAGE_AVX512 __m512 columns_of_row(const float* b, __mmask16 mask, std::int64_t stride, bool transposed) {
  if (!transposed) return _mm512_maskz_loadu_ps(mask, b);
  const __m512i each = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i index = _mm512_mullo_epi32(each, _mm512_set1_epi32(static_cast<int>(stride)));
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, index, b, sizeof(float));
}

}  // namespace

Tile tile_of_rows(std::int64_t rows) {
  static constexpr auto table = tiles<true>(TileSizes{});
  return table[static_cast<std::size_t>(rows - 1)];
}

Tile tile_of_columns(std::int64_t rows) {
  static constexpr auto table = tiles<false>(TileSizes{});
  return table[static_cast<std::size_t>(rows - 1)];
}

// Reads rows in order, whole: a page of b is touched once.
GRAFTAGE_AVX512 void pack_rows(const float* b, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                               float* panels) {
  for (std::int64_t k = 0; k < depth; ++k, b += stride)
    for (std::int64_t first = 0; first < columns; first += kPanelColumns) {
      const std::int64_t width = std::min(kPanelColumns, columns - first);
      const std::int64_t stored = stored_columns(width);
      float* to = panels + first * depth + k * stored;
      for (std::int64_t j = 0; j < stored; j += 16)
        _mm512_store_ps(to + j, columns_of_row(b + first + j, first_lanes(width - j), stride, false));
    }
}

GRAFTAGE_AVX512 void pack_columns(const float* b, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                                  float* panels) {
  for (std::int64_t first = 0; first < columns; first += kPanelColumns) {
    const std::int64_t width = std::min(kPanelColumns, columns - first);
    const std::int64_t stored = stored_columns(width);
    float* to = panels + first * depth;
    for (std::int64_t k = 0; k < depth; ++k, to += stored)
      for (std::int64_t j = 0; j < stored; j += 16)
        _mm512_store_ps(to + j, columns_of_row(b + (first + j) * stride + k, first_lanes(width - j), stride, true));
  }
}

#else  // sgemm() is never asked for

Tile tile_of_rows(std::int64_t) { return nullptr; }
Tile tile_of_columns(std::int64_t) { return nullptr; }
void pack_rows(const float*, std::int64_t, std::int64_t, std::int64_t, float*) {}
void pack_columns(const float*, std::int64_t, std::int64_t, std::int64_t, float*) {}

#endif

}  // namespace graftage::graph::detail
