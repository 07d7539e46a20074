#include "csr.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstddef>

namespace graftage::graph::detail {

namespace {

/// Sums one tile of Width columns of a row in registers. Width 0 means `tail` columns.
template <class T, bool Weighted, int Width>
[[gnu::always_inline]] inline void sum_tile(const Csr& csr, std::int64_t row, const T* x, T* out, std::int64_t width,
                                            int tail) {
  constexpr int kCapacity = Width == 0 ? 16 : Width;
  const int count = Width == 0 ? tail : Width;
  T sum[kCapacity] = {};
  const std::int64_t* column = csr.column.data();
  const double* weight = csr.weight.data();
  for (std::int64_t k = csr.row_ptr[static_cast<std::size_t>(row)]; k < csr.row_ptr[static_cast<std::size_t>(row) + 1];
       ++k) {
    const T* source = x + column[k] * width;
    if constexpr (Weighted) {
      const T factor = static_cast<T>(weight[k]);
#pragma omp simd
      for (int h = 0; h < count; ++h) sum[h] += factor * source[h];
    } else {
#pragma omp simd
      for (int h = 0; h < count; ++h) sum[h] += source[h];
    }
  }
  std::copy_n(sum, count, out + row * width);
}

template <class T, bool Weighted>
[[gnu::always_inline]] inline void sum_rows(const Csr& csr, const T* x, T* out, std::int64_t width, std::int64_t begin,
                                            std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    std::int64_t h = 0;
    for (; h + 64 <= width; h += 64) sum_tile<T, Weighted, 64>(csr, row, x + h, out + h, width, 0);
    for (; h + 16 <= width; h += 16) sum_tile<T, Weighted, 16>(csr, row, x + h, out + h, width, 0);
    if (h < width) sum_tile<T, Weighted, 0>(csr, row, x + h, out + h, width, static_cast<int>(width - h));
  }
}

template <class T>
using RowKernel = void (*)(const Csr&, const T*, T*, std::int64_t, std::int64_t, std::int64_t);

template <class T, bool Weighted>
void sum_rows_baseline(const Csr& csr, const T* x, T* out, std::int64_t width, std::int64_t begin, std::int64_t end) {
  sum_rows<T, Weighted>(csr, x, out, width, begin, end);
}

#if defined(__x86_64__)
// Wider registers change no bit: columns are independent and products are not contracted (-ffp-contract=off).
template <class T, bool Weighted>
[[gnu::target("avx512f,prefer-vector-width=512")]] void sum_rows_avx512(const Csr& csr, const T* x, T* out,
                                                                        std::int64_t width, std::int64_t begin,
                                                                        std::int64_t end) {
  sum_rows<T, Weighted>(csr, x, out, width, begin, end);
}

template <class T, bool Weighted>
[[gnu::target("avx2")]] void sum_rows_avx2(const Csr& csr, const T* x, T* out, std::int64_t width, std::int64_t begin,
                                           std::int64_t end) {
  sum_rows<T, Weighted>(csr, x, out, width, begin, end);
}
#endif

template <class T, bool Weighted>
RowKernel<T> select_kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return sum_rows_avx512<T, Weighted>;
  if (__builtin_cpu_supports("avx2")) return sum_rows_avx2<T, Weighted>;
#endif
  return sum_rows_baseline<T, Weighted>;
}

template <class T>
void copy_rows(const Csr& csr, const T* x, T* out, std::int64_t width, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row)
    std::copy_n(x + csr.column[static_cast<std::size_t>(row)] * width, width, out + row * width);
}

template <class T>
void multiply_typed(const Csr& csr, const T* x, T* out, std::int64_t width) {
  static const RowKernel<T> plain = select_kernel<T, false>();
  static const RowKernel<T> weighted = select_kernel<T, true>();
  const RowKernel<T> kernel = csr.kind != CsrKind::General ? copy_rows<T> : csr.weight.empty() ? plain : weighted;
  constexpr std::int64_t kElementsPerTask = 1 << 15;
  const std::int64_t entries = static_cast<std::int64_t>(csr.column.size());
  const std::int64_t row_cost =
      std::max<std::int64_t>(1, width * (entries / std::max<std::int64_t>(1, csr.rows()) + 1));
  at::parallel_for(0, csr.rows(), std::max<std::int64_t>(1, kElementsPerTask / row_cost),
                   [&](std::int64_t begin, std::int64_t end) { kernel(csr, x, out, width, begin, end); });
}

}  // namespace

Csr transpose(const Csr& csr) {
  Csr result;
  result.columns = csr.rows();
  result.kind = csr.kind == CsrKind::Identity ? CsrKind::Identity : CsrKind::General;
  result.row_ptr.assign(static_cast<std::size_t>(csr.columns) + 1, 0);
  for (const std::int64_t column : csr.column) ++result.row_ptr[static_cast<std::size_t>(column) + 1];
  for (std::size_t r = 1; r < result.row_ptr.size(); ++r) result.row_ptr[r] += result.row_ptr[r - 1];
  std::vector<std::int64_t> next(result.row_ptr.begin(), result.row_ptr.end() - 1);
  result.column.resize(csr.column.size());
  result.weight.resize(csr.weight.size());
  for (std::int64_t row = 0; row < csr.rows(); ++row)
    for (auto k = static_cast<std::size_t>(csr.row_ptr[static_cast<std::size_t>(row)]);
         k < static_cast<std::size_t>(csr.row_ptr[static_cast<std::size_t>(row) + 1]); ++k) {
      const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(csr.column[k])]++);
      result.column[place] = row;
      if (!csr.weight.empty()) result.weight[place] = csr.weight[k];
    }
  return result;
}

void multiply(const Csr& csr, const float* x, float* out, std::int64_t width) { multiply_typed(csr, x, out, width); }
void multiply(const Csr& csr, const double* x, double* out, std::int64_t width) { multiply_typed(csr, x, out, width); }

}  // namespace graftage::graph::detail
