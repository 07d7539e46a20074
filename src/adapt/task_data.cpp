#include "adapt/task_data.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <span>

namespace graftage::adapt {

namespace {

constexpr std::int64_t kStoreCacheBytes = std::int64_t{64} << 20;

template <class Visit>
void for_each_chunk(const std::vector<core::GraphId>& ids, std::int64_t size, Visit visit) {
  const auto chunk = static_cast<std::size_t>(size);
  for (std::size_t first = 0; first < ids.size(); first += chunk)
    visit(std::span(ids).subspan(first, std::min(chunk, ids.size() - first)));
}

/// "target 'p_np' (204 positive, 0 negative)", at most three of them.
std::string describe_targets(const train::ScoreTable& table, const std::vector<std::int64_t>& targets,
                             const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  const auto width = static_cast<std::size_t>(table.num_targets);
  for (const std::int64_t target : targets) {
    const auto t = static_cast<std::size_t>(target);
    if (parts.size() == 3) {
      parts.push_back("and " + std::to_string(targets.size() - 3) + " more");
      break;
    }
    std::int64_t positive = 0;
    std::int64_t present = 0;
    for (std::size_t cell = t; cell < table.mask.size(); cell += width) {
      if (table.mask[cell] == 0) continue;
      ++present;
      if (table.labels[cell] > 0.5F) ++positive;
    }
    parts.push_back("target '" + core::printable(names.at(t)) + "' (" + std::to_string(positive) + " positive, " +
                    std::to_string(present - positive) + " negative)");
  }
  return core::join(parts, ", ");
}

}  // namespace

TaskData::TaskData(const std::filesystem::path& corpus, const std::string& split)
    : corpus_(data::Corpus::open(corpus)),
      split_name_(split),
      split_(corpus_->split(split)),
      store_(corpus_, data::SampleStore::options_for(*corpus_, 1, kStoreCacheBytes)) {
  if (corpus_->labels().kind == graph::LabelKind::None || corpus_->labels().names.empty())
    throw core::DataError(corpus.string(), "/label",
                          "corpus '" + corpus_->name() + "' has no labels; import it with a 'labels' section");
  check_part("train", split_.train);
  check_part("valid", split_.valid);
  check_part("test", split_.test);
  const train::ScoreTable labels = labels_of(split_.train);
  const auto width = static_cast<std::ptrdiff_t>(labels.num_targets);
  for (std::size_t g = 0; g < split_.train.size(); ++g) {
    const auto row = labels.mask.begin() + static_cast<std::ptrdiff_t>(g) * width;
    if (std::any_of(row, row + width, [](std::uint8_t present) { return present != 0; }))
      training_graphs_.push_back(split_.train[g]);
  }
  if (training_graphs_.size() < 2)
    throw core::DataError(corpus.string(), "/split/" + split + "/train",
                          "task '" + corpus_->name() + "' has " + std::to_string(training_graphs_.size()) +
                              " labelled training graphs; at least 2 are needed");
}

void TaskData::check_part(const std::string& part, const std::vector<core::GraphId>& ids) {
  const train::ScoreTable labels = labels_of(ids);
  const auto& schema = corpus_->labels();
  const std::string place = "/split/" + split_name_ + "/" + part;
  const std::string subject = "task '" + corpus_->name() + "', split '" + split_name_ + "': the " + part + " part (" +
                              std::to_string(ids.size()) + " graphs) ";
  if (std::none_of(labels.mask.begin(), labels.mask.end(), [](std::uint8_t present) { return present != 0; }))
    throw core::DataError(corpus_->directory().string(), place,
                          subject + "has no labels; choose another split or more data");
  if (schema.kind != graph::LabelKind::Binary) return;
  const std::vector<std::int64_t> lacking = train::targets_without_both_classes(labels);
  if (static_cast<std::int64_t>(lacking.size()) < labels.num_targets) return;
  throw core::DataError(corpus_->directory().string(), place,
                        subject + "lacks a class in " + describe_targets(labels, lacking, schema.names) +
                            ", so its ROC-AUC does not exist; choose another split or more data");
}

train::ScoreTable TaskData::labels_of(const std::vector<core::GraphId>& ids) {
  train::ScoreTable table;
  table.num_targets = static_cast<std::int64_t>(corpus_->labels().names.size());
  for_each_chunk(ids, kEvaluationGraphs, [&](std::span<const core::GraphId> chunk) {
    const graph::GraphBatch batch = store_.batch(chunk);
    const at::Tensor labels = batch.labels.contiguous();
    const at::Tensor mask = batch.label_mask.contiguous();
    GRAFTAGE_CHECK(labels.dim() == 2 && labels.size(1) == table.num_targets, labels.sizes(), table.num_targets);
    const float* value = labels.const_data_ptr<float>();
    const bool* present = mask.const_data_ptr<bool>();
    table.labels.insert(table.labels.end(), value, value + labels.numel());
    table.mask.insert(table.mask.end(), present, present + mask.numel());
  });
  table.scores.resize(table.labels.size());
  return table;
}

const EvaluationBatches& TaskData::batches(const graph::FlowOptions& options) {
  const FlowKey key{options.num_layers, options.kind, options.keep_below};
  const auto found = batches_.find(key);
  if (found != batches_.end()) return found->second;
  EvaluationBatches built{build(split_.train, options), build(split_.valid, options), build(split_.test, options)};
  return batches_.emplace(key, std::move(built)).first->second;
}

std::vector<EvaluationBatch> TaskData::build(const std::vector<core::GraphId>& ids, const graph::FlowOptions& options) {
  std::vector<EvaluationBatch> result;
  const std::int64_t size = options.kind == graph::FlowKind::Merged ? kEvaluationGraphs : kPlainEvaluationGraphs;
  for_each_chunk(ids, size, [&](std::span<const core::GraphId> chunk) {
    graph::GraphBatch batch = store_.batch(chunk);
    graph::MessageFlow flow = graph::make_flow(batch, corpus_->schema(), options);
    result.push_back({std::move(batch.ids), std::move(flow), std::move(batch.labels), std::move(batch.label_mask)});
  });
  return result;
}

}  // namespace graftage::adapt
