#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graftage/sweep/trial.hpp"

namespace graftage::sweep {

/// Results of a sweep, one file per trial ("trials/<id>.h5", format graftage-trial), written atomically once.
class TrialStore {
 public:
  explicit TrialStore(std::filesystem::path run_directory);
  [[nodiscard]] bool has_done(const std::string& id) const;
  /// @throws DataError for a damaged file
  [[nodiscard]] std::optional<TrialResult> read(const std::string& id) const;
  /// Commits; a second, different result of a done trial is kept beside it and raised as exit 80.
  void write(const TrialResult& result) const;
  /// True for exactly one caller per (session, id): whose trial it is to run. No communication, no clock: an exclusive
  /// file in claims/<session>/.
  [[nodiscard]] bool claim(const std::string& session, const std::string& id) const;
  /// Removes the claims of a session (and of dead ones).
  void release_all() const;
  /// The frozen plan ("plan.json"): ids, settings, seeds, configurations. @throws ConfigError if another sweep lives here
  void write_plan(const std::string& sweep_json, const std::vector<Trial>& trials) const;
  [[nodiscard]] std::vector<Trial> read_plan() const;
  [[nodiscard]] std::string sweep_json() const;

 private:
  std::filesystem::path directory_;
};

}  // namespace graftage::sweep
