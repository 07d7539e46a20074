#pragma once

#include "graftage/slurm/job_script.hpp"
#include "graftage/slurm/submit.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graftage::slurm {

enum class JobState {
  Pending,
  Running,  ///< also while its nodes are made ready
  Suspended,
  Completing,
  Ended,  ///< in whatever way; Slurm forgets such jobs after some minutes
};

/// A job of the queue, or one member of an array.
struct QueueEntry {
  JobId job;
  std::optional<int> member;
  JobState state = JobState::Pending;
  std::string reason;  ///< Slurm's word for why it waits or how it ended
};

/// The calling user's jobs of this name, array members singly. One squeue call for all of them: poll it no more often
/// than every 40 s.
/// @throws IoError when squeue fails, DataError when its answer cannot be read
[[nodiscard]] std::vector<QueueEntry> queue(const JobName& name);

/// Reads lines of `squeue --format=%i|%T|%r`. @throws DataError with the line
[[nodiscard]] std::vector<QueueEntry> parse_queue(std::string_view answer);

}  // namespace graftage::slurm
