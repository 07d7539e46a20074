#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace graftage::core {

/// Commit protocol of every file graftage leaves behind: whole or not at all.
///
/// `write` fills a fresh file beside `target` (O_EXCL, same directory, name ".<name>.<pid>.<host and random>.tmp");
/// then `verify` reads it back (may be empty), the file is fsynced, renamed over `target`, and the directory is
/// fsynced. On any exception the temporary file is removed and `target` is as before, except that a failing fsync of
/// the directory leaves the new file in place, whole but perhaps not yet durable. Mode 0640 and the umask. Failpoints:
/// commit.created, .written, .verified, .synced, .renamed, .directory_synced.
/// @throws IoError naming the path (73 cannot create, 74 while writing, 77 permission)
void commit_file(const std::filesystem::path& target, const std::function<void(const std::filesystem::path&)>& write,
                 const std::function<void(const std::filesystem::path&)>& verify = {});

/// The second half of a commit: fsync, rename, fsync of the directory. Called once, on any thread; where it is dropped
/// uncalled, the temporary file is removed and the target is as before. @throws IoError
using Publish = std::function<void()>;

/// The first half of commit_file, up to and with `verify`: the slow waiting for the disk is left to the caller.
[[nodiscard]] Publish prepare_file(const std::filesystem::path& target,
                                   const std::function<void(const std::filesystem::path&)>& write,
                                   const std::function<void(const std::filesystem::path&)>& verify = {});

/// commit_file for a text.
void commit_text(const std::filesystem::path& target, std::string_view text);

/// Creates a directory and its parents (mode 0750 and the umask). @throws IoError 73/77
void create_directories(const std::filesystem::path& directory);

/// Removes leftovers of earlier crashed writers from a directory: temporaries whose name carries this host's tag and a
/// process that no longer exists. Nothing happens if the directory does not exist. @throws IoError
void remove_stale_temporaries(const std::filesystem::path& directory);

/// Whole file as text. @throws MissingInput, IoError
[[nodiscard]] std::string read_text(const std::filesystem::path& path, std::string_view remedy = "check the path");

/// Creates an empty file, or returns false if it exists: of several callers, on any host, one succeeds. Nothing is
/// fsynced: a mark for running processes, not for what must outlive a power cut. @throws IoError
[[nodiscard]] bool create_exclusive(const std::filesystem::path& path);

}  // namespace graftage::core
