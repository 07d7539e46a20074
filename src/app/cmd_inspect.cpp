#include "app/command.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/h5/artifact.hpp"

#include <algorithm>
#include <iostream>

namespace graftage::app {

namespace {

void print_datasets(const h5::File& file) {
  for (const auto& dataset : file.datasets()) {
    std::string shape;
    for (const auto extent : dataset.shape)
      shape += (shape.empty() ? "" : " x ") + core::group_thousands(static_cast<std::int64_t>(extent));
    std::string path = dataset.path;
    path.resize(std::max<std::size_t>(path.size() + 1, 44), ' ');
    std::cout << "  " << path << dataset.type << " [" << shape << "]\n";
  }
}

/// @return true if the recomputed digest is the recorded one @throws DataError for a file that cannot be read at all
bool inspect_file(const std::filesystem::path& path, bool with_datasets) {
  const h5::File file = h5::File::open(path);
  const auto header = h5::read_header(file);
  if (header.format.empty()) throw core::DataError(path.string(), "", "is an HDF5 file, but not one of graftage's");
  const bool intact = h5::compute_content_digest(file) == header.content_sha256;
  std::cout << path.string() << ": " << header.format << ' ' << header.format_version << ", written by "
            << header.creator << ' ' << header.creator_version << "\n  content " << (intact ? "intact" : "DAMAGED")
            << ", sha256 " << header.content_sha256 << '\n';
  if (with_datasets) {
    std::cout << "  made from " << (header.provenance_json.empty() ? "(not recorded)" : header.provenance_json) << '\n';
    print_datasets(file);
  }
  std::cout << std::flush;
  return intact;
}

}  // namespace

int run_inspect(const Invocation& invocation) {
  if (invocation.arguments.size() != 1) throw core::UsageError("inspect takes one FILE.h5 or directory");
  const std::filesystem::path target = invocation.arguments.front();
  if (!std::filesystem::exists(target)) throw core::MissingInput(target.string(), "check the path");
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(target)) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(target))
      if (entry.path().extension() == ".h5") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    if (files.empty()) throw core::MissingInput((target / "*.h5").string(), "the directory holds no file of ours");
  } else {
    files.push_back(target);
  }
  std::string damaged;
  for (const auto& file : files) {
    bool intact = false;
    try {
      intact = inspect_file(file, files.size() == 1);
    } catch (const core::DataError& error) {
      if (files.size() == 1) throw;
      std::cout << error.what() << std::endl;  // and on to the other files
    }
    if (!intact) damaged += " " + file.string();
  }
  if (!damaged.empty()) throw core::DataError(target.string(), "", "damaged:" + damaged + "; make it again");
  return 0;
}

}  // namespace graftage::app
