#include "report/number_format.hpp"

#include "graftage/core/text.hpp"

#include <cmath>

namespace graftage::report {

namespace {

bool is_percentage(const std::string& metric) { return metric.ends_with("roc_auc"); }

std::string value_text(double value, const std::string& metric) {
  return is_percentage(metric) ? core::format_fixed(100 * value, 1) : core::format_fixed(value, 3);
}

std::string signed_text(double value, const std::string& metric) {
  const std::string text = value_text(value, metric);
  const bool is_zero = text.find_first_of("123456789") == std::string::npos;
  if (is_zero) return text.starts_with('-') ? text.substr(1) : text;
  return text.starts_with('-') ? text : "+" + text;
}

}  // namespace

std::string metric_name(const std::string& metric) {
  return is_percentage(metric) ? "ROC-AUC %" : core::printable(metric);
}

std::string mean_and_deviation(const Summary& summary, const std::string& metric) {
  if (summary.n == 0) return kAbsent;
  const std::string mean = value_text(summary.mean, metric);
  return std::isnan(summary.standard_deviation) ? mean : mean + " ± " + value_text(summary.standard_deviation, metric);
}

std::string difference_with_interval(const PairedDifference& difference, const std::string& metric) {
  if (difference.n == 0) return kAbsent;
  const std::string mean = signed_text(difference.mean, metric);
  if (std::isnan(difference.low)) return mean;
  return mean + " [" + signed_text(difference.low, metric) + ", " + signed_text(difference.high, metric) + "]";
}

std::string p_text(const PairedDifference& difference, double adjusted_p) {
  if (difference.n == 0) return kAbsent;
  if (difference.n < kMinimumPairs) return "n<" + std::to_string(kMinimumPairs);
  if (std::isnan(adjusted_p)) return kAbsent;
  const std::string p = adjusted_p < 0.001 ? "<0.001" : core::format_fixed(adjusted_p, 3);
  return is_significant(difference, adjusted_p) ? p + "*" : p;
}

std::string compact_count(double count) {
  constexpr double kMillion = 1e6;
  if (std::isnan(count)) return kAbsent;
  if (count >= kMillion) return core::format_fixed(count / kMillion, 2) + "M";
  return core::group_thousands(static_cast<std::int64_t>(count));
}

}  // namespace graftage::report
