#pragma once

#include "graftage/config/node.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/mpi/communicator.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace graftage::data {

struct ImportSummary {
  std::int64_t rows = 0;
  std::int64_t unparsable = 0;  ///< listed in index.h5 /rejected with file, row, text and reason
  std::int64_t unique = 0;      ///< distinct molecules (canonical keys), before `exclude`
  std::int64_t duplicates = 0;  ///< rows merged into an earlier one
  std::int64_t removed = 0;     ///< left out because of `exclude`
  std::int64_t graphs = 0;
  std::int64_t positives = 0;        ///< of the first target
  std::int64_t binary_labels = 0;    ///< targets that are binary
  std::int64_t label_conflicts = 0;  ///< labels on which merged rows disagree
  double seconds = 0;
  bool already_imported = false;  ///< the corpus was there, intact and made from the same inputs: left alone
  std::string content_sha256;
};

/// Path of an input: "rdkit:NAME" is NAME in RDKit's data folder (Data/, Contrib/), anything else is itself.
/// @throws MissingInput if RDKit's data package is not installed
[[nodiscard]] std::filesystem::path resolve_input_path(const std::filesystem::path& path);

/// Typed import, checked without looking at the input. @throws ConfigError
[[nodiscard]] ImportConfig read_import_config(const config::Node& document);

/// Imports on all ranks: shards are dealt out by number, so any number of ranks writes the same bytes. Memory is
/// bounded by the shard plus 16-byte keys. Progress on stderr of rank 0. Collective.
/// @throws ConfigError, DataError (missing column with the nearest names, expected counts), MissingInput
ImportSummary run_import(const ImportConfig& config, const mpi::Communicator& communicator);

}  // namespace graftage::data
