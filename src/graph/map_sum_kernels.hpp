#pragma once

#include <cstdint>
#include <vector>

namespace graftage::graph::detail {

/// One term as the kernels see it. `table` is read by the sum and written by the scatter.
template <class T>
struct MapView {
  const std::int64_t* row_ptr;
  const std::int64_t* column;
  const double* weight;  ///< null = ones
  T* table;              ///< [C, width]
};

/// out[r] = sum over terms and entries of weight * table[column], in this order, for rows [begin, end).
template <class T>
void sum_rows(const std::vector<MapView<const T>>& terms, T* out, std::int64_t width, std::int64_t begin,
              std::int64_t end);

/// The transpose: table[column] += weight * gradient[r] for rows [begin, end) in order, terms in order.
template <class T>
void scatter_rows(const std::vector<MapView<T>>& terms, const T* gradient, std::int64_t width, std::int64_t begin,
                  std::int64_t end);

}  // namespace graftage::graph::detail
