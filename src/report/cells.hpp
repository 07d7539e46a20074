#pragma once

#include "graftage/report/aggregate.hpp"
#include "graftage/sweep/sweep_config.hpp"

#include <string>
#include <vector>

namespace graftage::report {

/// Groups members into cells, selects setting and epoch on validation, and only then reads test values.
[[nodiscard]] std::vector<Cell> make_cells(const std::vector<sweep::TrialResult>& members,
                                           const sweep::SweepConfig& config);

/// Names tasks, encoders and methods so that different ones have different labels.
void label_cells(std::vector<Cell>& cells);

/// Paired differences of every cell against its baselines, Holm-adjusted over the cells per baseline.
void compare_cells(std::vector<Cell>& cells);

[[nodiscard]] inline Goal goal_of(const sweep::SweepConfig& config) {
  return config.metric.goal == "minimize" ? Goal::Minimize : Goal::Maximize;
}

}  // namespace graftage::report
