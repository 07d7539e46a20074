#include "graftage/train/checkpoint.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/quarantine.hpp"
#include "graftage/h5/artifact.hpp"
#include "train/tensor_io.hpp"

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <vector>

namespace graftage::train {

namespace {

constexpr const char* kFormat = "graftage-checkpoint";

std::string file_name(std::int64_t step) {
  char text[40];
  std::snprintf(text, sizeof text, "step-%09lld.h5", static_cast<long long>(step));
  return text;
}

/// Checkpoint files of a directory, newest first. Other files are none of our business.
std::vector<std::filesystem::path> generations(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".h5")) files.push_back(entry.path());
  }
  std::sort(files.rbegin(), files.rend());
  return files;
}

void set_aside(const std::filesystem::path& file, const std::string& reason) {
  std::string outcome;
  try {
    outcome = "moved to " + core::quarantine(file, file.parent_path(), file.filename().string()).string();
  } catch (const core::IoError& error) {
    outcome = error.what();
  }
  core::log_warning("damaged checkpoint: " + reason + "; " + outcome + "; the generation before it is used");
}

Checkpoint read_checkpoint(const h5::File& file) {
  Checkpoint checkpoint;
  checkpoint.config_digest = file.attribute_text("/", "config_digest");
  checkpoint.step = file.attribute_integer("/", "step");
  checkpoint.adam_steps = file.attribute_integer("/", "adam_steps");
  checkpoint.parameters = read_parameters(file, "parameters");
  checkpoint.buffers = read_parameters(file, "buffers");
  checkpoint.first_moment = read_tensor(file, "/adam/first_moment");
  checkpoint.second_moment = read_tensor(file, "/adam/second_moment");
  return checkpoint;
}

}  // namespace

CheckpointStore::CheckpointStore(std::filesystem::path directory, int keep)
    : directory_(std::move(directory)), keep_(keep) {
  GRAFTAGE_CHECK(keep_ >= 1, keep_);
}

void CheckpointStore::write(const Checkpoint& checkpoint) const {
  core::create_directories(directory_);
  h5::commit_artifact(directory_ / file_name(checkpoint.step), kFormat, h5::kFormatVersion, "{}", [&](h5::File& file) {
    file.set_attribute("/", "config_digest", checkpoint.config_digest);
    file.set_attribute("/", "step", checkpoint.step);
    file.set_attribute("/", "adam_steps", checkpoint.adam_steps);
    write_parameters(file, "parameters", checkpoint.parameters);
    write_parameters(file, "buffers", checkpoint.buffers);
    write_tensor(file, "/adam/first_moment", checkpoint.first_moment);
    write_tensor(file, "/adam/second_moment", checkpoint.second_moment);
  });
  const auto files = generations(directory_);
  for (std::size_t i = static_cast<std::size_t>(keep_); i < files.size(); ++i) {
    std::error_code failed;
    std::filesystem::remove(files[i], failed);
    if (failed) core::log_warning("old checkpoint " + files[i].string() + " stays: " + failed.message());
  }
}

std::optional<Checkpoint> CheckpointStore::load_newest(const std::string& config_digest) const {
  for (const auto& path : generations(directory_)) {
    try {
      Checkpoint checkpoint = read_checkpoint(h5::open_verified(path, kFormat));
      if (checkpoint.config_digest == config_digest) return checkpoint;
      throw core::ConfigError(
          "", path.string() + " belongs to another run: its configuration, corpus or build has digest " +
                  checkpoint.config_digest.substr(0, 16) + ", this one " + config_digest.substr(0, 16) +
                  "; undo the change to continue it, or give this run another output directory");
    } catch (const core::DataError& error) {
      set_aside(path, error.what());
    }
  }
  return std::nullopt;
}

}  // namespace graftage::train
