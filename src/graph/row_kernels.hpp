#pragma once

#include <cstdint>

namespace graftage::graph::detail {

// One pass each over row-major rows [rows, width] of float or double. Columns are independent and rows are taken in
// order, so a result has the same bits for every vector width; callers cut rows into blocks of fixed size, so it has
// them for every number of threads too.

/// y = y + bias, then max(y, 0) where `relu`; in place. @param bias [width] or null. A NaN stays one.
template <class T>
void add_bias_and_activate(T* y, const T* bias, bool relu, std::int64_t rows, std::int64_t width);

/// out = gradient where y > 0, else 0 (y null: all); sums[h] = sum of out over these rows. @param out may be
/// `gradient` or y itself, or null where only the sums are wanted; sums [width] or null
template <class T>
void mask_and_sum(const T* gradient, const T* y, T* out, T* sums, std::int64_t rows, std::int64_t width);

/// Mean and sum of squared deviations of these rows, two passes. @param weight [rows] or null (ones), positive
/// @param total  sum of the weights
template <class T>
void block_moments(const T* x, const T* weight, T total, T* mean, T* squares, std::int64_t rows, std::int64_t width);

/// What normalisation of one feature is: y = (x - mean) * factor + shift, factor = scale / sqrt(variance + eps).
template <class T>
struct NormalizationRow {
  const T* mean;
  const T* inverse;  ///< 1 / sqrt(variance + eps)
  const T* factor;
  const T* shift;
  bool relu;
};

template <class T>
void normalize(const T* x, const NormalizationRow<T>& row, T* y, std::int64_t rows, std::int64_t width);

/// sums[h] = sum of the gradient that passes the ReLU, products[h] = the same times the normalised x.
/// @param dx  gradient * factor of rows whose statistics are constants, or null; may be `gradient` itself
template <class T>
void normalization_sums(const T* x, const T* gradient, const NormalizationRow<T>& row, T* sums, T* products, T* dx,
                        std::int64_t rows, std::int64_t width);

/// Gradient through the batch's own statistics: dx = factor * (gradient - share * (sums + normalised x * products)).
/// @param share  [rows] multiplicity / count, or null: `equal_share` for all @param dx  may be `gradient` itself
template <class T>
void normalization_gradient(const T* x, const T* gradient, const NormalizationRow<T>& row, const T* sums,
                            const T* products, const T* share, T equal_share, T* dx, std::int64_t rows,
                            std::int64_t width);

}  // namespace graftage::graph::detail
