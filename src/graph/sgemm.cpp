#include "sgemm.hpp"

#include "graftage/core/cpu_features.hpp"
#include "graftage/core/error.hpp"
#include "row_blocks.hpp"
#include "row_kernels.hpp"
#include "sgemm_tile.hpp"

#include <ATen/ATen.h>
#include <ATen/Version.h>

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

/// b as the tiles read it.
class Panels {
 public:
  explicit Panels(const at::Tensor& b) : depth_(b.size(0)), columns_(b.size(1)) {
    GRAFTAGE_CHECK(b.stride(0) == 1 || b.stride(1) == 1 || b.numel() == 0, b.stride(0), b.stride(1));
    panels_ = pack(b);
  }
  /// y = activation(x b + bias) for `rows` rows. @param bias  [N] or null
  void multiply(const float* x, const float* bias, bool relu, float* y, std::int64_t rows) const {
    const float* packed = panels_.const_data_ptr<float>();
    for (std::int64_t n = 0; n < columns_; n += kPanelColumns)
      for (std::int64_t r = 0; r < rows; r += kTileRows)
        tile_of_rows(std::min(kTileRows, rows - r))(
            x + r * depth_, depth_, packed + n * depth_, depth_,
            {y + r * columns_ + n, columns_, std::min(kPanelColumns, columns_ - n),
             bias == nullptr ? nullptr : bias + n, relu, false});
  }

 private:
  std::int64_t depth_;
  std::int64_t columns_;
  at::Tensor panels_;
};

}  // namespace

bool has_sgemm() {
  static const bool has = core::cpu_features().avx512 && at::get_cpu_capability() == "AVX512";
  return has;
}

void sgemm_rows(const at::Tensor& x, const at::Tensor& b, const at::Tensor& bias, Activation activation,
                at::Tensor& y) {
  const Panels panels(b);
  const std::int64_t depth = x.size(1);
  const std::int64_t columns = y.size(1);
  const float* from = x.const_data_ptr<float>();
  const float* shift = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  float* to = y.mutable_data_ptr<float>();
  for_row_blocks(x.size(0), kBlockRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
    panels.multiply(from + first * depth, shift, rectifies(activation), to + first * columns, count);
  });
}

void sgemm_rows_where(const at::Tensor& a, const at::Tensor& b, const at::Tensor& x, at::Tensor& y) {
  const Panels panels(b);
  const std::int64_t depth = a.size(1);
  const std::int64_t columns = y.size(1);
  const float* from = a.const_data_ptr<float>();
  const float* rectified = x.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  for_row_blocks(a.size(0), kBlockRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
    const at::Tensor product = at::empty({count, columns}, at::kFloat);  // stays in the second cache
    panels.multiply(from + first * depth, nullptr, false, product.mutable_data_ptr<float>(), count);
    mask_and_sum<float>(product.const_data_ptr<float>(), rectified + first * columns, to + first * columns, nullptr,
                        count, columns);
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
