#pragma once

#include "adapt/task_data.hpp"
#include "graftage/nn/encoder.hpp"

#include <unordered_map>
#include <vector>

namespace graftage::adapt {

/// BatchNorm statistics of an encoder over a whole set of graphs: one training-mode forward over all of them, layer by
/// layer, without prompt or dropout; biased variance, pooled over batches weighted by their nodes in double (methods
/// 5.2 and 10). Equal to the statistics of one huge batch, in the memory of one layer's rows.
/// @return  the buffers with these statistics in place
[[nodiscard]] nn::Parameters estimate_statistics(const nn::Encoder& encoder, const nn::Weights& weights,
                                                 const nn::Parameters& buffers,
                                                 const std::vector<EvaluationBatch>& batches);

/// Graph embeddings of a frozen encoder, computed once and looked up by graph.
class EmbeddingTable {
 public:
  /// Every graph of the three parts, normalised by the buffers' statistics, without dropout.
  EmbeddingTable(const nn::Encoder& encoder, const nn::Weights& weights, const nn::Parameters& buffers,
                 nn::Readout readout, const EvaluationBatches& batches);
  /// @return [B, D] @pre every graph is in the table
  [[nodiscard]] at::Tensor rows(const std::vector<core::GraphId>& ids) const;

 private:
  std::unordered_map<std::int64_t, std::int64_t> row_;  ///< graph -> row; only looked up, never walked
  at::Tensor values_;                                   ///< [G, D]
};

}  // namespace graftage::adapt
