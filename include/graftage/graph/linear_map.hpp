#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace graftage::graph {

namespace detail {
struct Csr;
}

/// An immutable sparse matrix [rows, columns] in CSR form, applied to dense rows; every gather, segment sum, mean and
/// embedding lookup of graftage is one of these.
///
/// Differentiable any number of times in x: the derivative is the transposed map, which is again a LinearMap. One
/// writer per output row and a fixed order, so results do not depend on threads. float32 and float64 on the CPU.
class LinearMap {
 public:
  LinearMap() = default;  ///< empty; is_defined() is false

  /// @param row_ptr  [rows + 1]
  /// @param column   [nnz]
  /// @param weight   [nnz], or empty for all ones
  static LinearMap from_csr(std::int64_t columns, std::vector<std::int64_t> row_ptr, std::vector<std::int64_t> column,
                            std::vector<double> weight = {});
  /// Row r selects row index[r]: y = x[index].
  static LinearMap gather(std::int64_t columns, const std::vector<std::int64_t>& index);
  /// y[s] = sum of x[r] over all r with segment[r] == s.
  static LinearMap segment_sum(std::int64_t segments, const std::vector<std::int64_t>& segment);
  /// Mean instead of sum; an empty segment gives zeros.
  static LinearMap segment_mean(std::int64_t segments, const std::vector<std::int64_t>& segment);
  static LinearMap identity(std::int64_t size);

  /// Some of the rows, in the order given. @param rows [R'] @return [R', columns]
  [[nodiscard]] LinearMap select(const std::vector<std::int64_t>& rows) const;

  [[nodiscard]] bool is_defined() const { return data_ != nullptr; }
  [[nodiscard]] bool is_identity() const;
  [[nodiscard]] std::int64_t rows() const;
  [[nodiscard]] std::int64_t columns() const;
  [[nodiscard]] const std::vector<std::int64_t>& row_ptr() const;
  [[nodiscard]] const std::vector<std::int64_t>& column() const;
  [[nodiscard]] const std::vector<double>& weight() const;  ///< empty = all ones

  /// @param x  [columns, H]
  /// @return   [rows, H], same dtype
  [[nodiscard]] at::Tensor apply(const at::Tensor& x) const;
  /// The transposed map; built once, shared.
  [[nodiscard]] LinearMap transposed() const;

 private:
  struct Data;
  LinearMap(std::shared_ptr<const Data> data, bool transposed) : data_(std::move(data)), transposed_(transposed) {}
  [[nodiscard]] const detail::Csr& csr() const;

  std::shared_ptr<const Data> data_;  ///< the matrix and, once asked for, its transpose
  bool transposed_ = false;           ///< which of the two this object is
};

}  // namespace graftage::graph
