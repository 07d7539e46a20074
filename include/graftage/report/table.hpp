#pragma once

#include "graftage/report/aggregate.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace graftage::report {

/// Widest line of a terminal table; wider tables are cut into blocks that repeat the key columns.
inline constexpr std::size_t kTerminalWidth = 110;

/// A table of text cells; key columns are left-aligned, the others right-aligned. One object renders all forms.
struct Table {
  std::string title;
  std::vector<std::string> columns;  ///< a line break makes a second header line on terminals
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> notes;
  std::size_t key_columns = 2;
  [[nodiscard]] std::string to_terminal() const;
  /// Safe for spreadsheets: a text that would be read as a formula gets a leading apostrophe.
  [[nodiscard]] std::string to_csv() const;
  [[nodiscard]] std::string to_markdown() const;
};

/// Columns a text takes on a terminal (UTF-8).
[[nodiscard]] std::size_t display_width(const std::string& text);

/// encoder x method rows, one column group per task: test metric mean ± std, n, epoch; trained parameters, failures.
[[nodiscard]] Table result_table(const Report& report);
/// Paired differences with 95 % intervals against a random encoder and against training from scratch.
[[nodiscard]] Table difference_table(const Report& report);
/// One row per cell with every number: report.csv.
[[nodiscard]] Table full_table(const Report& report);
/// One row per cell and baseline with every number: differences.csv.
[[nodiscard]] Table full_difference_table(const Report& report);
/// Failed and missing trials with their reasons.
[[nodiscard]] Table failure_table(const Report& report);
/// What selection on validation chose in every cell, and the other two readings of the test curve.
[[nodiscard]] Table selection_table(const Report& report);

}  // namespace graftage::report
