#include "sgemm.hpp"

#include "graftage/core/cpu_features.hpp"
#include "graftage/core/error.hpp"
#include "row_blocks.hpp"
#include "sgemm_tile.hpp"

#include <ATen/ATen.h>

namespace graftage::graph::detail {

namespace {

/// Rows of x that one task takes through all panels of b: they stay in the second cache.
constexpr std::int64_t kBlockRows = 14 * kTileRows;
/// Rows summed before they are added to the result.
constexpr std::int64_t kSumRows = 28 * kTileRows;

/// Memory for b [depth, columns] in panels, aligned as LibTorch's is.
at::Tensor panels_for(std::int64_t depth, std::int64_t columns) {
  const std::int64_t last = columns % kPanelColumns;
  const std::int64_t stored = columns - last + (last > 0 ? stored_columns(last) : 0);
  return at::empty({depth * stored}, at::kFloat);
}

at::Tensor pack(const at::Tensor& b) {
  at::Tensor panels = panels_for(b.size(0), b.size(1));
  const auto copy = b.stride(1) == 1 ? pack_rows : pack_columns;
  copy(b.const_data_ptr<float>(), b.stride(b.stride(1) == 1 ? 0 : 1), b.size(0), b.size(1),
       panels.mutable_data_ptr<float>());
  return panels;
}

}  // namespace

bool has_sgemm() { return core::cpu_features().avx512; }

void sgemm_rows(const at::Tensor& x, const at::Tensor& b, const at::Tensor& bias, Activation activation,
                at::Tensor& y) {
  const std::int64_t depth = x.size(1);
  const std::int64_t columns = b.size(1);
  GRAFTAGE_CHECK(b.stride(0) == 1 || b.stride(1) == 1 || b.numel() == 0, b.stride(0), b.stride(1));
  const at::Tensor panels = pack(b);
  const float* from = x.const_data_ptr<float>();
  const float* packed = panels.const_data_ptr<float>();
  const float* shift = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  float* to = y.mutable_data_ptr<float>();
  for_row_blocks(x.size(0), kBlockRows, [&](std::int64_t begin, std::int64_t count, std::int64_t) {
    for (std::int64_t n = 0; n < columns; n += kPanelColumns)
      for (std::int64_t r = begin; r < begin + count; r += kTileRows) {
        const Tile tile = tile_of_rows(std::min(kTileRows, begin + count - r));
        const TileTarget target{to + r * columns + n,
                                columns,
                                std::min(kPanelColumns, columns - n),
                                shift == nullptr ? nullptr : shift + n,
                                activation == Activation::Relu,
                                false};
        tile(from + r * depth, depth, packed + n * depth, depth, target);
      }
  });
}

at::Tensor sgemm_columns(const at::Tensor& a, const at::Tensor& b) {
  const std::int64_t rows = a.size(0);
  const std::int64_t height = a.size(1);
  const std::int64_t columns = b.size(1);
  at::Tensor result = rows > 0 ? at::empty({height, columns}, a.options()) : at::zeros({height, columns}, a.options());
  at::Tensor panels = panels_for(std::min(rows, kSumRows), columns);
  const float* left = a.const_data_ptr<float>();
  const float* right = b.const_data_ptr<float>();
  float* packed = panels.mutable_data_ptr<float>();
  float* c = result.mutable_data_ptr<float>();
  for (std::int64_t first = 0; first < rows; first += kSumRows) {
    const std::int64_t depth = std::min(kSumRows, rows - first);
    pack_rows(right + first * columns, columns, depth, columns, packed);
    for_row_blocks(height, kTileRows, [&](std::int64_t m, std::int64_t count, std::int64_t) {
      const Tile tile = tile_of_columns(count);
      for (std::int64_t n = 0; n < columns; n += kPanelColumns)
        tile(left + first * height + m, height, packed + n * depth, depth,
             {c + m * columns + n, columns, std::min(kPanelColumns, columns - n), nullptr, false, first > 0});
    });
  }
  return result;
}

}  // namespace graftage::graph::detail
