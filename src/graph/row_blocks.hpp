#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace graftage::graph::detail {

/// function(float{}) or function(double{}), by the tensor's type. @pre one of the two
template <class Function>
void for_type(const at::Tensor& x, const Function& function) {
  if (x.scalar_type() == at::kFloat)
    function(float{});
  else
    function(double{});
}

[[nodiscard]] inline std::int64_t num_row_blocks(std::int64_t rows, std::int64_t block_rows) {
  return (rows + block_rows - 1) / block_rows;
}

/// function(first row, rows, block) for each block of `block_rows` rows (the last may be smaller). Blocks are cut by
/// the number of rows alone and shared out to threads, so what a block computes does not depend on threads.
template <class Function>
void for_row_blocks(std::int64_t rows, std::int64_t block_rows, const Function& function) {
  at::parallel_for(0, num_row_blocks(rows, block_rows), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * block_rows;
      function(first, std::min(block_rows, rows - first), block);
    }
  });
}

/// Sums over the rows of each block, added up in double in the order of the blocks.
template <class T>
class BlockSums {
 public:
  BlockSums(std::int64_t blocks, std::int64_t width)
      : width_(width), values_(static_cast<std::size_t>(blocks * width)) {}
  /// [width] of one block.
  [[nodiscard]] T* of(std::int64_t block) { return values_.data() + block * width_; }
  /// @param out  [width]
  void total(T* out) const {
    std::vector<double> sums(static_cast<std::size_t>(width_));
    double* sum = sums.data();
    const T* end = values_.data() + values_.size();
    for (const T* block = values_.data(); block != end; block += width_) {
#pragma omp simd
      for (std::int64_t h = 0; h < width_; ++h) sum[h] += static_cast<double>(block[h]);
    }
    std::transform(sums.begin(), sums.end(), out, [](double s) { return static_cast<T>(s); });
  }

 private:
  std::int64_t width_;
  std::vector<T> values_;
};

}  // namespace graftage::graph::detail
