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

/// commit_file for a text.
void commit_text(const std::filesystem::path& target, std::string_view text);

/// Creates a directory and its parents (mode 0750 and the umask). @throws IoError 73/77
void create_directories(const std::filesystem::path& directory);

/// Removes leftovers of earlier crashed writers from a directory: temporaries whose name carries this host's tag and a
/// process that no longer exists. Nothing happens if the directory does not exist. @throws IoError
void remove_stale_temporaries(const std::filesystem::path& directory);

/// Whole file as text. @throws MissingInput, IoError
[[nodiscard]] std::string read_text(const std::filesystem::path& path, std::string_view remedy = "check the path");

/// Creates `path` with the whole text, or returns false if it exists: of several callers one succeeds. @throws IoError
[[nodiscard]] bool create_exclusive(const std::filesystem::path& path, std::string_view text);

}  // namespace graftage::core
