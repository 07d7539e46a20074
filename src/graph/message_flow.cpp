#include "graftage/graph/message_flow.hpp"

#include "graftage/core/error.hpp"
#include "graftage/graph/map_sum.hpp"
#include "graph/neighbourhoods.hpp"
#include "graph/row_table.hpp"

#include <algorithm>
#include <utility>

namespace graftage::graph {

namespace {

using detail::Csr;
using detail::Neighbourhoods;
using detail::RowTable;

/// A partition of the nodes into rows.
struct Colouring {
  std::vector<std::int64_t> of_node;  ///< [N] rows, numbered by first node
  std::vector<std::int64_t> first;    ///< [U] first node of each row
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(first.size()); }
};

LinearMap to_map(Csr csr) {
  return LinearMap::from_csr(csr.columns, std::move(csr.row_ptr), std::move(csr.column), std::move(csr.weight));
}

/// Nodes with the same words get the same row. @param words  void(node, std::vector<std::uint32_t>& out)
template <class Words>
Colouring colour(std::int64_t num_nodes, Words words) {
  Colouring colouring;
  colouring.of_node.reserve(static_cast<std::size_t>(num_nodes));
  RowTable table(num_nodes);
  std::vector<std::uint32_t> content;
  for (std::int64_t v = 0; v < num_nodes; ++v) {
    content.clear();
    words(v, content);
    const std::int64_t row = table.number(content);
    if (row == colouring.size()) colouring.first.push_back(v);
    colouring.of_node.push_back(row);
  }
  return colouring;
}

std::uint32_t word(std::int64_t value) { return static_cast<std::uint32_t>(value); }

Colouring colour_input(const GraphBatch& batch, std::size_t columns, const std::vector<std::int64_t>& node_graph,
                       MergeScope scope) {
  return colour(batch.num_nodes(), [&](std::int64_t v, std::vector<std::uint32_t>& out) {
    if (scope == MergeScope::Graph) out.push_back(word(node_graph[static_cast<std::size_t>(v)]));
    const auto at = static_cast<std::size_t>(v) * columns;
    for (std::size_t c = 0; c < columns; ++c) out.push_back(word(batch.node_features[at + c]));
  });
}

/// Nodes around which all edge codes occur equally often.
Colouring colour_edges(const GraphBatch& batch, const Neighbourhoods& around) {
  return colour(batch.num_nodes(), [&](std::int64_t v, std::vector<std::uint32_t>& out) {
    for (const Csr& counts : around.edge_counts) {
      const auto begin = static_cast<std::size_t>(counts.row_ptr[static_cast<std::size_t>(v)]);
      const auto end = static_cast<std::size_t>(counts.row_ptr[static_cast<std::size_t>(v) + 1]);
      out.push_back(word(static_cast<std::int64_t>(end - begin)));
      for (std::size_t k = begin; k < end; ++k) {
        out.push_back(word(counts.column[k]));
        out.push_back(static_cast<std::uint32_t>(counts.weight[k]));
      }
    }
  });
}

/// One layer further: equal sums of rows below and of edge codes.
Colouring refine(const Neighbourhoods& around, const Colouring& edges, const Colouring& below, bool keep_below) {
  return colour(static_cast<std::int64_t>(below.of_node.size()), [&](std::int64_t v, std::vector<std::uint32_t>& out) {
    const auto node = static_cast<std::size_t>(v);
    out.push_back(word(edges.of_node[node]));
    if (keep_below) out.push_back(word(below.of_node[node]));
    const std::size_t fixed = out.size();
    for (const std::int64_t u : around.members.columns_of(v))
      out.push_back(word(below.of_node[static_cast<std::size_t>(u)]));
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(fixed), out.end());
  });
}

FlowRows rows_of(const Colouring& colouring, const std::vector<std::int64_t>& node_graph, MergeScope scope) {
  FlowRows rows;
  rows.size = colouring.size();
  rows.of_node = colouring.of_node;
  rows.multiplicity.assign(colouring.first.size(), 0.0);
  for (const std::int64_t row : colouring.of_node) rows.multiplicity[static_cast<std::size_t>(row)] += 1.0;
  if (scope == MergeScope::Graph)
    for (const std::int64_t node : colouring.first) rows.graph.push_back(node_graph[static_cast<std::size_t>(node)]);
  return rows;
}

FlowRows one_row_per_node(const std::vector<std::int64_t>& node_graph) {
  return {.size = static_cast<std::int64_t>(node_graph.size()), .multiplicity = {}, .of_node = {}, .graph = node_graph};
}

FlowLayer merged_layer(const Neighbourhoods& around, const Colouring& below, const Colouring& colouring,
                       bool keep_below) {
  FlowLayer layer;
  Csr sources = detail::select(around.members, colouring.first);
  for (std::int64_t& column : sources.column) column = below.of_node[static_cast<std::size_t>(column)];
  sources.columns = below.size();
  layer.sources = to_map(std::move(sources));
  for (const Csr& counts : around.edge_counts)
    layer.edge_counts.push_back(to_map(detail::select(counts, colouring.first)));
  if (keep_below) {
    std::vector<std::int64_t> same;
    for (const std::int64_t node : colouring.first) same.push_back(below.of_node[static_cast<std::size_t>(node)]);
    layer.below = LinearMap::gather(below.size(), same);
  }
  return layer;
}

FlowLayer plain_layer(const Neighbourhoods& around, const std::vector<std::int64_t>& node_graph, bool keep_below) {
  FlowLayer layer;
  layer.sources = to_map(around.members);
  for (const Csr& counts : around.edge_counts) layer.edge_counts.push_back(to_map(counts));
  if (keep_below) layer.below = LinearMap::identity(around.members.rows());
  layer.rows = one_row_per_node(node_graph);
  return layer;
}

/// Codes of one node column, of the nodes given.
LinearMap input_codes(const GraphBatch& batch, const FeatureSchema& schema, std::size_t column,
                      const std::vector<std::int64_t>& nodes) {
  std::vector<std::int64_t> codes;
  codes.reserve(nodes.size());
  for (const std::int64_t node : nodes)
    codes.push_back(batch.node_features[static_cast<std::size_t>(node) * schema.node.size() + column]);
  return LinearMap::gather(schema.node[column].cardinality, codes);
}

/// How many nodes of each graph have each row. @return [B, U]
Csr count_rows(const GraphBatch& batch, const std::vector<std::int64_t>& row_of_node, std::int64_t num_rows) {
  Csr counts;
  counts.columns = num_rows;
  std::vector<std::int64_t> rows;
  for (std::int64_t g = 0; g < batch.num_graphs(); ++g) {
    rows.assign(row_of_node.begin() + batch.node_ptr[static_cast<std::size_t>(g)],
                row_of_node.begin() + batch.node_ptr[static_cast<std::size_t>(g) + 1]);
    std::sort(rows.begin(), rows.end());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0 && rows[i] == rows[i - 1]) {
        counts.weight.back() += 1.0;
        continue;
      }
      counts.column.push_back(rows[i]);
      counts.weight.push_back(1.0);
    }
    counts.end_row();
  }
  return counts;
}

/// Divides the entries of each graph by its number of nodes.
Csr mean_of(Csr counts, const GraphBatch& batch) {
  for (std::size_t g = 0; g + 1 < counts.row_ptr.size(); ++g)
    for (auto k = static_cast<std::size_t>(counts.row_ptr[g]); k < static_cast<std::size_t>(counts.row_ptr[g + 1]); ++k)
      counts.weight[k] /= static_cast<double>(batch.node_ptr[g + 1] - batch.node_ptr[g]);
  return counts;
}

std::vector<std::int64_t> all_nodes(std::int64_t count) {
  std::vector<std::int64_t> nodes;
  nodes.reserve(static_cast<std::size_t>(count));
  for (std::int64_t v = 0; v < count; ++v) nodes.push_back(v);
  return nodes;
}

/// Ends a flow: from the last layer's rows to nodes and graphs.
void add_outputs(MessageFlow& flow, const GraphBatch& batch) {
  const FlowLayer& last = flow.layers.back();
  if (last.rows.of_node.empty() || last.expand.is_defined()) {
    const std::vector<std::int64_t> node_graph = batch.node_to_graph();
    flow.node_rows = LinearMap::identity(flow.num_nodes);
    flow.graph_mean = LinearMap::segment_mean(flow.num_graphs, node_graph);
    flow.graph_sum = LinearMap::segment_sum(flow.num_graphs, node_graph);
    return;
  }
  flow.node_rows = LinearMap::gather(last.rows.size, last.rows.of_node);
  Csr counts = count_rows(batch, last.rows.of_node, last.rows.size);
  flow.graph_mean = to_map(mean_of(counts, batch));
  flow.graph_sum = to_map(std::move(counts));
}

}  // namespace

std::vector<std::string> enum_names(const FlowKind*) { return {"merged", "plain"}; }

MessageFlow make_flow(const GraphBatch& batch, const FeatureSchema& schema, const FlowOptions& options) {
  GRAFTAGE_CHECK(options.num_layers >= 1, options.num_layers);
  const std::int64_t merged = options.kind == FlowKind::Plain ? 0
                              : options.merged_layers < 0     ? options.num_layers
                                                              : std::min(options.merged_layers, options.num_layers);
  const Neighbourhoods around = detail::neighbourhoods(batch, schema);
  const std::vector<std::int64_t> node_graph = batch.node_to_graph();
  MessageFlow flow;
  flow.num_nodes = batch.num_nodes();
  flow.num_graphs = batch.num_graphs();
  Colouring below;
  if (merged > 0) {
    below = colour_input(batch, schema.node.size(), node_graph, options.scope);
    flow.input = rows_of(below, node_graph, options.scope);
    const Colouring edges = colour_edges(batch, around);
    for (std::int64_t l = 0; l < merged; ++l) {
      Colouring colouring = refine(around, edges, below, options.keep_below);
      flow.layers.push_back(merged_layer(around, below, colouring, options.keep_below));
      flow.layers.back().rows = rows_of(colouring, node_graph, options.scope);
      if (l == 0)
        for (std::size_t c = 0; c < schema.node.size(); ++c)
          flow.input_codes.push_back(input_codes(batch, schema, c, below.first));
      below = std::move(colouring);
    }
    if (merged < options.num_layers) flow.layers.back().expand = LinearMap::gather(below.size(), below.of_node);
  } else {
    flow.input = one_row_per_node(node_graph);
    const std::vector<std::int64_t> nodes = all_nodes(flow.num_nodes);
    for (std::size_t c = 0; c < schema.node.size(); ++c)
      flow.input_codes.push_back(input_codes(batch, schema, c, nodes));
  }
  if (merged < options.num_layers)
    flow.layers.resize(static_cast<std::size_t>(options.num_layers),
                       plain_layer(around, node_graph, options.keep_below));
  add_outputs(flow, batch);
  return flow;
}

void prepare_gradients(const MessageFlow& flow) {
  const auto build = [](const LinearMap& map) {
    if (map.is_defined()) (void)map.transposed().rows();
  };
  const auto build_where_read = [&](const LinearMap& map) {
    if (!scatters_gradient(map)) build(map);
  };
  for (const LinearMap& codes : flow.input_codes) build_where_read(codes);
  for (const FlowLayer& layer : flow.layers) {
    build_where_read(layer.sources);
    for (const LinearMap& counts : layer.edge_counts) build_where_read(counts);
    build(layer.below);
    build(layer.expand);
  }
  build(flow.node_rows);
  build(flow.graph_mean);
}

MessageFlow plain_flow(const GraphBatch& batch, const FeatureSchema& schema, std::int64_t num_layers) {
  return make_flow(batch, schema, {.num_layers = num_layers, .kind = FlowKind::Plain, .keep_below = true});
}

}  // namespace graftage::graph
