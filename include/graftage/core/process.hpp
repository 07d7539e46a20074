#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace graftage::core {

struct ProcessOptions {
  std::vector<std::string> unset_prefixes;  ///< environment variables to remove, by prefix ("OMPI_", "PMIX_")
  std::map<std::string, std::string> set;   ///< environment variables to add
  bool capture = false;                     ///< collect stdout and stderr instead of passing them through
  bool forward_signals = true;  ///< pass SIGTERM, SIGINT, SIGUSR1 of this process on to the child; the handler that
                                ///< was installed before (stop_signal.hpp) runs, too
  int forward_as = 0;           ///< forward all of them as this signal; 0 = each as itself
  bool end_with_parent = true;  ///< if this process is killed (SIGKILL too), the child gets `forward_as`, or SIGTERM:
                                ///< nothing goes on running that nobody waits for
};

struct ProcessResult {
  int exit_code = 0;  ///< 128 + n if the child ended by signal n
  std::string out;
  std::string err;
};

/// Runs argv[0] (looked up in PATH) without a shell and waits for it.
///
/// Signals of a terminal reach the child without forwarding and are not sent twice. Not for concurrent use by several
/// threads while signals are forwarded.
/// @throws IoError if the program cannot be started: 66 not found, 77 not executable, 74 otherwise
[[nodiscard]] ProcessResult run_process(const std::vector<std::string>& argv, const ProcessOptions& options = {});

}  // namespace graftage::core
