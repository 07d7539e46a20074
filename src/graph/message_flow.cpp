#include "graftage/graph/message_flow.hpp"

#include "graftage/core/error.hpp"

namespace graftage::graph {

namespace {

/// Codes of one column of a row-major table.
std::vector<std::int64_t> column_codes(const std::vector<std::int64_t>& table, std::size_t columns,
                                       std::size_t column) {
  std::vector<std::int64_t> codes;
  codes.reserve(table.size() / columns);
  for (std::size_t i = column; i < table.size(); i += columns) codes.push_back(table[i]);
  return codes;
}

/// For each node the positions of its incoming edges, in input order: row_ptr [N + 1] and edge numbers.
struct IncomingEdges {
  std::vector<std::int64_t> row_ptr;
  std::vector<std::int64_t> edge;
};

IncomingEdges incoming_edges(const GraphBatch& batch) {
  const LinearMap by_target = LinearMap::segment_sum(batch.num_nodes(), batch.edge_target);
  return {by_target.row_ptr(), by_target.column()};
}

LinearMap neighbours_and_self(const GraphBatch& batch, const IncomingEdges& incoming) {
  const auto nodes = static_cast<std::size_t>(batch.num_nodes());
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int64_t> column;
  row_ptr.reserve(nodes + 1);
  column.reserve(incoming.edge.size() + nodes);
  for (std::size_t v = 0; v < nodes; ++v) {
    for (auto k = static_cast<std::size_t>(incoming.row_ptr[v]); k < static_cast<std::size_t>(incoming.row_ptr[v + 1]);
         ++k)
      column.push_back(batch.edge_source[static_cast<std::size_t>(incoming.edge[k])]);
    column.push_back(static_cast<std::int64_t>(v));
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
  }
  return LinearMap::from_csr(batch.num_nodes(), std::move(row_ptr), std::move(column));
}

/// How often each code of an edge column occurs around each node, self-loop included; codes ascending in a row.
LinearMap edge_counts(const GraphBatch& batch, const IncomingEdges& incoming, const FeatureSchema& schema,
                      std::size_t column_index) {
  const auto nodes = static_cast<std::size_t>(batch.num_nodes());
  const std::size_t width = schema.edge.size();
  const auto cardinality = static_cast<std::size_t>(schema.edge[column_index].cardinality);
  std::vector<std::int64_t> row_ptr{0};
  std::vector<std::int64_t> column;
  std::vector<double> weight;
  row_ptr.reserve(nodes + 1);
  std::vector<int> count(cardinality);
  for (std::size_t v = 0; v < nodes; ++v) {
    for (auto k = static_cast<std::size_t>(incoming.row_ptr[v]); k < static_cast<std::size_t>(incoming.row_ptr[v + 1]);
         ++k) {
      const auto edge = static_cast<std::size_t>(incoming.edge[k]);
      ++count[static_cast<std::size_t>(batch.edge_features[edge * width + column_index])];
    }
    ++count[static_cast<std::size_t>(schema.self_loop[column_index])];
    for (std::size_t code = 0; code < cardinality; ++code) {
      if (count[code] == 0) continue;
      column.push_back(static_cast<std::int64_t>(code));
      weight.push_back(count[code]);
      count[code] = 0;
    }
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
  }
  return LinearMap::from_csr(schema.edge[column_index].cardinality, std::move(row_ptr), std::move(column),
                             std::move(weight));
}

}  // namespace

MessageFlow plain_flow(const GraphBatch& batch, const FeatureSchema& schema, std::int64_t num_layers) {
  GRAFTAGE_CHECK(num_layers >= 1, num_layers);
  GRAFTAGE_CHECK(schema.self_loop.size() == schema.edge.size(), schema.self_loop.size(), schema.edge.size());
  MessageFlow flow;
  flow.num_nodes = batch.num_nodes();
  flow.num_graphs = batch.num_graphs();
  for (std::size_t c = 0; c < schema.node.size(); ++c)
    flow.input_codes.push_back(
        LinearMap::gather(schema.node[c].cardinality, column_codes(batch.node_features, schema.node.size(), c)));
  const IncomingEdges incoming = incoming_edges(batch);
  FlowLayer layer;
  layer.sources = neighbours_and_self(batch, incoming);
  for (std::size_t c = 0; c < schema.edge.size(); ++c)
    layer.edge_counts.push_back(edge_counts(batch, incoming, schema, c));
  flow.layers.assign(static_cast<std::size_t>(num_layers), layer);
  flow.row_graph = batch.node_to_graph();
  flow.node_rows = LinearMap::identity(flow.num_nodes);
  flow.graph_mean = LinearMap::segment_mean(flow.num_graphs, flow.row_graph);
  flow.graph_sum = LinearMap::segment_sum(flow.num_graphs, flow.row_graph);
  return flow;
}

}  // namespace graftage::graph
