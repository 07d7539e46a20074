#pragma once

#include "graftage/data/import_config.hpp"
#include "graftage/data/importer.hpp"

#include <string>

namespace graftage::data {

/// What a corpus is made from, as JSON: the resolved configuration, the digests of all inputs and of excluded corpora,
/// the RDKit version. Free of directories, so a corpus has the same identity wherever its inputs lie.
[[nodiscard]] std::string import_provenance(const ImportConfig& config);

/// @throws ConfigError for values that visit_fields cannot check (splits, label kind, fractions, contradictory
/// expectations)
void check_import_config(const ImportConfig& config);

/// @throws DataError naming the first count that differs from what is expected
void check_expectations(const ImportConfig& config, const ImportSummary& summary);

}  // namespace graftage::data
