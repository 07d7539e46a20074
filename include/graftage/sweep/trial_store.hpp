#pragma once

#include "graftage/core/atomic_file.hpp"
#include "graftage/sweep/trial.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace graftage::sweep {

/// Results of a sweep, one file per trial ("trials/<id>.h5", format graftage-trial), written atomically once.
///
/// A trial's file is a pure function of its configuration: the same bytes on any number of ranks and machines alike.
/// What differs from run to run (is_timing) goes to "timings/<id>.json".
class TrialStore {
 public:
  explicit TrialStore(std::filesystem::path run_directory);
  /// True for an intact result of a trial that did not fail. Reads the header only.
  [[nodiscard]] bool has_done(const std::string& id) const;
  /// The stored result; its trial holds id, seed and configuration (the plan knows the rest).
  /// @throws DataError for a damaged file
  [[nodiscard]] std::optional<TrialResult> read(const std::string& id) const;
  [[nodiscard]] std::map<std::string, double> read_timings(const std::string& id) const;
  /// Commits. An equal result of a done trial is left alone, a failed or damaged one replaced.
  /// @throws Error 80 for a second, different result of a done trial; both are kept, the second in quarantine/
  void write(const TrialResult& result) const;
  /// The first half of write: all of it that uses HDF5, on the calling thread. What is left, waiting for the disk, may
  /// run on another one. @throws as write
  [[nodiscard]] core::Publish prepare_write(const TrialResult& result) const;
  /// All of write, for another thread, where h5::is_thread_safe(); elsewhere prepare_write. @throws as write, in either
  /// half
  [[nodiscard]] core::Publish write_later(TrialResult result) const;
  /// Moves a damaged result out of the way, to quarantine/.
  void quarantine(const std::string& id) const;

  /// True for exactly one caller per (session, id): whose trial it is to run. No communication, no clock: an exclusive
  /// file in claims/<session>/.
  [[nodiscard]] bool claim(const std::string& session, const std::string& id) const;
  [[nodiscard]] bool is_claimed(const std::string& session, const std::string& name) const;
  /// Notes that a trial of a session has ended, for the progress that another rank shows. Nothing depends on it: a note
  /// that cannot be written (a full disk) or is lost (appends from several hosts over NFS) is missing, no more.
  void note_finished(const std::string& session, TrialStatus status) const;
  struct Finished {
    std::int64_t all = 0;
    std::int64_t failed = 0;  ///< of those
  };
  /// What was noted.
  [[nodiscard]] Finished count_finished(const std::string& session) const;
  /// Removes the claims and notes of all sessions.
  void release_all() const;

  /// The frozen plan ("plan.json"): ids, settings, seeds, configurations. A sweep may grow: the trials of a plan that
  /// is there must all be in the new one. @throws ConfigError if another sweep lives here
  void write_plan(const std::string& sweep_json, const std::vector<Trial>& trials) const;
  /// @throws MissingInput, DataError
  [[nodiscard]] std::vector<Trial> read_plan() const;
  [[nodiscard]] std::string sweep_json() const;

  /// Before anything is written: no other stage's output lives here. @throws ConfigError saying which
  void refuse_foreign_directory() const;

  /// Creates the directories and removes what crashed writers left. One caller.
  void prepare() const;

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& id) const;
  [[nodiscard]] std::filesystem::path notes_of(const std::string& session) const;
  std::filesystem::path directory_;
};

}  // namespace graftage::sweep
