#pragma once

#include "graftage/core/seed.hpp"
#include "graftage/graph/graph_batch.hpp"
#include "graftage/nn/batch_norm.hpp"
#include "graftage/nn/parameters.hpp"

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace graftage::train {

/// A loss to minimise as sum over count: virtual shards and ranks add sums and counts, then divide once.
struct LossTerm {
  at::Tensor sum;    ///< scalar, part of the autograd graph
  double count = 0;  ///< of what the sum is over (masked nodes, labelled cells, graphs)
};

/// A quantity to log, reduced like the loss.
struct NamedSum {
  std::string name;
  double sum = 0;
  double count = 0;
};

/// What one virtual shard contributes to a step.
struct ShardLoss {
  LossTerm loss;
  std::vector<NamedSum> metrics;                ///< same names and order for every shard of a task
  std::vector<nn::BatchStatistics> statistics;  ///< [L] for the running statistics; empty = leave them alone
  double flops = 0;  ///< of the matrix products of loss and gradient, over the rows computed; 0 = not counted
};

/// The work of one virtual shard, ready to run; run once.
using ShardComputation = std::function<ShardLoss()>;

/// The training loop's only view of pretraining or adaptation.
class LearningTask {
 public:
  virtual ~LearningTask() = default;
  /// Everything that is trained, in one flat buffer; the same names and order on every rank.
  [[nodiscard]] virtual nn::FlatParameters& trainable() = 0;
  /// BatchNorm buffers of the encoder ("batch_norms.{l}.…", no prefix); updated by the loop from pooled shard
  /// statistics.
  [[nodiscard]] virtual nn::Parameters& buffers() = 0;
  /// Everything about one virtual shard that does not depend on weights: flows, hidden nodes, pairs. The loader calls
  /// it while the shards before are computed, so it reads nothing that training changes. Draws only from `seed` (keyed
  /// by step and shard). @pre shard not empty
  /// @return the computation of the shard's loss with the weights of the moment it runs
  [[nodiscard]] virtual ShardComputation prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const = 0;
  /// Both at once.
  [[nodiscard]] ShardLoss loss(graph::GraphBatch shard, const core::SeedSequence& seed) const {
    return prepare(std::move(shard), seed)();
  }
};

}  // namespace graftage::train
