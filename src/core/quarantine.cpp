#include "graftage/core/quarantine.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"

#include <system_error>

namespace graftage::core {

namespace fs = std::filesystem;

fs::path place_in_quarantine(const fs::path& directory, const std::string& name) {
  const fs::path first = directory / "quarantine" / name;
  fs::path place = first;
  std::error_code ignored;  // whoever uses the place finds out
  for (int number = 2; fs::exists(place, ignored); ++number)
    place.replace_filename(first.stem().string() + "." + std::to_string(number) + first.extension().string());
  return place;
}

fs::path quarantine(const fs::path& file, const fs::path& directory, const std::string& name) {
  fs::path place = place_in_quarantine(directory, name);
  core::create_directories(place.parent_path());
  std::error_code error;
  fs::rename(file, place, error);
  if (error) throw IoError(file.string() + " cannot be moved to " + place.string() + ": " + error.message());
  return place;
}

}  // namespace graftage::core
