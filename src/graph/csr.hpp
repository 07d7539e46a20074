#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graftage::graph::detail {

enum class CsrKind {
  General,
  Gather,    ///< one entry of weight one in each row
  Identity,  ///< square, row r selects r
};

/// Compressed sparse rows; the entries of a row are summed in the order stored.
struct Csr {
  std::int64_t columns = 0;
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int64_t> column;
  std::vector<double> weight;  ///< empty = all ones
  CsrKind kind = CsrKind::General;
  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(row_ptr.size()) - 1; }
  /// Columns of the entries of one row.
  [[nodiscard]] std::span<const std::int64_t> columns_of(std::int64_t row) const;
  /// Ends a row that is built by appending to column and weight.
  void end_row() { row_ptr.push_back(static_cast<std::int64_t>(column.size())); }
};

/// The transpose; entries of a row keep the order of the original's rows.
[[nodiscard]] Csr transpose(const Csr& csr);

/// The rows in the order given.
[[nodiscard]] Csr select(const Csr& csr, const std::vector<std::int64_t>& rows);

/// out = csr * x for row-major x [columns, width] and out [rows, width]. One writer per row; the sum of an output
/// element has one order, whatever the vector width of the machine or the number of threads.
void multiply(const Csr& csr, const float* x, float* out, std::int64_t width);
void multiply(const Csr& csr, const double* x, double* out, std::int64_t width);

}  // namespace graftage::graph::detail
