#include "adapt/frozen_encoder.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace graftage::adapt {

namespace {

/// As in training, but a batch may be one node: others of the split are pooled with it.
nn::BatchStatistics statistics_of(const at::Tensor& rows, const graph::MessageFlow& flow, std::int64_t layer) {
  if (flow.num_nodes == 1) return {rows[0], at::zeros_like(rows[0]), 1.0};
  return nn::batch_statistics(rows, flow.layers[static_cast<std::size_t>(layer)].rows.multiplicity);
}

}  // namespace

nn::Parameters estimate_statistics(const nn::Encoder& encoder, const nn::Weights& weights,
                                   const nn::Parameters& buffers, const std::vector<EvaluationBatch>& batches) {
  GRAFTAGE_CHECK(!batches.empty());
  const at::NoGradGuard no_grad;
  nn::Parameters estimated = nn::clone(buffers);
  std::vector<at::Tensor> rows;  // of each batch, [U, H]
  for (const EvaluationBatch& batch : batches) rows.push_back(encoder.embed_input(weights, batch.flow));
  for (std::int64_t layer = 0; layer < encoder.config().num_layers; ++layer) {
    std::vector<nn::BatchStatistics> statistics;
    for (std::size_t b = 0; b < batches.size(); ++b) {
      const graph::MessageFlow& flow = batches[b].flow;
      rows[b] = encoder.convolve(weights, flow, layer, rows[b]);
      statistics.push_back(statistics_of(rows[b], flow, layer));
    }
    const nn::BatchStatistics pooled = nn::pool_statistics(statistics);
    nn::set_running_statistics(estimated, "batch_norms." + std::to_string(layer), pooled);
    for (at::Tensor& h : rows) h = encoder.activate(weights, layer, h, pooled);
  }
  return estimated;
}

EmbeddingTable::EmbeddingTable(const nn::Encoder& encoder, const nn::Weights& weights, const nn::Parameters& buffers,
                               nn::Readout readout, const EvaluationBatches& batches) {
  const at::NoGradGuard no_grad;
  nn::ForwardOptions options;
  options.normalization = nn::Normalization::Running;
  std::vector<at::Tensor> pieces;
  for (const auto* part : {&batches.train, &batches.valid, &batches.test}) {
    for (const EvaluationBatch& batch : *part) {
      const at::Tensor h0 = encoder.embed_input(weights, batch.flow);
      pieces.push_back(encoder.encode_graphs(weights, buffers, batch.flow, h0, options, readout).graphs);
      for (const core::GraphId id : batch.ids) {
        const bool fresh = row_.emplace(id.value, static_cast<std::int64_t>(row_.size())).second;
        GRAFTAGE_CHECK(fresh, "a graph is in two parts of a split", id.value);
      }
    }
  }
  values_ = at::cat(pieces);
}

at::Tensor EmbeddingTable::rows(const std::vector<core::GraphId>& ids) const {
  std::vector<std::int64_t> index;
  index.reserve(ids.size());
  for (const core::GraphId id : ids) {
    const auto found = row_.find(id.value);
    GRAFTAGE_CHECK(found != row_.end(), "no embedding of graph", id.value);
    index.push_back(found->second);
  }
  return values_.index_select(0, at::tensor(index, at::kLong));
}

}  // namespace graftage::adapt
