#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace graftage::report {

enum class Goal { Maximize, Minimize };

/// All that selection may see of one setting: its validation curve per run seed (empty for a failed one). No test value
/// is within its reach.
struct ValidationCurves {
  std::vector<std::vector<double>> of_seed;
};

struct Selection {
  std::size_t setting = 0;
  std::size_t epoch = 0;  ///< 0-based
  double mean = 0;        ///< over seeds, of validation
  std::int64_t num_seeds = 0;
};

/// The setting and epoch of one table cell: best mean validation over seeds.
///
/// Of all (setting, epoch) pairs only those with the most seeds that have a number are compared, so a setting whose
/// seeds failed cannot win by a lucky rest. Ties: the earliest epoch, then the first setting. Empty if there is no
/// number.
[[nodiscard]] std::optional<Selection> select(const std::vector<ValidationCurves>& settings, Goal goal);

/// Best epoch (0-based) of one curve, the earliest of equals; NaN are passed over.
[[nodiscard]] std::optional<std::size_t> best_epoch(const std::vector<double>& curve, Goal goal);

}  // namespace graftage::report
