#include "row_kernels.hpp"

#include "simd.hpp"

#include <algorithm>

namespace graftage::graph::detail {

namespace {

/// `value` where the normalised row is positive (all rows without ReLU); comparisons are false for a NaN, which passes.
template <class T>
[[gnu::always_inline]] inline T passed(T value, T y, bool relu) {
  return relu && y <= T(0) ? T(0) : value;
}

template <class T>
struct AddBiasAndActivate {
  [[gnu::always_inline]] static inline void run(T* y, const T* bias, bool relu, std::int64_t rows, std::int64_t width) {
    for (std::int64_t r = 0; r < rows; ++r, y += width) {
      if (bias != nullptr) {
#pragma omp simd
        for (std::int64_t h = 0; h < width; ++h) {
          const T sum = y[h] + bias[h];
          y[h] = passed(sum, sum, relu);
        }
      } else {
#pragma omp simd
        for (std::int64_t h = 0; h < width; ++h) y[h] = passed(y[h], y[h], relu);
      }
    }
  }
};

template <class T, bool Masked, bool Stored, bool Summed>
struct MaskAndSum {
  [[gnu::always_inline]] static inline void run(const T* gradient, const T* y, T* out, T* sums, std::int64_t rows,
                                                std::int64_t width) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t offset = r * width;
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        T g = gradient[offset + h];
        if constexpr (Masked) g = passed(g, y[offset + h], true);
        if constexpr (Stored) out[offset + h] = g;
        if constexpr (Summed) sums[h] += g;
      }
    }
  }
};

template <class T, bool Weighted>
struct BlockMoments {
  [[gnu::always_inline]] static inline void run(const T* x, const T* weight, T total, T* mean, T* squares,
                                                std::int64_t rows, std::int64_t width) {
    std::fill_n(mean, width, T(0));
    std::fill_n(squares, width, T(0));
    for (std::int64_t r = 0; r < rows; ++r) {
      const T w = Weighted ? weight[r] : T(1);
      const T* row = x + r * width;
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) mean[h] += Weighted ? w * row[h] : row[h];
    }
#pragma omp simd
    for (std::int64_t h = 0; h < width; ++h) mean[h] /= total;
    for (std::int64_t r = 0; r < rows; ++r) {
      const T w = Weighted ? weight[r] : T(1);
      const T* row = x + r * width;
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        const T deviation = row[h] - mean[h];
        squares[h] += Weighted ? w * deviation * deviation : deviation * deviation;
      }
    }
  }
};

/// What the forward pass computed, recomputed with the same operations: the ReLU closes in the same places.
template <class T>
[[gnu::always_inline]] inline T normalized(T x, T mean, T factor, T shift) {
  return (x - mean) * factor + shift;
}

template <class T, bool Relu>
struct Normalize {
  [[gnu::always_inline]] static inline void run(const T* x, const T* mean, const T* factor, const T* shift, T* y,
                                                std::int64_t rows, std::int64_t width) {
    for (std::int64_t r = 0; r < rows; ++r, x += width, y += width) {
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        const T value = normalized(x[h], mean[h], factor[h], shift[h]);
        y[h] = passed(value, value, Relu);
      }
    }
  }
};

template <class T, bool Relu, bool Stored>
struct NormalizationSums {
  [[gnu::always_inline]] static inline void run(const T* x, const T* gradient, const NormalizationRow<T>* row, T* sums,
                                                T* products, T* dx, std::int64_t rows, std::int64_t width) {
    const T* mean = row->mean;
    const T* inverse = row->inverse;
    const T* factor = row->factor;
    const T* shift = row->shift;
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t offset = r * width;
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        const T g = passed(gradient[offset + h], normalized(x[offset + h], mean[h], factor[h], shift[h]), Relu);
        sums[h] += g;
        products[h] += g * ((x[offset + h] - mean[h]) * inverse[h]);
        if constexpr (Stored) dx[offset + h] = g * factor[h];
      }
    }
  }
};

template <class T, bool Relu>
struct NormalizationGradient {
  [[gnu::always_inline]] static inline void run(const T* x, const T* gradient, const NormalizationRow<T>* row,
                                                const T* sums, const T* products, const T* share, T equal_share, T* dx,
                                                std::int64_t rows, std::int64_t width) {
    const T* mean = row->mean;
    const T* inverse = row->inverse;
    const T* factor = row->factor;
    const T* shift = row->shift;
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t offset = r * width;
      const T part = share == nullptr ? equal_share : share[r];
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        const T g = passed(gradient[offset + h], normalized(x[offset + h], mean[h], factor[h], shift[h]), Relu);
        const T unit = (x[offset + h] - mean[h]) * inverse[h];
        dx[offset + h] = factor[h] * (g - part * (sums[h] + unit * products[h]));
      }
    }
  }
};

}  // namespace

template <class T>
void add_bias_and_activate(T* y, const T* bias, bool relu, std::int64_t rows, std::int64_t width) {
  if (bias != nullptr || relu) run_widest<AddBiasAndActivate<T>>(y, bias, relu, rows, width);
}

template <class T>
void mask_and_sum(const T* gradient, const T* y, T* out, T* sums, std::int64_t rows, std::int64_t width) {
  if (sums != nullptr) std::fill_n(sums, width, T(0));
  if (y != nullptr && sums != nullptr && out != nullptr)
    run_widest<MaskAndSum<T, true, true, true>>(gradient, y, out, sums, rows, width);
  else if (y != nullptr && out != nullptr)
    run_widest<MaskAndSum<T, true, true, false>>(gradient, y, out, sums, rows, width);
  else if (y != nullptr && sums != nullptr)
    run_widest<MaskAndSum<T, true, false, true>>(gradient, y, out, sums, rows, width);
  else if (sums != nullptr)
    run_widest<MaskAndSum<T, false, false, true>>(gradient, y, out, sums, rows, width);
}

template <class T>
void block_moments(const T* x, const T* weight, T total, T* mean, T* squares, std::int64_t rows, std::int64_t width) {
  if (weight == nullptr)
    run_widest<BlockMoments<T, false>>(x, weight, total, mean, squares, rows, width);
  else
    run_widest<BlockMoments<T, true>>(x, weight, total, mean, squares, rows, width);
}

template <class T>
void normalize(const T* x, const NormalizationRow<T>& row, T* y, std::int64_t rows, std::int64_t width) {
  if (row.relu)
    run_widest<Normalize<T, true>>(x, row.mean, row.factor, row.shift, y, rows, width);
  else
    run_widest<Normalize<T, false>>(x, row.mean, row.factor, row.shift, y, rows, width);
}

template <class T>
void normalization_sums(const T* x, const T* gradient, const NormalizationRow<T>& row, T* sums, T* products, T* dx,
                        std::int64_t rows, std::int64_t width) {
  std::fill_n(sums, width, T(0));
  std::fill_n(products, width, T(0));
  if (row.relu && dx != nullptr)
    run_widest<NormalizationSums<T, true, true>>(x, gradient, &row, sums, products, dx, rows, width);
  else if (row.relu)
    run_widest<NormalizationSums<T, true, false>>(x, gradient, &row, sums, products, dx, rows, width);
  else if (dx != nullptr)
    run_widest<NormalizationSums<T, false, true>>(x, gradient, &row, sums, products, dx, rows, width);
  else
    run_widest<NormalizationSums<T, false, false>>(x, gradient, &row, sums, products, dx, rows, width);
}

template <class T>
void normalization_gradient(const T* x, const T* gradient, const NormalizationRow<T>& row, const T* sums,
                            const T* products, const T* share, T equal_share, T* dx, std::int64_t rows,
                            std::int64_t width) {
  if (row.relu)
    run_widest<NormalizationGradient<T, true>>(x, gradient, &row, sums, products, share, equal_share, dx, rows, width);
  else
    run_widest<NormalizationGradient<T, false>>(x, gradient, &row, sums, products, share, equal_share, dx, rows, width);
}

#define GRAFTAGE_INSTANTIATE(T)                                                                                      \
  template void add_bias_and_activate(T*, const T*, bool, std::int64_t, std::int64_t);                               \
  template void mask_and_sum(const T*, const T*, T*, T*, std::int64_t, std::int64_t);                                \
  template void block_moments(const T*, const T*, T, T*, T*, std::int64_t, std::int64_t);                            \
  template void normalize(const T*, const NormalizationRow<T>&, T*, std::int64_t, std::int64_t);                     \
  template void normalization_sums(const T*, const T*, const NormalizationRow<T>&, T*, T*, T*, std::int64_t,         \
                                   std::int64_t);                                                                    \
  template void normalization_gradient(const T*, const T*, const NormalizationRow<T>&, const T*, const T*, const T*, \
                                       T, T*, std::int64_t, std::int64_t);
GRAFTAGE_INSTANTIATE(float)
GRAFTAGE_INSTANTIATE(double)
#undef GRAFTAGE_INSTANTIATE

}  // namespace graftage::graph::detail
