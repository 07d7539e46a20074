#pragma once

#include "adapt/adapt_task.hpp"

#include <string>
#include <vector>

namespace graftage::adapt {

/// What a task is judged by.
struct MetricInfo {
  std::string name;  ///< "roc_auc" (Binary) or "rmse" (Real)
  std::string goal;  ///< "maximize" or "minimize"
};
[[nodiscard]] MetricInfo metric_of(graph::LabelKind kind);

/// The metric over all graphs of the batches, from gathered predictions. @throws NumericError for one that is not
/// finite
[[nodiscard]] double evaluate(const AdaptTask& task, const std::vector<EvaluationBatch>& batches,
                              graph::LabelKind kind);

}  // namespace graftage::adapt
