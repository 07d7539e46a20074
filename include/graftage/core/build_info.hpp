#pragma once

#include <string>
#include <utility>
#include <vector>

namespace graftage::core {

/// What this program was built from: written into every manifest and shown by `graftage --version`.
struct BuildInfo {
  std::string version;        ///< of graftage, for example "0.1.0"
  std::string git_revision;   ///< 12 hex digits, with "-dirty" when files differed; "unknown" outside a git checkout
  std::string compiler;       ///< name and version
  std::string compile_flags;  ///< of the build type
  std::string build_type;     ///< Release, Debug or Sanitize
  std::vector<std::pair<std::string, std::string>>
      libraries;  ///< (name, version) as found by CMake; "none" where absent
};

/// The build of this executable. Constant for its lifetime.
[[nodiscard]] const BuildInfo& build_info();

}  // namespace graftage::core
