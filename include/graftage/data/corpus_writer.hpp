#pragma once

#include "graftage/core/digest.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace graftage::data {

/// Graphs of one shard file with what is known of each: the unit an importer writes.
struct ShardContent {
  std::vector<graph::Graph> graphs;
  std::vector<std::string> ids;    ///< id in the source
  std::vector<std::string> texts;  ///< SMILES as read; empty texts where there is none
  std::vector<core::Key128> keys;  ///< identity of the molecule
};

/// A row that did not become a graph.
struct RejectedRow {
  std::string file;
  std::int64_t row = 0;  ///< 1-based data row of the file
  std::string text;
  std::string reason;
};

/// A shard as the index lists it.
struct ShardEntry {
  std::string file;  ///< relative to the corpus, "shards/shard-00000.h5"
  std::string content_sha256;
  std::vector<std::int32_t> num_nodes;  ///< per graph
  std::vector<std::int32_t> num_edges;
};

/// Everything index.h5 says.
struct IndexContent {
  std::string name;
  std::string description;
  graph::FeatureSchema schema;
  graph::LabelSchema labels;
  std::vector<ShardEntry> shards;
  std::map<std::string, Split> splits;
  std::vector<RejectedRow> rejected;
  std::map<std::string, std::int64_t> counts;
  std::string provenance_json = "{}";
};

/// Writes one shard by the commit protocol. The bytes depend on the content alone. @throws IoError
ShardEntry write_shard(const std::filesystem::path& corpus_directory, const std::string& file,
                       const ShardContent& content, const graph::FeatureSchema& schema,
                       const graph::LabelSchema& labels);

/// Whole shard in memory. @throws MissingInput, DataError
[[nodiscard]] ShardContent read_shard(const std::filesystem::path& path);

/// Writes index.h5, which makes the directory a corpus. @throws IoError
void write_index(const std::filesystem::path& corpus_directory, const IndexContent& content);

/// A small corpus from graphs in memory, `graphs_per_shard` in each shard; shards and digests of `index` are filled in.
/// For tests and for converters that hold everything in memory.
void write_corpus(const std::filesystem::path& directory, IndexContent index, const ShardContent& content,
                  std::int64_t graphs_per_shard);

}  // namespace graftage::data
