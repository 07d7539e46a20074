#include "block_kernels.hpp"

#include "block_tile.hpp"
#include "sgemm.hpp"
#include "simd.hpp"

#include <algorithm>
#include <concepts>
#include <cstring>

namespace graftage::graph::detail {

namespace {

template <class T, bool Relu>
struct Affine {
  [[gnu::always_inline]] static inline void run(const T* x, const T* mean, const T* scale, const T* shift, T* y,
                                                std::int64_t rows, std::int64_t width) {
    for (std::int64_t r = 0; r < rows; ++r, x += width, y += width) {
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        const T value = (x[h] - mean[h]) * scale[h] + shift[h];
        y[h] = Relu && value <= T(0) ? T(0) : value;
      }
    }
  }
};

template <class T, bool Masked, bool Stored>
struct AffineGradient {
  [[gnu::always_inline]] static inline void run(const T* gradient, const T* y, const T* x, const T* mean,
                                                const T* scale, T* dx, T* products, T* sums, std::int64_t rows,
                                                std::int64_t width) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t offset = r * width;
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        T g = gradient[offset + h];
        if constexpr (Masked) g = y[offset + h] > T(0) ? g : T(0);
        products[h] += g * (x[offset + h] - mean[h]);
        sums[h] += g;
        if constexpr (Stored) dx[offset + h] = g * scale[h];
      }
    }
  }
};

template <class T, bool Masked>
struct AffineSecond {
  [[gnu::always_inline]] static inline void run(const BlockAffineSecond<T>* at, std::int64_t rows, std::int64_t width) {
    const T* mean = at->mean;
    const T* scale = at->scale;
    const T* of_scale = at->of_scale;
    const T* of_shift = at->of_shift;
    T* to_scale = at->to_scale;
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* gradient = at->gradient + r * width;
      const T* y = Masked ? at->y + r * width : nullptr;
      const T* x = at->x + r * width;
      const T* of_x = at->of_x + r * width;
      T* to_gradient = at->to_gradient + r * width;
      T* to_x = at->to_x + r * width;
#pragma omp simd
      for (std::int64_t h = 0; h < width; ++h) {
        T g = gradient[h];
        T back = of_x[h] * scale[h] + (x[h] - mean[h]) * of_scale[h] + of_shift[h];
        if constexpr (Masked) {
          const bool open = y[h] > T(0);
          g = open ? g : T(0);
          back = open ? back : T(0);
        }
        to_gradient[h] = back;
        to_scale[h] += g * of_x[h];
        to_x[h] = g * of_scale[h];
      }
    }
  }
};

/// 64 bytes of T: the lanes of one register with AVX-512, and as many partial sums everywhere.
template <class T>
struct Lanes {
  using Vector [[gnu::vector_size(64)]] = T;
  static constexpr std::int64_t kCount = 64 / static_cast<std::int64_t>(sizeof(T));
};

/// Dot products of Count (1 to 4) rows of `a` with Others (1 to 4) rows of `b`.
template <class T, int Count, int Others>
[[gnu::always_inline]] inline void dots(const T* a, const T* b, T factor, T offset, T* k, T* k_transposed,
                                        std::int64_t rows, std::int64_t width) {
  using Vector = typename Lanes<T>::Vector;
  constexpr std::int64_t kLanes = Lanes<T>::kCount;
  Vector sums[Count][Others];
  for (auto& line : sums)
    for (Vector& sum : line) sum = Vector{};
  std::int64_t h = 0;
  for (; h + kLanes <= width; h += kLanes) {
    Vector x[Count];
    Vector y[Others];
    for (int i = 0; i < Count; ++i) std::memcpy(&x[i], a + i * width + h, sizeof(Vector));
    for (int j = 0; j < Others; ++j) std::memcpy(&y[j], b + j * width + h, sizeof(Vector));
    for (int i = 0; i < Count; ++i)
      for (int j = 0; j < Others; ++j) sums[i][j] += x[i] * y[j];
  }
  for (int i = 0; i < Count; ++i)
    for (int j = 0; j < Others; ++j) {
      T lanes[kLanes];
      std::memcpy(lanes, &sums[i][j], sizeof(Vector));
      for (std::int64_t rest = h; rest < width; ++rest) lanes[rest - h] += a[i * width + rest] * b[j * width + rest];
      for (std::int64_t step = kLanes / 2; step > 0; step /= 2)
        for (std::int64_t lane = 0; lane < step; ++lane) lanes[lane] += lanes[lane + step];
      const T value = factor * (lanes[0] + offset);
      k[i * rows + j] = value;
      if (k_transposed != nullptr) k_transposed[j * rows + i] = value;
    }
}

template <class T, int Count>
[[gnu::always_inline]] inline void dots_of_rows(const T* a, const T* b, T factor, T offset, T* k, T* k_transposed,
                                                std::int64_t rows, std::int64_t width) {
  std::int64_t s = 0;
  const auto transposed = [&] { return k_transposed == nullptr ? nullptr : k_transposed + s * rows; };
  for (; s + 4 <= rows; s += 4) dots<T, Count, 4>(a, b + s * width, factor, offset, k + s, transposed(), rows, width);
  for (; s < rows; ++s) dots<T, Count, 1>(a, b + s * width, factor, offset, k + s, transposed(), rows, width);
}

template <class T>
struct Dots {
  [[gnu::always_inline]] static inline void run(const T* a, const T* b, T factor, T offset, T* k, T* k_transposed,
                                                std::int64_t rows, std::int64_t width) {
    std::int64_t r = 0;
    const auto transposed = [&] { return k_transposed == nullptr ? nullptr : k_transposed + r; };
    for (; r + 4 <= rows; r += 4)
      dots_of_rows<T, 4>(a + r * width, b, factor, offset, k + r * rows, transposed(), rows, width);
    for (; r < rows; ++r) dots_of_rows<T, 1>(a + r * width, b, factor, offset, k + r * rows, transposed(), rows, width);
  }
};

/// out rows r to r + Count (+)= k[., s to s + 4] times rows s to s + 4 of z, or row s alone.
template <class T, int Count, int Terms>
[[gnu::always_inline]] inline void combine(const T* k, const T* z, bool add, T* out, std::int64_t rows,
                                           std::int64_t width) {
  T factor[Count][Terms];
  for (int i = 0; i < Count; ++i)
    for (int t = 0; t < Terms; ++t) factor[i][t] = k[i * rows + t];
  T* o0 = out;
  T* o1 = out + (Count > 1 ? width : 0);
  T* o2 = out + (Count > 2 ? 2 * width : 0);
  T* o3 = out + (Count > 3 ? 3 * width : 0);
  const T* z0 = z;
  const T* z1 = z + (Terms > 1 ? width : 0);
  const T* z2 = z + (Terms > 2 ? 2 * width : 0);
  const T* z3 = z + (Terms > 3 ? 3 * width : 0);
  const auto term = [&](int i, std::int64_t h) __attribute__((always_inline)) {
    T sum = factor[i][0] * z0[h];
    if constexpr (Terms > 1) sum += factor[i][1] * z1[h];
    if constexpr (Terms > 2) sum += factor[i][2] * z2[h];
    if constexpr (Terms > 3) sum += factor[i][3] * z3[h];
    return sum;
  };
  if (add) {
#pragma omp simd
    for (std::int64_t h = 0; h < width; ++h) {
      o0[h] += term(0, h);
      if constexpr (Count > 1) o1[h] += term(1, h);
      if constexpr (Count > 2) o2[h] += term(2, h);
      if constexpr (Count > 3) o3[h] += term(3, h);
    }
  } else {
#pragma omp simd
    for (std::int64_t h = 0; h < width; ++h) {
      o0[h] = term(0, h);
      if constexpr (Count > 1) o1[h] = term(1, h);
      if constexpr (Count > 2) o2[h] = term(2, h);
      if constexpr (Count > 3) o3[h] = term(3, h);
    }
  }
}

template <class T, int Count>
[[gnu::always_inline]] inline void combine_rows(const T* k, const T* z, bool accumulate, T* out, std::int64_t rows,
                                                std::int64_t width) {
  std::int64_t s = 0;
  for (; s + 4 <= rows; s += 4) combine<T, Count, 4>(k + s, z + s * width, accumulate || s > 0, out, rows, width);
  for (; s < rows; ++s) combine<T, Count, 1>(k + s, z + s * width, accumulate || s > 0, out, rows, width);
}

template <class T>
struct Combine {
  [[gnu::always_inline]] static inline void run(const T* k, const T* z, bool accumulate, T* out, std::int64_t rows,
                                                std::int64_t width) {
    std::int64_t r = 0;
    for (; r + 4 <= rows; r += 4) combine_rows<T, 4>(k + r * rows, z, accumulate, out + r * width, rows, width);
    for (; r < rows; ++r) combine_rows<T, 1>(k + r * rows, z, accumulate, out + r * width, rows, width);
  }
};

}  // namespace

template <class T>
void block_affine(const T* x, const T* mean, const T* scale, const T* shift, bool relu, T* y, std::int64_t rows,
                  std::int64_t width) {
  if (relu)
    run_widest<Affine<T, true>>(x, mean, scale, shift, y, rows, width);
  else
    run_widest<Affine<T, false>>(x, mean, scale, shift, y, rows, width);
}

template <class T>
void block_affine_gradient(const T* gradient, const T* y, const T* x, const T* mean, const T* scale, T* dx, T* products,
                           T* sums, std::int64_t rows, std::int64_t width) {
  std::fill_n(products, width, T(0));
  std::fill_n(sums, width, T(0));
  if (y != nullptr && dx != nullptr)
    run_widest<AffineGradient<T, true, true>>(gradient, y, x, mean, scale, dx, products, sums, rows, width);
  else if (y != nullptr)
    run_widest<AffineGradient<T, true, false>>(gradient, y, x, mean, scale, dx, products, sums, rows, width);
  else if (dx != nullptr)
    run_widest<AffineGradient<T, false, true>>(gradient, y, x, mean, scale, dx, products, sums, rows, width);
  else
    run_widest<AffineGradient<T, false, false>>(gradient, y, x, mean, scale, dx, products, sums, rows, width);
}

template <class T>
void block_affine_second(const BlockAffineSecond<T>& at, std::int64_t rows, std::int64_t width) {
  std::fill_n(at.to_scale, width, T(0));
  if (at.y != nullptr)
    run_widest<AffineSecond<T, true>>(&at, rows, width);
  else
    run_widest<AffineSecond<T, false>>(&at, rows, width);
}

template <class T>
void block_dots(const T* a, const T* b, T factor, T offset, T* k, T* k_transposed, std::int64_t rows,
                std::int64_t width) {
  if constexpr (std::same_as<T, float>)
    if (has_sgemm()) return block_dots_avx512(a, b, factor, offset, k, k_transposed, rows, width);
  run_widest<Dots<T>>(a, b, factor, offset, k, k_transposed, rows, width);
}

template <class T>
void block_combine(const T* k, const T* z, bool accumulate, T* out, std::int64_t rows, std::int64_t width) {
  if constexpr (std::same_as<T, float>)
    if (has_sgemm()) return block_combine_avx512(k, z, accumulate, out, rows, width);
  run_widest<Combine<T>>(k, z, accumulate, out, rows, width);
}

#define GRAFTAGE_INSTANTIATE(T)                                                                                   \
  template void block_affine(const T*, const T*, const T*, const T*, bool, T*, std::int64_t, std::int64_t);       \
  template void block_affine_gradient(const T*, const T*, const T*, const T*, const T*, T*, T*, T*, std::int64_t, \
                                      std::int64_t);                                                              \
  template void block_affine_second(const BlockAffineSecond<T>&, std::int64_t, std::int64_t);                     \
  template void block_dots(const T*, const T*, T, T, T*, T*, std::int64_t, std::int64_t);                         \
  template void block_combine(const T*, const T*, bool, T*, std::int64_t, std::int64_t);
GRAFTAGE_INSTANTIATE(float)
GRAFTAGE_INSTANTIATE(double)
#undef GRAFTAGE_INSTANTIATE

}  // namespace graftage::graph::detail
