#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "graftage/mpi/communicator.hpp"
#include "graftage/sweep/trial.hpp"
#include "graftage/sweep/trial_store.hpp"

namespace graftage::sweep {

using RunTrial = std::function<TrialResult(const Trial&)>;

struct SweepSummary {
  std::int64_t planned = 0;
  std::int64_t already_done = 0;
  std::int64_t ran = 0;
  std::int64_t failed = 0;
  double seconds = 0;
};

/// Runs what is missing: ranks take trials dynamically until none is left; a failing trial is recorded and the others go
/// on; failed ones run again in the next call. Collective. @throws core::Interrupted after a stop signal, results kept
SweepSummary run_trials(const std::vector<Trial>& trials, const TrialStore& store, const RunTrial& run,
                        const mpi::Communicator& communicator);

}  // namespace graftage::sweep
