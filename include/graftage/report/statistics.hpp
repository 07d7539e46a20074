#pragma once

#include <cstdint>
#include <vector>

namespace graftage::report {

struct Summary {
  std::int64_t n = 0;
  double mean = 0;
  double standard_deviation = 0;  ///< n - 1; NaN for n < 2
};
/// NaN entries (failed seeds) are left out and counted in n only by their absence.
[[nodiscard]] Summary summarize(const std::vector<double>& values);

/// Paired difference a - b over common seeds.
struct PairedDifference {
  std::int64_t n = 0;
  double mean = 0;
  double low = 0;   ///< 95 % t interval; NaN for n < 2
  double high = 0;
  double p_t = 1;         ///< two-sided paired t test; NaN for n < 2
  double p_wilcoxon = 1;  ///< exact signed rank, zeros dropped, mid-ranks; NaN without non-zero pairs
};
/// @param a, b  same order of pairs; a pair with NaN is dropped
[[nodiscard]] PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b);

/// Fewest pairs for which anything may be called significant.
inline constexpr std::int64_t kMinimumPairs = 6;

/// Holm's step-down adjustment; NaN stay NaN and do not count.
[[nodiscard]] std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace graftage::report
