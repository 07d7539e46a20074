#pragma once

#include "graftage/core/exit_code.hpp"

#include <sstream>
#include <stdexcept>
#include <string>

namespace graftage::core {

/// Base of everything graftage throws: one line for a person (what, where, what to do) and an exit code.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode exit_code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// Wrong command line (64).
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ExitCode::Usage, message) {}
};

/// Wrong configuration (78). `where` is "file:line:column" or empty.
class ConfigError : public Error {
 public:
  ConfigError(const std::string& where, const std::string& message)
      : Error(ExitCode::Config, where.empty() ? message : where + ": " + message), where_(where) {}
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  std::string where_;
};

/// Malformed, truncated or inconsistent input data (65): names file and the dataset, column or row in it.
class DataError : public Error {
 public:
  DataError(const std::string& file, const std::string& place, const std::string& message)
      : Error(ExitCode::BadData, file + (place.empty() ? "" : " [" + place + "]") + ": " + message),
        file_(file),
        place_(place) {}
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] const std::string& place() const noexcept { return place_; }

 private:
  std::string file_;
  std::string place_;
};

/// An input file or an upstream result does not exist (66).
class MissingInput : public Error {
 public:
  MissingInput(const std::string& path, const std::string& remedy)
      : Error(ExitCode::InputMissing, path + " does not exist; " + remedy), path_(path) {}
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// A system call on a file failed: disk full, quota, EIO (74), or the output cannot be created (73) or accessed (77).
class IoError : public Error {
 public:
  explicit IoError(const std::string& message, ExitCode code = ExitCode::IoError) : Error(code, message) {}
};

/// NaN or infinity in a quantity that must be finite (79).
class NumericError : public Error {
 public:
  explicit NumericError(const std::string& message) : Error(ExitCode::Numeric, message) {}
};

/// An MPI call failed or the ranks disagree about what they run (70).
class MpiError : public Error {
 public:
  explicit MpiError(const std::string& message) : Error(ExitCode::Internal, message) {}
};

/// A failed GRAFTAGE_CHECK: a bug in graftage, never reachable from user input (70).
class InternalError : public Error {
 public:
  explicit InternalError(const std::string& message) : Error(ExitCode::Internal, message) {}
};

/// The run was asked to stop, wrote its checkpoint and can be continued by the same command (75).
class Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& message) : Error(ExitCode::Checkpointed, message) {}
};

namespace detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& values);

template <class... Values>
std::string join_values(const Values&... values) {
  std::ostringstream out;
  ((out << ' ' << values), ...);
  return out.str();
}
}  // namespace detail

/// Throws InternalError with the condition and the printed values if `condition` is false.
#define GRAFTAGE_CHECK(condition, ...)                                                            \
  do {                                                                                            \
    if (!(condition)) [[unlikely]]                                                                \
      ::graftage::core::detail::check_failed(#condition, __FILE__, __LINE__,                      \
                                             ::graftage::core::detail::join_values(__VA_ARGS__)); \
  } while (false)

}  // namespace graftage::core
