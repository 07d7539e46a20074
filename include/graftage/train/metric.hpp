#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace graftage::train {

/// Area under the ROC curve with mid-ranks for ties (equal to scikit-learn's); nullopt without both classes.
[[nodiscard]] std::optional<double> roc_auc(const std::vector<float>& scores, const std::vector<float>& labels);

/// Scores of a split: [B, T] row-major, with labels and mask.
struct ScoreTable {
  std::int64_t num_targets = 0;
  std::vector<float> scores;
  std::vector<float> labels;
  std::vector<std::uint8_t> mask;
};
/// Plain mean over the targets that have both classes (methods 2.1); NaN if none has.
[[nodiscard]] double mean_roc_auc(const ScoreTable& table);
/// Targets that lack a class in this table.
[[nodiscard]] std::vector<std::int64_t> targets_without_both_classes(const ScoreTable& table);
/// sqrt(mean over targets of mean squared error); for Real labels.
[[nodiscard]] double root_mean_squared_error(const ScoreTable& table);

}  // namespace graftage::train
