#pragma once

#include "graftage/config/node.hpp"
#include "graftage/core/machine.hpp"
#include "graftage/study/study_config.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace graftage::study {

enum class StageKind { Import, Pretrain, Sweep, Report };

/// One child process of a study: a graftage command over one configuration file.
struct Stage {
  StageKind kind = StageKind::Import;
  std::string name;              ///< "import nav"; unique in the study
  std::filesystem::path config;  ///< of its command; of the sweep for a report
  std::filesystem::path output;  ///< directory it fills
  config::Node document;         ///< the parsed configuration
};

/// Stages of a study in the order they run; reads each stage's configuration for its name and output.
/// @throws MissingInput, ConfigError (two stages with one output, a missing `output`)
[[nodiscard]] std::vector<Stage> plan_stages(const StudyConfig& config);

/// LibTorch threads of each rank of a stage, as its configuration says; 1 by default.
[[nodiscard]] std::int64_t threads_of(const Stage& stage);

/// The child's argv: `mpirun -q -n R graftage pretrain --config F`, srun likewise; a report starts without a launcher.
/// @param processors  that mpirun may place ranks on (placement.hpp)
[[nodiscard]] std::vector<std::string> stage_command(
    const Stage& stage, const LauncherConfig& launcher, const std::filesystem::path& executable,
    const core::Processors& processors = core::processors_of_this_process());

/// Environment variables a launcher left behind, by prefix: a child must not believe it is a rank of this process's
/// job.
[[nodiscard]] std::vector<std::string> launcher_variables();

}  // namespace graftage::study
