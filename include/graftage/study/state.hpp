#pragma once

#include "graftage/study/stage.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace graftage::study {

/// What a study remembers of its finished stages (`<output>/study.json`): the key each was run under and the digest of
/// what it left. A stage is finished if both are still the same, so a changed configuration, input or result runs
/// again.
class StudyState {
 public:
  /// Reads the state if there is one. @throws DataError for a damaged file
  explicit StudyState(std::filesystem::path directory);
  [[nodiscard]] bool is_finished(const Stage& stage, const std::string& key) const;
  /// Records a finished stage; the file is replaced atomically.
  void record(const Stage& stage, const std::string& key);

 private:
  struct Entry {
    std::string key;
    std::string output_digest;
  };
  std::filesystem::path file_;
  std::map<std::string, Entry> entries_;
};

/// Digest of the HDF5 files a stage left (name, recorded content digest), without its checkpoints and claims; of
/// report.h5 alone for a report. "" if there are none. Reads headers only.
[[nodiscard]] std::string output_digest(const Stage& stage);

}  // namespace graftage::study
