#pragma once

#include <string>
#include <vector>

#include "graftage/report/aggregate.hpp"

namespace graftage::report {

/// A table of text cells; right-aligned numbers. One object renders all forms.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> notes;
  [[nodiscard]] std::string to_terminal() const;
  [[nodiscard]] std::string to_csv() const;
  [[nodiscard]] std::string to_markdown() const;
};

/// encoder x method rows, one column group per task: ROC-AUC % mean ± std, n; failures, parameters, epochs.
[[nodiscard]] Table result_table(const Report& report);
/// Paired differences with 95 % intervals against a random encoder and against training from scratch.
[[nodiscard]] Table difference_table(const Report& report);
/// One row per cell with every number: the CSV file.
[[nodiscard]] Table full_table(const Report& report);

}  // namespace graftage::report
