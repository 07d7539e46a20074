#pragma once

#include <filesystem>
#include <string>

namespace graftage::core {

/// Where a file may be set aside: `directory`/quarantine/`name`, or with .2, .3 ... before the extension where that is
/// taken, because what lies there stays. One caller at a time for each name.
[[nodiscard]] std::filesystem::path place_in_quarantine(const std::filesystem::path& directory,
                                                        const std::string& name);

/// Moves a damaged file there. @return where it is now @throws IoError
std::filesystem::path quarantine(const std::filesystem::path& file, const std::filesystem::path& directory,
                                 const std::string& name);

}  // namespace graftage::core
