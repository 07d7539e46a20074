#include "map_sum_kernels.hpp"

#include "simd.hpp"

#include <algorithm>

namespace graftage::graph::detail {

namespace {

/// Entries that wait to be added in one pass over the output row: rows of a molecule have four to nine.
constexpr int kGroup = 4;

/// out = (out +) the first Count sources times their weights, from left to right.
template <class T, int Count, bool First>
[[gnu::always_inline]] inline void add_group(const T* const* source, const T* weight, T* out, std::int64_t width) {
  const T* a = source[0];
  const T* b = source[Count > 1 ? 1 : 0];
  const T* c = source[Count > 2 ? 2 : 0];
  const T* d = source[Count > 3 ? 3 : 0];
  const T wa = weight[0];
  const T wb = weight[Count > 1 ? 1 : 0];
  const T wc = weight[Count > 2 ? 2 : 0];
  const T wd = weight[Count > 3 ? 3 : 0];
#pragma omp simd
  for (std::int64_t h = 0; h < width; ++h) {
    T sum = wa * a[h];
    if constexpr (!First) sum = out[h] + sum;
    if constexpr (Count > 1) sum += wb * b[h];
    if constexpr (Count > 2) sum += wc * c[h];
    if constexpr (Count > 3) sum += wd * d[h];
    out[h] = sum;
  }
}

template <class T, bool First>
[[gnu::always_inline]] inline void add_waiting(int count, const T* const* source, const T* weight, T* out,
                                               std::int64_t width) {
  switch (count) {
    case 0:
      if (First) std::fill_n(out, width, T(0));
      break;
    case 1:
      add_group<T, 1, First>(source, weight, out, width);
      break;
    case 2:
      add_group<T, 2, First>(source, weight, out, width);
      break;
    case 3:
      add_group<T, 3, First>(source, weight, out, width);
      break;
    default:
      add_group<T, 4, First>(source, weight, out, width);
  }
}

template <class T>
struct SumRows {
  [[gnu::always_inline]] static inline void run(const MapView<const T>* first, const MapView<const T>* last, T* out,
                                                std::int64_t width, std::int64_t begin, std::int64_t end) {
    const T* source[kGroup];
    T weight[kGroup];
    for (std::int64_t row = begin; row < end; ++row) {
      T* target = out + row * width;
      int waiting = 0;
      bool fresh = true;
      for (const MapView<const T>* term = first; term != last; ++term) {
        for (std::int64_t k = term->row_ptr[row]; k < term->row_ptr[row + 1]; ++k) {
          if (waiting == kGroup) {
            if (fresh)
              add_group<T, kGroup, true>(source, weight, target, width);
            else
              add_group<T, kGroup, false>(source, weight, target, width);
            fresh = false;
            waiting = 0;
          }
          source[waiting] = term->table + term->column[k] * width;
          weight[waiting++] = term->weight == nullptr ? T(1) : static_cast<T>(term->weight[k]);
        }
      }
      if (fresh)
        add_waiting<T, true>(waiting, source, weight, target, width);
      else
        add_waiting<T, false>(waiting, source, weight, target, width);
    }
  }
};

template <class T>
struct ScatterRows {
  [[gnu::always_inline]] static inline void run(const MapView<T>* first, const MapView<T>* last, const T* gradient,
                                                std::int64_t width, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* g = gradient + row * width;
      for (const MapView<T>* term = first; term != last; ++term) {
        for (std::int64_t k = term->row_ptr[row]; k < term->row_ptr[row + 1]; ++k) {
          const T w = term->weight == nullptr ? T(1) : static_cast<T>(term->weight[k]);
          T* target = term->table + term->column[k] * width;
#pragma omp simd
          for (std::int64_t h = 0; h < width; ++h) target[h] += w * g[h];
        }
      }
    }
  }
};

}  // namespace

template <class T>
void sum_rows(const std::vector<MapView<const T>>& terms, T* out, std::int64_t width, std::int64_t begin,
              std::int64_t end) {
  run_widest<SumRows<T>>(terms.data(), terms.data() + terms.size(), out, width, begin, end);
}

template <class T>
void scatter_rows(const std::vector<MapView<T>>& terms, const T* gradient, std::int64_t width, std::int64_t begin,
                  std::int64_t end) {
  run_widest<ScatterRows<T>>(terms.data(), terms.data() + terms.size(), gradient, width, begin, end);
}

#define GRAFTAGE_INSTANTIATE(T)                                                                               \
  template void sum_rows(const std::vector<MapView<const T>>&, T*, std::int64_t, std::int64_t, std::int64_t); \
  template void scatter_rows(const std::vector<MapView<T>>&, const T*, std::int64_t, std::int64_t, std::int64_t);
GRAFTAGE_INSTANTIATE(float)
GRAFTAGE_INSTANTIATE(double)
#undef GRAFTAGE_INSTANTIATE

}  // namespace graftage::graph::detail
