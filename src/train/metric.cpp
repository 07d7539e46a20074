#include "graftage/train/metric.hpp"

#include "graftage/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace graftage::train {

namespace {

struct Column {
  std::vector<float> scores;
  std::vector<float> labels;
};

/// The labelled cells of one target.
Column labelled(const ScoreTable& table, std::int64_t target) {
  GRAFTAGE_CHECK(table.num_targets > 0 && table.scores.size() == table.labels.size() &&
                     table.scores.size() == table.mask.size() &&
                     table.scores.size() % static_cast<std::size_t>(table.num_targets) == 0,
                 table.num_targets, table.scores.size(), table.labels.size(), table.mask.size());
  Column column;
  for (auto i = static_cast<std::size_t>(target); i < table.scores.size();
       i += static_cast<std::size_t>(table.num_targets)) {
    if (table.mask[i] == 0) continue;
    column.scores.push_back(table.scores[i]);
    column.labels.push_back(table.labels[i]);
  }
  return column;
}

}  // namespace

std::optional<double> roc_auc(const std::vector<float>& scores, const std::vector<float>& labels) {
  GRAFTAGE_CHECK(scores.size() == labels.size(), scores.size(), labels.size());
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!std::isfinite(scores[i]))
      throw core::NumericError("score " + std::to_string(i) + " is not finite: no ROC-AUC; lower the learning rate");
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double positives = 0;
  double rank_sum = 0;  // of the positives
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    double positives_here = 0;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end)
      positives_here += labels[order[end]] > 0.5f ? 1 : 0;
    rank_sum +=
        positives_here * (static_cast<double>(begin + 1) + static_cast<double>(end)) / 2;  // mid-rank of the tie
    positives += positives_here;
    begin = end;
  }
  const double negatives = static_cast<double>(scores.size()) - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

double mean_roc_auc(const ScoreTable& table) {
  double sum = 0;
  int count = 0;
  for (std::int64_t target = 0; target < table.num_targets; ++target) {
    const Column column = labelled(table, target);
    if (const auto value = roc_auc(column.scores, column.labels)) {
      sum += *value;
      ++count;
    }
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / count;
}

std::vector<std::int64_t> targets_without_both_classes(const ScoreTable& table) {
  std::vector<std::int64_t> result;
  for (std::int64_t target = 0; target < table.num_targets; ++target) {
    const Column column = labelled(table, target);
    const auto positive = [](float label) { return label > 0.5f; };
    const auto positives = std::count_if(column.labels.begin(), column.labels.end(), positive);
    if (positives == 0 || positives == static_cast<std::ptrdiff_t>(column.labels.size())) result.push_back(target);
  }
  return result;
}

double root_mean_squared_error(const ScoreTable& table) {
  double sum = 0;
  int count = 0;
  for (std::int64_t target = 0; target < table.num_targets; ++target) {
    const Column column = labelled(table, target);
    if (column.scores.empty()) continue;
    double squares = 0;
    for (std::size_t i = 0; i < column.scores.size(); ++i)
      squares += std::pow(static_cast<double>(column.scores[i]) - static_cast<double>(column.labels[i]), 2);
    sum += squares / static_cast<double>(column.scores.size());
    ++count;
  }
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(sum / count);
}

}  // namespace graftage::train
