#pragma once

#include "graftage/core/index.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace graftage::slurm {

using JobId = core::Id<struct JobTag>;

/// When a job may start after another one.
enum class After {
  Success,  ///< afterok: it ended with code 0
  Any,      ///< afterany: it ended
};

struct Dependency {
  After condition = After::Success;
  JobId job;
};

struct SubmitOptions {
  std::vector<Dependency> dependencies{};
  int attempts = 5;                                    ///< while the controller cannot be reached
  std::chrono::milliseconds wait_after_failure{2000};  ///< before the second attempt; doubles each time
};

/// Hands a script to sbatch, without a shell. Only failures to reach the controller are tried again: after any other
/// the job may have been accepted, and it must not run twice.
/// @throws MissingInput without a script, ConfigError when sbatch refuses the job, IoError when no controller answers
[[nodiscard]] JobId submit(const std::filesystem::path& script, const std::vector<std::string>& arguments,
                           const SubmitOptions& options = {});

/// Job id in the answer of `sbatch --parsable`: "123" or "123;cluster". @throws DataError for anything else
[[nodiscard]] JobId parse_job_id(std::string_view answer);

}  // namespace graftage::slurm
