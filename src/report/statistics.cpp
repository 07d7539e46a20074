#include "graftage/report/statistics.hpp"

#include "graftage/core/error.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace graftage::report {

namespace {

constexpr double kTailOfInterval = 0.025;

/// Ranks of |d|, doubled so that mid-ranks are integers.
std::vector<std::size_t> doubled_ranks(const std::vector<double>& differences) {
  std::vector<std::size_t> order(differences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return std::abs(differences[i]) < std::abs(differences[j]); });
  std::vector<std::size_t> ranks(differences.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && std::abs(differences[order[last + 1]]) == std::abs(differences[order[first]]))
      ++last;
    for (std::size_t k = first; k <= last; ++k) ranks[order[k]] = first + last + 2;
    first = last + 1;
  }
  return ranks;
}

/// Two-sided p of the signed-rank sum under its exact distribution given these ranks: every sign pattern is equally
/// likely, so the distribution is the product of (1 + x^rank) / 2.
double exact_signed_rank_p(std::vector<double> differences) {
  std::erase(differences, 0.0);
  if (differences.empty()) return kNotANumber;
  const auto ranks = doubled_ranks(differences);
  std::size_t observed = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) observed += differences[i] > 0 ? ranks[i] : 0;
  std::vector<double> probability{1.0};
  for (const std::size_t rank : ranks) {
    std::vector<double> next(probability.size() + rank, 0.0);
    for (std::size_t w = 0; w < probability.size(); ++w) {
      next[w] += 0.5 * probability[w];
      next[w + rank] += 0.5 * probability[w];
    }
    probability = std::move(next);
  }
  double below = 0, above = 0;
  for (std::size_t w = 0; w <= observed; ++w) below += probability[w];
  for (std::size_t w = observed; w < probability.size(); ++w) above += probability[w];
  return std::min(1.0, 2 * std::min(below, above));
}

}  // namespace

Summary summarize(const std::vector<double>& values) {
  Summary summary;
  double sum = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++summary.n;
  }
  if (summary.n == 0) return summary;
  summary.mean = sum / static_cast<double>(summary.n);
  if (summary.n == 1) return summary;
  double squares = 0;
  for (const double value : values)
    if (!std::isnan(value)) squares += (value - summary.mean) * (value - summary.mean);
  summary.standard_deviation = std::sqrt(squares / static_cast<double>(summary.n - 1));
  return summary;
}

PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b) {
  GRAFTAGE_CHECK(a.size() == b.size(), a.size(), b.size());
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!std::isnan(a[i]) && !std::isnan(b[i])) differences.push_back(a[i] - b[i]);
  const Summary summary = summarize(differences);
  PairedDifference result;
  result.n = summary.n;
  result.mean = summary.mean;
  result.p_wilcoxon = exact_signed_rank_p(differences);
  if (summary.n < 2) return result;
  const boost::math::students_t t(static_cast<double>(summary.n - 1));
  const double error = summary.standard_deviation / std::sqrt(static_cast<double>(summary.n));
  const double half_width = error * boost::math::quantile(boost::math::complement(t, kTailOfInterval));
  result.low = summary.mean - half_width;
  result.high = summary.mean + half_width;
  if (error > 0)
    result.p_t = 2 * boost::math::cdf(boost::math::complement(t, std::abs(summary.mean) / error));
  else
    result.p_t = summary.mean == 0 ? 1 : 0;
  return result;
}

bool is_significant(const PairedDifference& difference, double adjusted_p) {
  return difference.n >= kMinimumPairs && adjusted_p < kSignificanceLevel;
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i)
    if (!std::isnan(p_values[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
  std::vector<double> adjusted(p_values.size(), kNotANumber);
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, static_cast<double>(order.size() - k) * p_values[order[k]]);
    adjusted[order[k]] = std::min(1.0, largest);
  }
  return adjusted;
}

}  // namespace graftage::report
