#pragma once

#include <cstdint>

namespace graftage::graph::detail {

// The innermost loops of sgemm.hpp, for AVX-512: one tile of the result stays in registers for the whole depth.

constexpr std::int64_t kTileRows = 14;      ///< 14 x 2 accumulators, two registers of b and one of a: 31 of 32
constexpr std::int64_t kPanelColumns = 32;  ///< two registers

/// Columns that a panel of `columns` is stored with: whole registers.
[[nodiscard]] constexpr std::int64_t stored_columns(std::int64_t columns) { return columns > 16 ? 32 : 16; }

/// Where a tile goes, and what happens to it on the way.
struct TileTarget {
  float* c;             ///< first element
  std::int64_t stride;  ///< of rows
  std::int64_t columns;
  const float* bias;  ///< [columns] or null
  bool relu;
  bool add;  ///< to what is there
};

/// c[i, j] = sum over k of a(i, k) panel[k, j], one chain of fused multiply-adds in the order of k.
/// @param panel  [depth, stored_columns], aligned to 64 bytes
using Tile = void (*)(const float* a, std::int64_t stride, const float* panel, std::int64_t depth,
                      const TileTarget& target);

/// a(i, k) = a[i * stride + k]. @param rows  1 to kTileRows
[[nodiscard]] Tile tile_of_rows(std::int64_t rows);
/// a(i, k) = a[k * stride + i]
[[nodiscard]] Tile tile_of_columns(std::int64_t rows);

/// Copies b [depth, columns] into panels of kPanelColumns columns, one after the other: panel[k, j] = b[k * stride +
/// j].
void pack_rows(const float* b, std::int64_t stride, std::int64_t depth, std::int64_t columns, float* panels);
/// The same of a transposed b: panel[k, j] = b[j * stride + k].
void pack_columns(const float* b, std::int64_t stride, std::int64_t depth, std::int64_t columns, float* panels);

}  // namespace graftage::graph::detail
