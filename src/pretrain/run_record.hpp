#pragma once

#include "graftage/data/corpus.hpp"
#include "graftage/pretrain/run.hpp"

#include <cstdint>
#include <string>

namespace graftage::pretrain {

/// What a pretraining run is, apart from where it is written and on how many ranks it runs: two runs with the same
/// identity leave the same bytes.
struct RunIdentity {
  std::string
      json;  ///< resolved configuration without output, name and what only costs time; corpus digest; build class
  std::string digest;  ///< SHA-256 of it
};
[[nodiscard]] RunIdentity identity_of(const PretrainConfig& config, const data::Corpus& corpus);

/// Provenance of encoder.h5: the identity, the program and the length of the run. Free of ranks, times and paths.
[[nodiscard]] std::string provenance_of(const PretrainConfig& config, const data::Corpus& corpus,
                                        const RunIdentity& identity, std::int64_t steps);
/// Digest of the run that an encoder's provenance tells of; empty if it tells of none.
[[nodiscard]] std::string identity_in(const std::string& provenance_json);

/// manifest.yaml: everything about this run, ranks and paths included.
[[nodiscard]] std::string manifest_of(const PretrainConfig& config, const data::Corpus& corpus,
                                      const RunIdentity& identity, int num_ranks);

}  // namespace graftage::pretrain
