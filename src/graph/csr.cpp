#include "csr.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstddef>

namespace graftage::graph::detail {

namespace {

/// out = (out +) the next Count (1 to 4) entries of a row from entry k on, added from left to right. Few passes over
/// `out` matter: rows of a molecule have two to five entries. Written out, because g++ -O2 does not unroll an inner
/// loop first.
template <class T, bool Weighted, int Count, bool First>
[[gnu::always_inline]] inline void add_entries(const Csr& csr, std::int64_t k, const T* x, T* out, std::int64_t width) {
  const std::int64_t* column = csr.column.data() + k;
  const double* weight = Weighted ? csr.weight.data() + k : nullptr;
  const T* a = x + column[0] * width;
  const T* b = Count > 1 ? x + column[1] * width : a;
  const T* c = Count > 2 ? x + column[2] * width : a;
  const T* d = Count > 3 ? x + column[3] * width : a;
  const T wa = Weighted ? static_cast<T>(weight[0]) : T(1);
  const T wb = Weighted && Count > 1 ? static_cast<T>(weight[1]) : T(1);
  const T wc = Weighted && Count > 2 ? static_cast<T>(weight[2]) : T(1);
  const T wd = Weighted && Count > 3 ? static_cast<T>(weight[3]) : T(1);
#pragma omp simd
  for (std::int64_t h = 0; h < width; ++h) {
    T sum = Weighted ? wa * a[h] : a[h];
    if constexpr (!First) sum = out[h] + sum;
    if constexpr (Count > 1) sum += Weighted ? wb * b[h] : b[h];
    if constexpr (Count > 2) sum += Weighted ? wc * c[h] : c[h];
    if constexpr (Count > 3) sum += Weighted ? wd * d[h] : d[h];
    out[h] = sum;
  }
}

/// As many entries as there are left, at most four. @return how many
template <class T, bool Weighted, bool First>
[[gnu::always_inline]] inline std::int64_t add_some(const Csr& csr, std::int64_t k, std::int64_t end, const T* x,
                                                    T* out, std::int64_t width) {
  switch (end - k) {
    case 1:
      add_entries<T, Weighted, 1, First>(csr, k, x, out, width);
      return 1;
    case 2:
      add_entries<T, Weighted, 2, First>(csr, k, x, out, width);
      return 2;
    case 3:
      add_entries<T, Weighted, 3, First>(csr, k, x, out, width);
      return 3;
    default:
      add_entries<T, Weighted, 4, First>(csr, k, x, out, width);
      return 4;
  }
}

template <class T, bool Weighted>
[[gnu::always_inline]] inline void sum_rows(const Csr& csr, const T* x, T* out, std::int64_t width, std::int64_t begin,
                                            std::int64_t end) {
  const std::int64_t* row_ptr = csr.row_ptr.data();
  for (std::int64_t row = begin; row < end; ++row) {
    T* target = out + row * width;
    std::int64_t k = row_ptr[row];
    if (k == row_ptr[row + 1]) {
      std::fill_n(target, width, T(0));
      continue;
    }
    k += add_some<T, Weighted, true>(csr, k, row_ptr[row + 1], x, target, width);
    while (k < row_ptr[row + 1]) k += add_some<T, Weighted, false>(csr, k, row_ptr[row + 1], x, target, width);
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

std::span<const std::int64_t> Csr::columns_of(std::int64_t row) const {
  const auto r = static_cast<std::size_t>(row);
  return std::span(column).subspan(static_cast<std::size_t>(row_ptr[r]),
                                   static_cast<std::size_t>(row_ptr[r + 1] - row_ptr[r]));
}

Csr select(const Csr& csr, const std::vector<std::int64_t>& rows) {
  Csr selected{.columns = csr.columns,
               .row_ptr = {0},
               .column = {},
               .weight = {},
               .kind = csr.kind == CsrKind::General ? CsrKind::General : CsrKind::Gather};
  selected.row_ptr.reserve(rows.size() + 1);
  for (const std::int64_t row : rows) {
    const auto begin = csr.row_ptr[static_cast<std::size_t>(row)];
    const auto end = csr.row_ptr[static_cast<std::size_t>(row) + 1];
    selected.column.insert(selected.column.end(), csr.column.begin() + begin, csr.column.begin() + end);
    if (!csr.weight.empty())
      selected.weight.insert(selected.weight.end(), csr.weight.begin() + begin, csr.weight.begin() + end);
    selected.end_row();
  }
  return selected;
}

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
