#pragma once

#include "graftage/core/exit_code.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::app {

enum class Verdict { Ok, Warn, Fail };

/// One line of `graftage doctor`.
struct Finding {
  Verdict verdict = Verdict::Ok;
  std::string topic;                           ///< "processor"
  std::string text;                            ///< what is there
  std::string remedy;                          ///< what to do, unless all is well
  core::ExitCode code = core::ExitCode::Done;  ///< of a Fail
};
/// "warn  ranks         4 ranks x 1 thread on 2 cores\n" and an indented line with the remedy.
[[nodiscard]] std::string format(const Finding& finding);
/// Code of the first Fail; Done without one.
[[nodiscard]] core::ExitCode exit_code_of(const std::vector<Finding>& findings);

/// Their makers.
[[nodiscard]] Finding ok(std::string topic, std::string text);
[[nodiscard]] Finding warn(std::string topic, std::string text, std::string remedy);
[[nodiscard]] Finding failure(std::string topic, std::string text, std::string remedy, core::ExitCode code);

/// "1 rank", "2 ranks".
[[nodiscard]] std::string count_text(std::int64_t number, const std::string& what);

}  // namespace graftage::app
