#pragma once

#include "graftage/core/machine.hpp"
#include "graftage/study/study_config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::study {

/// How mpirun is told to place the ranks of a stage.
struct Placement {
  std::vector<std::string> arguments;
  std::string warning;  ///< what is slow about it; empty if nothing is
};

/// Each rank gets cores of its own where there are enough: one per thread, and one more for the loader if there is. A
/// process that is bound itself (taskset, a job of a scheduler) leaves its ranks unbound inside its own mask, because
/// mpirun would bind them outside; so do ranks that must take turns, with a warning.
/// Arguments of the launcher that place ranks (--bind-to, --map-by, hosts) replace all of this.
/// @param threads  of each rank
[[nodiscard]] Placement place_ranks(const LauncherConfig& launcher, std::int64_t threads,
                                    const core::Processors& processors);

}  // namespace graftage::study
