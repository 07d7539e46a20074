#include "graftage/graph/graph_batch.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

namespace graftage::graph {

namespace {

[[noreturn]] void refuse(core::GraphId id, const std::string& place, const std::string& message) {
  throw core::DataError("graph " + std::to_string(id.value), place, message);
}

/// Copies [rows, columns] codes to the batch after checking them against the schema.
void append_codes(core::GraphId id, const char* kind, std::span<const std::uint16_t> codes, std::int64_t rows,
                  const std::vector<FeatureColumn>& columns, std::vector<std::int64_t>& out) {
  const std::size_t width = columns.size();
  if (codes.size() != static_cast<std::size_t>(rows) * width)
    refuse(id, std::string(kind) + "_features",
           "has " + std::to_string(codes.size()) + " codes, expected " + std::to_string(rows) + " x " +
               std::to_string(width) + "; import the corpus again");
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const FeatureColumn& column = columns[i % width];
    if (codes[i] >= column.cardinality)
      refuse(id, column.name,
             std::string(kind) + " " + std::to_string(i / width) + " has code " + std::to_string(codes[i]) +
                 ", allowed are 0 to " + std::to_string(column.cardinality - 1) + "; import the corpus again");
    out.push_back(codes[i]);
  }
}

void append_edges(core::GraphId id, const GraphView& graph, std::int64_t first_node, GraphBatch& batch) {
  if (graph.edge_index.size() % 2 != 0)
    refuse(id, "edge_index", "has an odd number of entries; import the corpus again");
  for (std::int64_t e = 0; e < graph.num_edges(); ++e) {
    const std::int64_t source = graph.edge_index[static_cast<std::size_t>(2 * e)];
    const std::int64_t target = graph.edge_index[static_cast<std::size_t>(2 * e + 1)];
    if (source < 0 || source >= graph.num_nodes || target < 0 || target >= graph.num_nodes)
      refuse(id, "edge_index",
             "edge " + std::to_string(e) + " joins nodes " + std::to_string(source) + " and " + std::to_string(target) +
                 " of " + std::to_string(graph.num_nodes) + "; import the corpus again");
    batch.edge_source.push_back(first_node + source);
    batch.edge_target.push_back(first_node + target);
  }
}

void set_labels(std::span<const GraphView> graphs, std::span<const core::GraphId> ids, GraphBatch& batch) {
  const std::size_t targets = graphs.empty() ? 0 : graphs.front().labels.size();
  for (std::size_t g = 0; g < graphs.size(); ++g)
    if (graphs[g].labels.size() != targets || graphs[g].label_mask.size() != targets)
      refuse(ids[g], "labels",
             "has " + std::to_string(graphs[g].labels.size()) + " labels and " +
                 std::to_string(graphs[g].label_mask.size()) + " mask entries, expected " + std::to_string(targets) +
                 " as in graph " + std::to_string(ids.front().value));
  if (targets == 0) return;
  const auto shape = {static_cast<std::int64_t>(graphs.size()), static_cast<std::int64_t>(targets)};
  batch.labels = at::empty(shape, at::kFloat);
  batch.label_mask = at::empty(shape, at::kBool);
  float* label = batch.labels.mutable_data_ptr<float>();
  bool* mask = batch.label_mask.mutable_data_ptr<bool>();
  for (const GraphView& graph : graphs) {
    label = std::copy(graph.labels.begin(), graph.labels.end(), label);
    mask = std::transform(graph.label_mask.begin(), graph.label_mask.end(), mask, [](auto m) { return m != 0; });
  }
}

}  // namespace

std::vector<std::int64_t> GraphBatch::node_to_graph() const {
  std::vector<std::int64_t> graph;
  graph.reserve(static_cast<std::size_t>(num_nodes()));
  for (std::size_t g = 0; g + 1 < node_ptr.size(); ++g)
    graph.insert(graph.end(), static_cast<std::size_t>(node_ptr[g + 1] - node_ptr[g]), static_cast<std::int64_t>(g));
  return graph;
}

GraphBatch collate(std::span<const GraphView> graphs, std::span<const core::GraphId> ids, const FeatureSchema& schema) {
  GRAFTAGE_CHECK(graphs.size() == ids.size(), graphs.size(), ids.size());
  GraphBatch batch;
  batch.ids.assign(ids.begin(), ids.end());
  batch.node_ptr.push_back(0);
  batch.edge_ptr.push_back(0);
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    const GraphView& graph = graphs[g];
    if (graph.num_nodes < 0) refuse(ids[g], "num_nodes", "is negative; import the corpus again");
    append_codes(ids[g], "node", graph.node_features, graph.num_nodes, schema.node, batch.node_features);
    append_edges(ids[g], graph, batch.node_ptr.back(), batch);
    append_codes(ids[g], "edge", graph.edge_features, graph.num_edges(), schema.edge, batch.edge_features);
    batch.node_ptr.push_back(batch.node_ptr.back() + graph.num_nodes);
    batch.edge_ptr.push_back(batch.edge_ptr.back() + graph.num_edges());
  }
  set_labels(graphs, ids, batch);
  return batch;
}

}  // namespace graftage::graph
