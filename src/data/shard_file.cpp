#include "data/shard_file.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/data/corpus_writer.hpp"
#include "graftage/h5/artifact.hpp"

#include <algorithm>
#include <limits>

namespace graftage::data {
namespace {

using h5::ElementType;

/// Small chunks, because a block of some dozens of graphs, found at random, is the unit of reading.
constexpr h5::Layout kPayload{.deflate = 1, .checksum = true, .chunk_bytes = 8u << 10};

ElementType smallest_type(std::uint64_t largest) {
  if (largest <= std::numeric_limits<std::uint8_t>::max()) return ElementType::UInt8;
  if (largest <= std::numeric_limits<std::uint16_t>::max()) return ElementType::UInt16;
  return ElementType::UInt32;
}

std::uint64_t largest_code(const std::vector<graph::FeatureColumn>& columns) {
  std::int64_t largest = 1;
  for (const auto& column : columns) largest = std::max(largest, column.cardinality);
  return static_cast<std::uint64_t>(largest - 1);
}

/// The graphs of a shard, joined.
struct Payload {
  std::vector<std::uint64_t> node_ptr{0};
  std::vector<std::uint64_t> edge_ptr{0};
  std::vector<std::uint16_t> node_features;
  std::vector<std::int32_t> edge_index;
  std::vector<std::uint16_t> edge_features;
  std::vector<float> labels;
  std::vector<std::uint8_t> label_mask;
};

template <class T>
void append(std::vector<T>& all, const std::vector<T>& part) {
  all.insert(all.end(), part.begin(), part.end());
}

Payload join_graphs(const std::vector<graph::Graph>& graphs) {
  Payload payload;
  for (const auto& graph : graphs) {
    payload.node_ptr.push_back(payload.node_ptr.back() + static_cast<std::uint64_t>(graph.num_nodes));
    payload.edge_ptr.push_back(payload.edge_ptr.back() + static_cast<std::uint64_t>(graph.num_edges()));
    append(payload.node_features, graph.node_features);
    append(payload.edge_index, graph.edge_index);
    append(payload.edge_features, graph.edge_features);
    append(payload.labels, graph.labels);
    append(payload.label_mask, graph.label_mask);
  }
  return payload;
}

void describe(h5::File& file, const std::string& dataset, const std::string& description, const std::string& units) {
  file.set_attribute(dataset, "description", description);
  file.set_attribute(dataset, "units", units);
}

void fill_shard(h5::File& file, const ShardContent& content, const graph::FeatureSchema& schema,
                const graph::LabelSchema& labels) {
  const Payload payload = join_graphs(content.graphs);
  const std::uint64_t num_graphs = content.graphs.size();
  const std::uint64_t num_nodes = payload.node_ptr.back();
  const std::uint64_t num_edges = payload.edge_ptr.back();
  const std::uint64_t num_targets = labels.names.size();
  std::int64_t largest = 1;
  for (const auto& graph : content.graphs) largest = std::max(largest, graph.num_nodes);

  file.set_attribute("/", "schema", schema.to_json());
  file.write<std::uint64_t>("/graph/node_ptr", payload.node_ptr, {num_graphs + 1}, ElementType::UInt64, kPayload);
  describe(file, "/graph/node_ptr", "nodes of graph g are rows node_ptr[g] to node_ptr[g+1] of /node/feat", "node");
  file.write<std::uint64_t>("/graph/edge_ptr", payload.edge_ptr, {num_graphs + 1}, ElementType::UInt64, kPayload);
  describe(file, "/graph/edge_ptr", "edges of graph g are rows edge_ptr[g] to edge_ptr[g+1] of /edge/index", "edge");
  file.write<std::uint16_t>("/node/feat", payload.node_features, {num_nodes, schema.node.size()},
                            smallest_type(largest_code(schema.node)), kPayload);
  describe(file, "/node/feat", "integer codes of the node columns named in the schema", "code");
  file.write<std::int32_t>("/edge/index", payload.edge_index, {num_edges, 2},
                           smallest_type(static_cast<std::uint64_t>(largest - 1)), kPayload);
  describe(file, "/edge/index", "source and target of each directed edge, numbered within the graph", "node");
  file.write<std::uint16_t>("/edge/feat", payload.edge_features, {num_edges, schema.edge.size()},
                            smallest_type(largest_code(schema.edge)), kPayload);
  describe(file, "/edge/feat", "integer codes of the edge columns named in the schema", "code");
  file.write_text("/graph/id", content.ids);
  describe(file, "/graph/id", "id of the molecule in its source", "text");
  file.write_text("/graph/smiles", content.texts);
  describe(file, "/graph/smiles", "SMILES as read from the source", "text");
  std::vector<std::uint64_t> keys;
  for (const auto& key : content.keys) keys.insert(keys.end(), {key.high, key.low});
  file.write<std::uint64_t>("/graph/key", keys, {num_graphs, 2}, ElementType::UInt64, kPayload);
  describe(file, "/graph/key", "first 128 bits of the SHA-256 of the canonical SMILES", "key");
  if (num_targets == 0) return;
  file.write<float>("/label/value", payload.labels, {num_graphs, num_targets}, ElementType::Float32, kPayload);
  describe(file, "/label/value", "targets; NaN where missing",
           labels.kind == graph::LabelKind::Binary ? "class" : "as in the source");
  file.write<std::uint8_t>("/label/mask", payload.label_mask, {num_graphs, num_targets}, ElementType::UInt8, kPayload);
  describe(file, "/label/mask", "1 where the target is known", "flag");
}

/// Prefix sums of rows [first, first + count], checked to ascend.
std::vector<std::uint64_t> read_offsets(const h5::File& file, const std::string& dataset, std::int64_t first,
                                        std::int64_t count) {
  auto offsets =
      file.read_rows<std::uint64_t>(dataset, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(count) + 1);
  if (!std::is_sorted(offsets.begin(), offsets.end()))
    throw core::DataError(file.path().string(), dataset, "does not ascend; the shard is damaged: import it again");
  return offsets;
}

/// Rows of a two-dimensional dataset, cut at offsets.
template <class T>
class Pieces {
 public:
  Pieces(const h5::File& file, const std::string& dataset, const std::vector<std::uint64_t>& offsets)
      : offsets_(offsets), values_(file.read_rows<T>(dataset, offsets.front(), offsets.back() - offsets.front())) {
    const auto rows = offsets.back() - offsets.front();
    width_ = rows == 0 ? 0 : values_.size() / rows;
  }
  [[nodiscard]] std::vector<T> operator[](std::size_t graph) const {
    const auto at = [this](std::size_t g) {
      return values_.begin() + static_cast<std::ptrdiff_t>((offsets_[g] - offsets_[0]) * width_);
    };
    return {at(graph), at(graph + 1)};
  }

 private:
  const std::vector<std::uint64_t>& offsets_;
  std::vector<T> values_;
  std::size_t width_ = 0;
};

}  // namespace

std::vector<graph::Graph> read_graphs(const h5::File& file, std::int64_t first,
                                      const std::vector<std::uint64_t>& node_ptr,
                                      const std::vector<std::uint64_t>& edge_ptr) {
  const auto count = static_cast<std::int64_t>(node_ptr.size()) - 1;
  const Pieces<std::uint16_t> node_features(file, "/node/feat", node_ptr);
  const Pieces<std::int32_t> edge_index(file, "/edge/index", edge_ptr);
  const Pieces<std::uint16_t> edge_features(file, "/edge/feat", edge_ptr);
  std::vector<float> labels;
  std::vector<std::uint8_t> mask;
  if (file.contains("/label/value")) {
    labels =
        file.read_rows<float>("/label/value", static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(count));
    mask = file.read_rows<std::uint8_t>("/label/mask", static_cast<std::uint64_t>(first),
                                        static_cast<std::uint64_t>(count));
    if (mask.size() != labels.size())
      throw core::DataError(file.path().string(), "/label/mask", "has another shape than /label/value");
  }
  const auto num_targets =
      static_cast<std::ptrdiff_t>(count == 0 ? 0 : labels.size() / static_cast<std::size_t>(count));
  std::vector<graph::Graph> graphs(static_cast<std::size_t>(count));
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    graphs[g].num_nodes = static_cast<std::int64_t>(node_ptr[g + 1] - node_ptr[g]);
    graphs[g].node_features = node_features[g];
    graphs[g].edge_index = edge_index[g];
    graphs[g].edge_features = edge_features[g];
    const auto row = static_cast<std::ptrdiff_t>(g) * num_targets;
    graphs[g].labels.assign(labels.begin() + row, labels.begin() + row + num_targets);
    graphs[g].label_mask.assign(mask.begin() + row, mask.begin() + row + num_targets);
  }
  return graphs;
}

ShardEntry write_shard(const std::filesystem::path& corpus_directory, const std::string& file,
                       const ShardContent& content, const graph::FeatureSchema& schema,
                       const graph::LabelSchema& labels) {
  const std::filesystem::path path = corpus_directory / file;
  core::create_directories(path.parent_path());
  h5::commit_artifact(path, kShardFormat, h5::kFormatVersion, "{}",
                      [&](h5::File& shard) { fill_shard(shard, content, schema, labels); });
  ShardEntry entry{.file = file,
                   .content_sha256 = h5::read_header(h5::File::open(path)).content_sha256,
                   .num_nodes = {},
                   .num_edges = {}};
  for (const auto& graph : content.graphs) {
    entry.num_nodes.push_back(static_cast<std::int32_t>(graph.num_nodes));
    entry.num_edges.push_back(static_cast<std::int32_t>(graph.num_edges()));
  }
  return entry;
}

ShardContent read_shard(const std::filesystem::path& path) {
  const h5::File file = h5::open_artifact(path, kShardFormat);
  ShardContent content;
  content.ids = file.read_text("/graph/id");
  content.texts = file.read_text("/graph/smiles");
  const auto num_graphs = static_cast<std::int64_t>(content.ids.size());
  content.graphs = read_graphs(file, 0, read_offsets(file, "/graph/node_ptr", 0, num_graphs),
                               read_offsets(file, "/graph/edge_ptr", 0, num_graphs));
  const auto keys = file.read<std::uint64_t>("/graph/key");
  for (std::size_t i = 0; i + 1 < keys.size(); i += 2) content.keys.push_back({keys[i], keys[i + 1]});
  if (content.keys.size() != content.ids.size() || content.texts.size() != content.ids.size())
    throw core::DataError(path.string(), "/graph",
                          "its datasets differ in length; the shard is damaged: import it again");
  return content;
}

}  // namespace graftage::data
