#pragma once

#include "graftage/h5/file.hpp"
#include "graftage/report/aggregate.hpp"

#include <string>
#include <vector>

namespace graftage::report {

/// Tables of numbers, one place for report.h5 and the CSV files.
using Columns = std::vector<h5::Column>;

enum class Baseline { Random, Scratch };

/// One row per planned trial.
[[nodiscard]] Columns member_columns(const Report& report);
/// One row per cell: what was chosen and the summaries over seeds.
[[nodiscard]] Columns final_columns(const Report& report);
/// One row per cell and seed.
[[nodiscard]] Columns replicate_columns(const Report& report);
/// One row per cell: paired difference against a baseline.
[[nodiscard]] Columns difference_columns(const Report& report, Baseline baseline);

/// {"name": value, …} of JSON values.
[[nodiscard]] std::string json_object(const std::map<std::string, std::string>& values);

[[nodiscard]] inline const PairedDifference& difference_of(const Cell& cell, Baseline baseline) {
  return baseline == Baseline::Random ? cell.against_random : cell.against_scratch;
}
[[nodiscard]] inline double adjusted_p_of(const Cell& cell, Baseline baseline) {
  return baseline == Baseline::Random ? cell.holm_against_random : cell.holm_against_scratch;
}

}  // namespace graftage::report
