#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace graftage::testing {

/// Writes a small corpus of molecule-like graphs (chem schema, two binary targets, every fifth label missing) with a
/// split named "scaffold" of 8:1:1, and returns its directory.
std::filesystem::path write_small_corpus(const std::filesystem::path& directory, std::int64_t num_graphs,
                                         std::int64_t graphs_per_shard);

/// Writes a text file and returns its path.
std::filesystem::path write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace graftage::testing
