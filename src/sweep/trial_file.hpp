#pragma once

#include "graftage/core/atomic_file.hpp"
#include "graftage/sweep/trial.hpp"

#include <filesystem>

namespace graftage::sweep {

/// Prepares one HDF5 file of a trial's result by the commit protocol; timings are left out. Publishing uses no HDF5.
[[nodiscard]] core::Publish prepare_trial_file(const std::filesystem::path& path, const TrialResult& result);

/// Reads it back, digest checked. @throws MissingInput, DataError
[[nodiscard]] TrialResult read_trial_file(const std::filesystem::path& path);

/// Status from the header alone. @throws MissingInput, DataError
[[nodiscard]] TrialStatus read_trial_status(const std::filesystem::path& path);

/// Bitwise equality of what a trial file holds.
[[nodiscard]] bool same_content(const TrialResult& a, const TrialResult& b);

}  // namespace graftage::sweep
