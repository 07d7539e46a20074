#pragma once

#include "graftage/data/corpus.hpp"
#include "graftage/data/sample_store.hpp"
#include "graftage/graph/message_flow.hpp"
#include "graftage/train/metric.hpp"

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace graftage::adapt {

/// Graphs of a batch in evaluation: numbers do not depend on it, large batches are fast.
/// With merged rows the more so the larger.
inline constexpr std::int64_t kEvaluationGraphs = 4096;
inline constexpr std::int64_t kPlainEvaluationGraphs = 512;

/// Some graphs of a split, ready for a forward pass.
struct EvaluationBatch {
  std::vector<core::GraphId> ids;  ///< [B]
  graph::MessageFlow flow;
  at::Tensor labels;      ///< [B, T] float32
  at::Tensor label_mask;  ///< [B, T] bool
};

/// The three parts of a split as batches.
struct EvaluationBatches {
  std::vector<EvaluationBatch> train;
  std::vector<EvaluationBatch> valid;
  std::vector<EvaluationBatch> test;
};

/// A labelled corpus under one split: checked once, decoded once, shared by all trials of a process.
class TaskData {
 public:
  /// @throws MissingInput, DataError: no labels, unknown split, too few training graphs, or (Binary) a part of the
  /// split in which no target has both classes, so that its ROC-AUC does not exist: names task, split, part and target.
  /// With several targets, those that lack a class are left out of the mean (methods 2.1); only if none is left is the
  /// task refused.
  TaskData(const std::filesystem::path& corpus, const std::string& split);

  [[nodiscard]] const data::Corpus& corpus() const { return *corpus_; }
  [[nodiscard]] data::SampleStore& store() { return store_; }
  /// Training graphs that have at least one label; the others would make a batch without a loss possible.
  [[nodiscard]] const std::vector<core::GraphId>& training_graphs() const { return training_graphs_; }
  /// Flows as these options say; built at the first call.
  [[nodiscard]] const EvaluationBatches& batches(const graph::FlowOptions& options);

 private:
  void check_part(const std::string& part, const std::vector<core::GraphId>& ids);
  /// Scores are zeros.
  [[nodiscard]] train::ScoreTable labels_of(const std::vector<core::GraphId>& ids);
  [[nodiscard]] std::vector<EvaluationBatch> build(const std::vector<core::GraphId>& ids,
                                                   const graph::FlowOptions& options);
  std::shared_ptr<const data::Corpus> corpus_;
  std::string split_name_;
  const data::Split& split_;
  data::SampleStore store_;
  std::vector<core::GraphId> training_graphs_;
  using FlowKey = std::tuple<std::int64_t, graph::FlowKind, bool>;  ///< layers, kind, keep_below
  std::map<FlowKey, EvaluationBatches> batches_;
};

}  // namespace graftage::adapt
