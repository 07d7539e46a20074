#pragma once

#include "graftage/report/statistics.hpp"

#include <string>

namespace graftage::report {

inline const std::string kAbsent = "–";

/// "ROC-AUC %" for roc_auc; other metrics keep their name and unit.
[[nodiscard]] std::string metric_name(const std::string& metric);
/// "65.8 ± 4.5"; without ± for one value.
[[nodiscard]] std::string mean_and_deviation(const Summary& summary, const std::string& metric);
/// "+1.2 [-0.4, +2.8]".
[[nodiscard]] std::string difference_with_interval(const PairedDifference& difference, const std::string& metric);
/// Adjusted p, starred where significant; "n<6" where there are too few pairs to say anything.
[[nodiscard]] std::string p_text(const PairedDifference& difference, double adjusted_p);
/// 1857900 -> "1.86M", 6000 -> "6,000".
[[nodiscard]] std::string compact_count(double count);

}  // namespace graftage::report
