#pragma once

#include "graftage/study/stage.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace graftage::app {

/// What the study layer, which knows no component, is told about its stages. All of these parse the stage's whole
/// configuration, every trial of a sweep included. @throws ConfigError

/// One line for the plan: size and kind of the work.
[[nodiscard]] std::string describe_stage(const study::Stage& stage);

/// Files of the user that a stage reads.
[[nodiscard]] std::vector<std::filesystem::path> input_files(const study::Stage& stage);

/// Refuses a study in which a stage reads a corpus or an encoder that neither exists nor is made by an earlier stage:
/// what would stop it after hours is found before it starts. @throws MissingInput
void check_upstream(const std::vector<study::Stage>& stages);

}  // namespace graftage::app
