#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace graftage::report {

inline constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

struct Summary {
  std::int64_t n = 0;
  double mean = kNotANumber;
  double standard_deviation = kNotANumber;  ///< n - 1; NaN for n < 2
};
/// Over the values that are numbers: a failed seed (NaN) lowers n, never the mean.
[[nodiscard]] Summary summarize(const std::vector<double>& values);

/// Paired difference a - b over common seeds.
struct PairedDifference {
  std::int64_t n = 0;
  double mean = kNotANumber;
  double low = kNotANumber;  ///< 95 % t interval; NaN for n < 2
  double high = kNotANumber;
  double p_t = kNotANumber;  ///< two-sided paired t test; NaN for n < 2, 1 where all differences are 0
  double p_wilcoxon =
      kNotANumber;  ///< exact two-sided signed rank, zeros dropped, mid-ranks; NaN without non-zero pairs
};
/// @param a, b  same order of pairs; a pair with NaN is dropped. @pre same length
[[nodiscard]] PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b);

/// Fewest pairs for which anything may be called significant: with 5, the exact signed-rank test cannot reach 0.05.
inline constexpr std::int64_t kMinimumPairs = 6;
inline constexpr double kSignificanceLevel = 0.05;

/// True if the adjusted p value says so and there are enough pairs.
[[nodiscard]] bool is_significant(const PairedDifference& difference, double adjusted_p);

/// Holm's step-down adjustment; NaN stay NaN and do not count.
[[nodiscard]] std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace graftage::report
