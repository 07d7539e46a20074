#pragma once

#include "graftage/core/seed.hpp"
#include "graftage/data/sample_store.hpp"
#include "graftage/data/sampler.hpp"
#include "graftage/mpi/communicator.hpp"
#include "graftage/train/adam.hpp"
#include "graftage/train/gradient_reducer.hpp"
#include "graftage/train/learning_task.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace graftage::train {

/// One finished optimiser step, the same on every rank but for the timings.
struct StepReport {
  std::int64_t step = 0;        ///< 1-based, over all epochs
  std::int64_t epoch = 0;       ///< 0-based
  std::int64_t num_graphs = 0;  ///< of the global batch
  double loss = 0;              ///< global sum / global count
  std::vector<NamedSum> metrics;
  double feed_seconds = 0;  ///< this rank waiting for graphs
  double compute_seconds = 0;
  double reduce_seconds = 0;
  double flops = 0;  ///< of this rank's matrix products; 0 = not counted
};

/// What the owner of a run does at the loop's joints; any may be empty. Called on every rank.
struct TrainHooks {
  std::function<void(const StepReport&)> after_step;
  /// Return false to end training after this epoch.
  std::function<bool(std::int64_t epoch)> after_epoch;
  /// Called when a stop was agreed, before core::Interrupted is thrown (write the checkpoint here).
  std::function<void(std::int64_t step)> on_stop;
};

struct TrainSpan {
  std::int64_t epochs = 1;
  std::int64_t max_steps = 0;   ///< 0 = all steps of all epochs
  std::int64_t first_step = 0;  ///< steps done before (resume)
  bool heed_stop_signal = true;
};

/// The one training loop: cuts each global batch into virtual shards, computes this rank's, reduces gradients, losses
/// and BatchNorm statistics in the fixed tree, checks finiteness and a stop request together on all ranks, steps Adam.
///
/// Random numbers of (step, shard) come from `seed`; the result does not depend on the number of ranks. Collective.
/// @throws NumericError naming step and quantity, core::Interrupted (75) after on_stop
class Trainer {
 public:
  Trainer(LearningTask& task, Adam& optimizer, data::SampleStore& store, const data::Sampler& sampler,
          const mpi::Communicator& communicator);
  void run(const TrainSpan& span, const core::SeedSequence& seed, const TrainHooks& hooks);

 private:
  /// This rank's virtual shards of one global batch; nullopt where the shard was dropped.
  struct Feed {
    std::int64_t num_graphs = 0;  ///< of the global batch
    std::vector<std::optional<ShardComputation>> shards;
  };
  struct Outcome {
    StepReport report;
    bool stop = false;
  };
  [[nodiscard]] Feed feed(std::int64_t step, const core::SeedSequence& seed) const;
  [[nodiscard]] Contribution contribution(const ShardComputation& shard, bool stop, StepReport& report);
  Outcome step(std::int64_t step, const Feed& feed, bool heed_stop_signal);
  void apply(Contribution& total, StepReport& report);
  void agree_on_metric_names();

  LearningTask& task_;
  Adam& optimizer_;
  data::SampleStore& store_;
  const data::Sampler& sampler_;
  const mpi::Communicator& communicator_;
  GradientReducer reducer_;
  std::vector<std::string> metric_names_;
  bool metric_names_agreed_ = false;
};

}  // namespace graftage::train
