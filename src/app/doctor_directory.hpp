#pragma once

#include "graftage/core/exit_code.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace graftage::app {

/// What a trial file in a run directory tells.
struct DirectoryFacts {
  std::filesystem::path wanted;  ///< where the run will write
  std::filesystem::path probed;  ///< that, or its nearest ancestor that exists
  std::string problem;           ///< why no file can be written there; empty = it can
  core::ExitCode code = core::ExitCode::Done;
  std::string sync_problem;      ///< why data cannot be forced to the disk
  std::string file_system;       ///< "ext4", "nfs4", "lustre"
  std::uint64_t free_bytes = 0;  ///< for this user
  std::string lock_problem;      ///< why a file cannot be locked; empty = locks work
  double clock_skew = 0;         ///< seconds that the file's time is ahead of this host's clock
};

/// Writes, forces out and locks one small file in a directory, and keeps it until the end of the scope, so that other
/// ranks can look for it. Makes no directories.
class DirectoryProbe {
 public:
  explicit DirectoryProbe(const std::filesystem::path& wanted);
  ~DirectoryProbe();
  DirectoryProbe(const DirectoryProbe&) = delete;
  DirectoryProbe& operator=(const DirectoryProbe&) = delete;
  [[nodiscard]] const DirectoryFacts& facts() const { return facts_; }
  /// The trial file, absolute; empty if there is none.
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  void write_file();
  DirectoryFacts facts_;
  std::filesystem::path file_;
};

/// Absolute, without dots and without a slash at the end.
[[nodiscard]] std::filesystem::path normalized(const std::filesystem::path& path);
/// Type of the file system that holds an absolute path, of /proc/self/mountinfo; empty if unknown.
[[nodiscard]] std::string file_system_of(std::string_view mountinfo, const std::filesystem::path& path);
/// True for file systems that one host sees alone.
[[nodiscard]] bool is_node_local(std::string_view file_system);
/// True for those that forget everything when the host restarts.
[[nodiscard]] bool is_in_memory(std::string_view file_system);

}  // namespace graftage::app
