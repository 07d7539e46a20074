#pragma once

#include <cstdint>

namespace graftage::graph::detail {

// Kernels on one block of consecutive row-major rows of float or double. Bits depend on neither vector width nor
// threads: columns are independent, and dot products have a fixed number of partial sums. The products of float (dots,
// combine) are part of graph::product_kernels(): with AVX-512 they are fused.

/// y = (x - mean) * scale + shift, then max(y, 0) where `relu`. mean, scale, shift: [width]
template <class T>
void block_affine(const T* x, const T* mean, const T* scale, const T* shift, bool relu, T* y, std::int64_t rows,
                  std::int64_t width);

/// With g = gradient where y > 0, else 0 (y null: all): dx = g * scale, products = sum of g * (x - mean), sums = sum of
/// g over the rows. @param dx  may be null
template <class T>
void block_affine_gradient(const T* gradient, const T* y, const T* x, const T* mean, const T* scale, T* dx, T* products,
                           T* sums, std::int64_t rows, std::int64_t width);

/// Arguments of the derivative of block_affine_gradient; c = x - mean.
template <class T>
struct BlockAffineSecond {
  const T* gradient;  ///< [rows, width]
  const T* y;         ///< [rows, width] or null
  const T* x;         ///< [rows, width]
  const T* mean;      ///< [width]
  const T* scale;     ///< [width]
  const T* of_x;      ///< [rows, width] outer gradient of dx
  const T* of_scale;  ///< [width] of products
  const T* of_shift;  ///< [width] of sums
  T* to_gradient;     ///< [rows, width] of_x * scale + c * of_scale + of_shift where y > 0, else 0
  T* to_scale;        ///< [width] sum of g * of_x
  T* to_x;            ///< [rows, width] g * of_scale
};
template <class T>
void block_affine_second(const BlockAffineSecond<T>& at, std::int64_t rows, std::int64_t width);

/// k[r, s] = factor * (a_r . b_s + offset) and, where given, k_transposed[s, r]; both [rows, rows].
template <class T>
void block_dots(const T* a, const T* b, T factor, T offset, T* k, T* k_transposed, std::int64_t rows,
                std::int64_t width);

/// out_r = (out_r +) sum over s of k[r, s] z_s; k [rows, rows], z and out [rows, width].
template <class T>
void block_combine(const T* k, const T* z, bool accumulate, T* out, std::int64_t rows, std::int64_t width);

}  // namespace graftage::graph::detail
