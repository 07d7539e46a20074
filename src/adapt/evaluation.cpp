#include "adapt/evaluation.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace graftage::adapt {

namespace {

void append(train::ScoreTable& table, const at::Tensor& predictions, const EvaluationBatch& batch) {
  const at::Tensor scores = predictions.to(at::kFloat).contiguous();
  const at::Tensor labels = batch.labels.contiguous();
  const at::Tensor mask = batch.label_mask.contiguous();
  const float* score = scores.const_data_ptr<float>();
  for (std::int64_t i = 0; i < scores.numel(); ++i)
    if (!std::isfinite(score[i]))
      throw core::NumericError("the prediction for graph " +
                               std::to_string(batch.ids[static_cast<std::size_t>(i / scores.size(1))].value) +
                               " is not finite; a smaller learning rate may help");
  const float* label = labels.const_data_ptr<float>();
  const bool* present = mask.const_data_ptr<bool>();
  table.scores.insert(table.scores.end(), score, score + scores.numel());
  table.labels.insert(table.labels.end(), label, label + labels.numel());
  table.mask.insert(table.mask.end(), present, present + mask.numel());
}

}  // namespace

MetricInfo metric_of(graph::LabelKind kind) {
  return kind == graph::LabelKind::Binary ? MetricInfo{"roc_auc", "maximize"} : MetricInfo{"rmse", "minimize"};
}

double evaluate(const AdaptTask& task, const std::vector<EvaluationBatch>& batches, graph::LabelKind kind) {
  GRAFTAGE_CHECK(!batches.empty());
  train::ScoreTable table;
  table.num_targets = batches.front().labels.size(1);
  for (const EvaluationBatch& batch : batches) append(table, task.predict(batch), batch);
  return kind == graph::LabelKind::Binary ? train::mean_roc_auc(table) : train::root_mean_squared_error(table);
}

}  // namespace graftage::adapt
