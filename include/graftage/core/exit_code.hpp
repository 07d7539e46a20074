#pragma once

namespace graftage::core {

/// The exit codes of every graftage command; scripts may rely on them (sysexits where one exists).
/// 1 and 2 are never returned: launchers and shells use them for their own failures.
enum class ExitCode : int {
  Done = 0,
  Usage = 64,
  BadData = 65,
  InputMissing = 66,
  Internal = 70,
  CannotCreate = 73,
  IoError = 74,
  Checkpointed = 75,  ///< interrupted after a checkpoint: run the same command again
  Permission = 77,
  Config = 78,
  Numeric = 79,
  ReproducibilityMismatch = 80,
  PartialResults = 81,  ///< ran to its end, but at least one trial or stage failed
};

}  // namespace graftage::core
