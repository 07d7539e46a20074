#pragma once

#include "graftage/mpi/communicator.hpp"
#include "graftage/sweep/trial.hpp"
#include "graftage/sweep/trial_store.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace graftage::sweep {

using RunTrial = std::function<TrialResult(const Trial&)>;

struct SweepSummary {
  std::int64_t planned = 0;
  std::int64_t already_done = 0;
  std::int64_t ran = 0;
  std::int64_t failed = 0;  ///< of those that ran
  double seconds = 0;
};

/// Runs what is missing: ranks take trials dynamically until none is left.
///
/// A trial that throws is recorded with its text and exit code (70 for what is no core::Error) and the others go on;
/// failed ones run again in the next call. After a stop signal no rank takes another trial, and one whose `run` throws
/// Interrupted leaves nothing. Which rank runs what never shows in the results. `run` must not communicate over this
/// group. Collective.
/// @throws core::Interrupted on all ranks after a stop signal, results kept; AgreedError for what is no trial's
/// failure: results that cannot be stored, or a second, different result of a done trial (80)
SweepSummary run_trials(const std::vector<Trial>& trials, const TrialStore& store, const RunTrial& run,
                        const mpi::Communicator& communicator);

}  // namespace graftage::sweep
