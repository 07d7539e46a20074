#include "graftage/report/selection.hpp"

#include "graftage/report/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace graftage::report {

namespace {

bool is_better(double a, double b, Goal goal) { return goal == Goal::Maximize ? a > b : a < b; }

/// Whether `candidate` replaces `best`; both in order of settings and, within one, of epochs.
bool replaces(const Selection& candidate, const Selection& best, Goal goal) {
  if (candidate.num_seeds != best.num_seeds) return candidate.num_seeds > best.num_seeds;
  if (candidate.mean != best.mean) return is_better(candidate.mean, best.mean, goal);
  return candidate.epoch < best.epoch;
}

}  // namespace

std::optional<Selection> select(const std::vector<ValidationCurves>& settings, Goal goal) {
  std::optional<Selection> best;
  for (std::size_t setting = 0; setting < settings.size(); ++setting) {
    std::size_t epochs = 0;
    for (const auto& curve : settings[setting].of_seed) epochs = std::max(epochs, curve.size());
    for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
      std::vector<double> values;
      for (const auto& curve : settings[setting].of_seed)
        if (epoch < curve.size()) values.push_back(curve[epoch]);
      const Summary summary = summarize(values);
      if (summary.n == 0) continue;
      const Selection candidate{setting, epoch, summary.mean, summary.n};
      if (!best || replaces(candidate, *best, goal)) best = candidate;
    }
  }
  return best;
}

std::optional<std::size_t> best_epoch(const std::vector<double>& curve, Goal goal) {
  std::optional<std::size_t> best;
  for (std::size_t epoch = 0; epoch < curve.size(); ++epoch)
    if (!std::isnan(curve[epoch]) && (!best || is_better(curve[epoch], curve[*best], goal))) best = epoch;
  return best;
}

}  // namespace graftage::report
