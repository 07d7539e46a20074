#pragma once

#include "graftage/study/stage.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace graftage::study {

/// What the study must be told by the layer that knows the stages' configurations.
struct StudyHooks {
  std::filesystem::path executable;  ///< of the children
  std::function<std::vector<std::filesystem::path>(const Stage&)>
      inputs;                                         ///< files a stage reads beside earlier stages' outputs
  std::function<std::string(const Stage&)> describe;  ///< its size in one line: the budget
  std::function<void(const std::string&)> print;      ///< one line for the person who runs it
  /// Called before a stage runs; may be empty.
  std::function<void(const Stage&, const std::vector<Stage>& earlier)> before = {};
};

/// Runs the stages in order, skips finished ones, and stops at the first that fails (a sweep with failed trials goes on
/// to its report). Never calls MPI_Init: each stage is a child process.
/// @return Done, PartialResults (81), Checkpointed (75: run again, also after a stop signal), Internal (70) where the
/// launcher itself failed, or the failing child's code
[[nodiscard]] int run_study(const StudyConfig& config, const StudyHooks& hooks);

/// Key of a stage: its configuration, the files it reads, the outputs of earlier stages, and the program's version.
[[nodiscard]] std::string stage_key(const Stage& stage, const std::vector<Stage>& earlier, const StudyHooks& hooks);

}  // namespace graftage::study
