#pragma once

#include "graftage/core/digest.hpp"
#include "graftage/core/index.hpp"
#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace graftage::h5 {
class File;
}

namespace graftage::data {

/// Named disjoint sets of graphs of a corpus.
struct Split {
  std::vector<core::GraphId> train;
  std::vector<core::GraphId> valid;
  std::vector<core::GraphId> test;
};

/// A corpus directory: `index.h5` and the shards it lists. Read-only; validated on open (format, version, schema, shard
/// sizes and digests as recorded; the payload digests on request). One thread at a time: a few shard files stay open.
class Corpus {
 public:
  /// @throws MissingInput, DataError (truncated or foreign file, missing shard, newer major version)
  static std::shared_ptr<const Corpus> open(const std::filesystem::path& directory);
  ~Corpus();
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const graph::FeatureSchema& schema() const { return schema_; }
  [[nodiscard]] const graph::LabelSchema& labels() const { return labels_; }
  /// Merkle digest over shards and index: identity of the corpus in manifests, checkpoints and trials.
  [[nodiscard]] const std::string& content_sha256() const { return content_sha256_; }
  [[nodiscard]] std::int64_t num_graphs() const { return static_cast<std::int64_t>(num_nodes_.size()); }
  [[nodiscard]] std::int64_t total_nodes() const;
  /// Decoded size of all graphs in memory.
  [[nodiscard]] std::int64_t decoded_bytes() const;
  [[nodiscard]] const std::vector<std::int32_t>& num_nodes() const { return num_nodes_; }  ///< per graph
  [[nodiscard]] const std::vector<std::int32_t>& num_edges() const { return num_edges_; }  ///< per graph, directed
  [[nodiscard]] std::vector<std::string> split_names() const;
  /// @throws DataError naming the known splits
  [[nodiscard]] const Split& split(const std::string& name) const;

  /// Resolved import configuration, digests of the inputs and library versions, as JSON.
  [[nodiscard]] const std::string& provenance_json() const { return provenance_json_; }
  /// Counts of the import: rows, unparsable, unique, duplicates, removed, graphs, positives.
  [[nodiscard]] const std::map<std::string, std::int64_t>& counts() const { return counts_; }
  /// Keys of all graphs' molecules (core::key_of the canonical SMILES), read from the shards.
  [[nodiscard]] std::vector<core::Key128> read_keys() const;
  /// Recomputes the content digests of the index and every shard. @throws DataError naming the file that differs
  void verify() const;

  /// Decodes graphs [first, first + count); the range may cross shards. @throws DataError (checksum, truncation)
  [[nodiscard]] std::vector<graph::Graph> read(core::GraphId first, std::int64_t count) const;

 private:
  Corpus();
  void read_shard_table(const h5::File& index);
  struct OpenShards;
  struct Shard {
    std::filesystem::path path;
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::string content_sha256;
  };
  std::filesystem::path directory_;
  std::string name_;
  graph::FeatureSchema schema_;
  graph::LabelSchema labels_;
  std::string content_sha256_;
  std::vector<std::int32_t> num_nodes_;
  std::vector<std::int32_t> num_edges_;
  std::map<std::string, Split> splits_;
  std::vector<Shard> shards_;
  std::string provenance_json_;
  std::map<std::string, std::int64_t> counts_;
  std::unique_ptr<OpenShards> open_shards_;
};

}  // namespace graftage::data
