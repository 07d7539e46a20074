#pragma once

#include "graftage/core/error.hpp"

#include <exception>
#include <filesystem>
#include <string>

namespace graftage::core {

/// A failed system call on a file, "cannot <action> <path>: ...", with the system's words and what to do about them.
/// @param error_number errno of the call
/// @param otherwise    exit code where errno does not decide it: permissions are 77, a full disk or a broken one 74
[[nodiscard]] IoError file_error(const std::string& action, const std::filesystem::path& path, int error_number,
                                 ExitCode otherwise);

/// Any exception as one line for a person and an exit code: an Error as it is, the standard library's file system
/// errors as file_error, exhausted memory and everything unexpected as 70.
[[nodiscard]] Error as_error(const std::exception& exception);

}  // namespace graftage::core
