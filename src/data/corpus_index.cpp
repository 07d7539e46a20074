#include "data/shard_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/data/corpus_writer.hpp"
#include "graftage/h5/artifact.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace graftage::data {
namespace {

std::vector<std::int64_t> numbers(const std::vector<core::GraphId>& ids) {
  std::vector<std::int64_t> result;
  result.reserve(ids.size());
  for (const auto id : ids) result.push_back(id.value);
  return result;
}

void write_splits(h5::File& file, const std::map<std::string, Split>& splits) {
  for (const auto& [name, split] : splits) {
    const auto part = [&file, &name = name](const char* which, const std::vector<core::GraphId>& ids) {
      const std::string dataset = "/split/" + name + "/" + which;
      file.write<std::int64_t>(dataset, numbers(ids), {ids.size()}, h5::ElementType::UInt32);
      file.set_attribute(dataset, "description", std::string("graphs of the ") + which + " part of split " + name);
      file.set_attribute(dataset, "units", std::string("graph"));
    };
    part("train", split.train);
    part("valid", split.valid);
    part("test", split.test);
  }
}

void write_shard_table(h5::File& file, const std::vector<ShardEntry>& shards) {
  h5::Column name{.name = "file", .kind = h5::ColumnKind::Text};
  h5::Column digest{.name = "content_sha256", .kind = h5::ColumnKind::Text};
  h5::Column graphs{.name = "num_graphs", .kind = h5::ColumnKind::Integer};
  h5::Column nodes{.name = "num_nodes", .kind = h5::ColumnKind::Integer};
  h5::Column edges{.name = "num_edges", .kind = h5::ColumnKind::Integer};
  std::vector<std::int32_t> all_nodes;
  std::vector<std::int32_t> all_edges;
  for (const auto& shard : shards) {
    name.text.push_back(shard.file);
    digest.text.push_back(shard.content_sha256);
    graphs.integers.push_back(static_cast<std::int64_t>(shard.num_nodes.size()));
    nodes.integers.push_back(std::accumulate(shard.num_nodes.begin(), shard.num_nodes.end(), std::int64_t{0}));
    edges.integers.push_back(std::accumulate(shard.num_edges.begin(), shard.num_edges.end(), std::int64_t{0}));
    all_nodes.insert(all_nodes.end(), shard.num_nodes.begin(), shard.num_nodes.end());
    all_edges.insert(all_edges.end(), shard.num_edges.begin(), shard.num_edges.end());
  }
  file.write_table("/shards", {name, digest, graphs, nodes, edges});
  file.set_attribute("/shards", "description", std::string("shard files in order, with their content digests"));
  file.write<std::int32_t>("/graph/num_nodes", all_nodes, {all_nodes.size()}, h5::ElementType::UInt32);
  file.set_attribute("/graph/num_nodes", "description", std::string("nodes of each graph, over all shards in order"));
  file.set_attribute("/graph/num_nodes", "units", std::string("node"));
  file.write<std::int32_t>("/graph/num_edges", all_edges, {all_edges.size()}, h5::ElementType::UInt32);
  file.set_attribute("/graph/num_edges", "description", std::string("directed edges of each graph"));
  file.set_attribute("/graph/num_edges", "units", std::string("edge"));
}

void write_rejected(h5::File& file, const std::vector<RejectedRow>& rejected) {
  h5::Column name{.name = "file", .kind = h5::ColumnKind::Text};
  h5::Column row{.name = "row", .kind = h5::ColumnKind::Integer};
  h5::Column text{.name = "text", .kind = h5::ColumnKind::Text};
  h5::Column reason{.name = "reason", .kind = h5::ColumnKind::Text};
  for (const auto& item : rejected) {
    name.text.push_back(item.file);
    row.integers.push_back(item.row);
    text.text.push_back(item.text);
    reason.text.push_back(item.reason);
  }
  file.write_table("/rejected", {name, row, text, reason});
  file.set_attribute("/rejected", "description", std::string("input rows that did not become graphs, and why"));
}

std::string labels_to_json(const graph::LabelSchema& labels) {
  const auto kinds = graph::enum_names(static_cast<const graph::LabelKind*>(nullptr));
  return nlohmann::ordered_json{
      {"kind", kinds.at(static_cast<std::size_t>(labels.kind))}, {"names", labels.names}, {"origin", labels.origin}}
      .dump();
}

}  // namespace

void write_index(const std::filesystem::path& corpus_directory, const IndexContent& content) {
  h5::commit_artifact(corpus_directory / "index.h5", kCorpusFormat, h5::kFormatVersion, content.provenance_json,
                      [&](h5::File& file) {
                        file.set_attribute("/", "name", content.name);
                        file.set_attribute("/", "description", content.description);
                        file.set_attribute("/", "schema", content.schema.to_json());
                        file.set_attribute("/", "labels", labels_to_json(content.labels));
                        for (const auto& [name, count] : content.counts) file.set_attribute("/", "num_" + name, count);
                        write_shard_table(file, content.shards);
                        write_splits(file, content.splits);
                        write_rejected(file, content.rejected);
                      });
}

void write_corpus(const std::filesystem::path& directory, IndexContent index, const ShardContent& content,
                  std::int64_t graphs_per_shard) {
  GRAFTAGE_CHECK(graphs_per_shard > 0, graphs_per_shard);
  const std::size_t total = content.graphs.size();
  GRAFTAGE_CHECK(content.ids.size() == total && content.texts.size() == total && content.keys.size() == total, total);
  const auto step = static_cast<std::size_t>(graphs_per_shard);
  for (std::size_t first = 0; first < total; first += step) {
    const auto cut = [first, last = std::min(total, first + step)](const auto& all) {
      return std::decay_t<decltype(all)>(all.begin() + static_cast<std::ptrdiff_t>(first),
                                         all.begin() + static_cast<std::ptrdiff_t>(last));
    };
    char file[40];
    std::snprintf(file, sizeof file, "shards/shard-%05zu.h5", first / step);
    const ShardContent part{cut(content.graphs), cut(content.ids), cut(content.texts), cut(content.keys)};
    index.shards.push_back(write_shard(directory, file, part, index.schema, index.labels));
  }
  index.counts.try_emplace("graphs", static_cast<std::int64_t>(total));
  write_index(directory, index);
}

}  // namespace graftage::data
