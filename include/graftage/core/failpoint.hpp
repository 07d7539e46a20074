#pragma once

#include <cstdint>
#include <string_view>

namespace graftage::core {

/// A named place where a test may let the program fail; does nothing unless armed.
///
/// Armed by the environment variable GRAFTAGE_FAIL, read once: `name:step:action`, several separated by commas.
/// `step` is the n-th passage (1 = the first). Actions: `throw` (IoError 74), `enospc` (IoError 74, disk full), `kill`
/// (SIGKILL to this process). @throws UsageError for a malformed specification
void failpoint(const char* name);

/// As failpoint, but `step` is compared with the given number instead of counting passages: "train.step:120:kill".
void failpoint(const char* name, std::int64_t step);

/// For tests: replaces what is armed; an empty text disarms everything. @throws UsageError
void arm_failpoints(std::string_view specification);

}  // namespace graftage::core
