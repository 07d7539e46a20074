#pragma once

#include "graftage/nn/encoder.hpp"
#include "graftage/nn/parameters.hpp"
#include "graftage/train/adam.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace graftage::train {

/// Everything a run needs to go on as if it had not been interrupted; free of rank counts, times and hosts.
struct Checkpoint {
  std::string config_digest;  ///< SHA-256 of the run's identity (resolved configuration, corpus digest, versions)
  std::int64_t step = 0;      ///< optimiser steps done
  nn::Parameters parameters;  ///< trainable
  nn::Parameters buffers;
  at::Tensor first_moment;   ///< [P]
  at::Tensor second_moment;  ///< [P]
  std::int64_t adam_steps = 0;
};

/// Directory of checkpoints "step-000000300.h5"; the newest two verified generations are kept.
class CheckpointStore {
 public:
  explicit CheckpointStore(std::filesystem::path directory, int keep = 2);
  /// Atomic; then removes older generations. One writer (rank 0).
  void write(const Checkpoint& checkpoint) const;
  /// Newest intact checkpoint of this identity; a damaged one is moved to quarantine/ with a warning and the previous
  /// is used. @throws ConfigError (78) if checkpoints belong to another configuration: names both digests and the
  /// remedy
  [[nodiscard]] std::optional<Checkpoint> load_newest(const std::string& config_digest) const;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  int keep_;
};

/// Weights of an encoder as a file of their own ("graftage-encoder"): parameters under their state_dict names,
/// architecture, feature schema, and what they were made from.
struct EncoderFile {
  nn::EncoderConfig config;
  graph::FeatureSchema schema;
  nn::Parameters parameters;
  nn::Parameters buffers;
  std::string name;             ///< objective, e.g. "l2p" ("random" is never stored)
  std::string provenance_json;  ///< resolved configuration, corpus digest, seed, steps
  std::string content_sha256;   ///< filled by read_encoder
};
void write_encoder(const std::filesystem::path& path, const EncoderFile& file);
/// @throws MissingInput, DataError
[[nodiscard]] EncoderFile read_encoder(const std::filesystem::path& path);

}  // namespace graftage::train
