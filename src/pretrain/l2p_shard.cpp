#include "pretrain/l2p_shard.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <map>
#include <utility>

namespace graftage::pretrain {

namespace {

using graph::LinearMap;
using Index = std::vector<std::int64_t>;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// values[first, last), less `base`.
Index part(const Index& values, std::int64_t first, std::int64_t last, std::int64_t base = 0) {
  Index result(values.begin() + first, values.begin() + last);
  for (std::int64_t& value : result) value -= base;
  return result;
}

/// Graphs [first, last) as a batch of their own; labels are left out.
graph::GraphBatch cut(const graph::GraphBatch& batch, std::int64_t first, std::int64_t last) {
  const std::int64_t node = batch.node_ptr[at(first)];
  const std::int64_t node_end = batch.node_ptr[at(last)];
  const std::int64_t edge = batch.edge_ptr[at(first)];
  const std::int64_t edge_end = batch.edge_ptr[at(last)];
  const auto node_columns = static_cast<std::int64_t>(batch.node_features.size()) / batch.num_nodes();
  const std::int64_t edge_columns =
      batch.num_edges() == 0 ? 0 : static_cast<std::int64_t>(batch.edge_features.size()) / batch.num_edges();
  graph::GraphBatch result;
  result.ids.assign(batch.ids.begin() + first, batch.ids.begin() + last);
  result.node_ptr = part(batch.node_ptr, first, last + 1, node);
  result.edge_ptr = part(batch.edge_ptr, first, last + 1, edge);
  result.node_features = part(batch.node_features, node * node_columns, node_end * node_columns);
  result.edge_source = part(batch.edge_source, edge, edge_end, node);
  result.edge_target = part(batch.edge_target, edge, edge_end, node);
  result.edge_features = part(batch.edge_features, edge * edge_columns, edge_end * edge_columns);
  return result;
}

std::int64_t row_of(const graph::FlowRows& rows, std::int64_t node) {
  return rows.of_node.empty() ? node : rows.of_node[at(node)];
}

/// @param row_graph  [U], ascending
at::Tensor block_ptr(const Index& row_graph, std::int64_t num_graphs) {
  Index ptr{0};
  for (std::int64_t row = 0, g = 0; g < num_graphs; ++g) {
    while (row < static_cast<std::int64_t>(row_graph.size()) && row_graph[at(row)] == g) ++row;
    ptr.push_back(row);
  }
  GRAFTAGE_CHECK(ptr.back() == static_cast<std::int64_t>(row_graph.size()), "rows are not in the order of graphs");
  return at::tensor(ptr, at::kLong);
}

/// Code counts with one column for each (graph, table, code) that occurs, in the order of first use.
LinearMap count_changes(const std::vector<LinearMap>& tables, const Index& row_graph) {
  Index row_ptr{0};
  Index column;
  std::vector<double> weight;
  std::map<std::pair<std::size_t, std::int64_t>, std::int64_t> column_of;  // of this graph: (table, code)
  std::int64_t columns = 0;
  for (std::size_t row = 0; row < row_graph.size(); ++row) {
    if (row > 0 && row_graph[row] != row_graph[row - 1]) column_of.clear();
    for (std::size_t t = 0; t < tables.size(); ++t) {
      const LinearMap& table = tables[t];
      for (std::size_t k = at(table.row_ptr()[row]); k < at(table.row_ptr()[row + 1]); ++k) {
        const auto [found, is_new] = column_of.try_emplace({t, table.column()[k]}, columns);
        if (is_new) ++columns;
        column.push_back(found->second);
        weight.push_back(table.weight().empty() ? 1.0 : table.weight()[k]);
      }
    }
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
  }
  LinearMap map = LinearMap::from_csr(columns, std::move(row_ptr), std::move(column), std::move(weight));
  (void)map.transposed().rows();
  return map;
}

/// The pairs of this piece's graphs, by their rows.
PairLoss link_loss(const LinkSet& links, const graph::FlowRows& rows, std::int64_t first_node, std::int64_t last_node) {
  std::vector<RowPair> pairs;
  for (std::size_t i = 0; i < links.first.size(); ++i) {
    if (links.first[i] < first_node || links.first[i] >= last_node) continue;
    const auto row = [&](std::int64_t node) { return row_of(rows, node - first_node); };
    pairs.push_back({row(links.first[i]), row(links.second[i]), true, links.weight[i]});
    pairs.push_back({row(links.negative_first[i]), row(links.negative_second[i]), false, links.weight[i]});
  }
  return {rows.size, pairs};
}

/// Rows of the graph level. @param endpoints  [B of the shard * children, N of the shard], see endpoint_mean
LinearMap graph_level_rows(const graph::GraphBatch& batch, const L2pPiece& piece, const LinearMap& endpoints,
                           std::int64_t children) {
  const graph::FlowRows& rows = piece.flow.layers.back().rows;
  Index row_ptr{0};
  Index column;
  std::vector<double> weight;
  const std::int64_t first_node = batch.node_ptr[at(piece.first_graph)];
  for (std::int64_t g = 0; g < piece.num_graphs; ++g) {
    const std::int64_t graph = piece.first_graph + g;
    for (std::int64_t task = graph * children; task < (graph + 1) * children; ++task) {
      for (std::size_t k = at(endpoints.row_ptr()[at(task)]); k < at(endpoints.row_ptr()[at(task) + 1]); ++k) {
        column.push_back(row_of(rows, endpoints.column()[k] - first_node));
        weight.push_back(endpoints.weight()[k]);
      }
      row_ptr.push_back(static_cast<std::int64_t>(column.size()));
    }
    const std::int64_t nodes = batch.node_ptr[at(graph) + 1] - batch.node_ptr[at(graph)];
    for (std::int64_t v = batch.node_ptr[at(graph)]; v < batch.node_ptr[at(graph) + 1]; ++v)
      column.push_back(row_of(rows, v - first_node));
    weight.resize(column.size(), 1.0 / static_cast<double>(nodes));
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
    column.push_back(rows.size + g);
    weight.push_back(1.0);
    row_ptr.push_back(static_cast<std::int64_t>(column.size()));
  }
  LinearMap map =
      LinearMap::from_csr(rows.size + piece.num_graphs, std::move(row_ptr), std::move(column), std::move(weight));
  (void)map.transposed().rows();
  return map;
}

/// Each child task agrees with its graph and not with the other one.
PairLoss agreement(std::int64_t num_graphs, std::int64_t children) {
  std::vector<RowPair> pairs;
  for (std::int64_t g = 0; g < num_graphs; ++g)
    for (std::int64_t c = 0; c < children; ++c) {
      const std::int64_t first = g * (children + 2);
      pairs.push_back({first + c, first + children, true, 1.0 / static_cast<double>(children)});
      pairs.push_back({first + c, first + children + 1, false, 1.0 / static_cast<double>(children)});
    }
  return {num_graphs * (children + 2), pairs};
}

/// Ends of pieces: as many graphs as fit the budget, at least one. @return [pieces + 1]
Index piece_ptr(const graph::GraphBatch& batch, std::int64_t node_budget) {
  Index ptr{0};
  for (std::int64_t g = 1; g < batch.num_graphs(); ++g)
    if (batch.node_ptr[at(g) + 1] - batch.node_ptr[at(ptr.back())] > node_budget) ptr.push_back(g);
  ptr.push_back(batch.num_graphs());
  return ptr;
}

}  // namespace

L2pShard prepare_l2p(const nn::Encoder& encoder, const graph::GraphBatch& batch, const Links& links,
                     const L2pShardOptions& options) {
  GRAFTAGE_CHECK(batch.num_graphs() >= 2, "another graph is needed", batch.num_graphs());
  GRAFTAGE_CHECK(options.node_budget >= 1 && options.children >= 1, options.node_budget, options.children);
  L2pShard shard;
  shard.num_graphs = batch.num_graphs();
  for (const bool has : links.has_node_loss) shard.num_with_node_loss += has ? 1 : 0;
  graph::FlowOptions flow_options = encoder.flow_options(options.flow);
  shard.flow = graph::make_flow(batch, encoder.schema(), flow_options);
  graph::prepare_gradients(shard.flow);
  Index next;
  for (std::int64_t g = 0; g < shard.num_graphs; ++g) next.push_back((g + 1) % shard.num_graphs);
  shard.others = LinearMap::gather(shard.num_graphs, next);

  flow_options.scope = graph::MergeScope::Graph;
  const LinearMap support_ends = endpoint_mean(batch, links.support, options.children);
  const LinearMap query_ends = endpoint_mean(batch, links.query, options.children);
  const std::size_t layers = shard.flow.layers.size();
  std::vector<Index> shared_row(layers);  // of each row of the pieces
  const Index ends = piece_ptr(batch, options.node_budget);
  for (std::size_t p = 0; p + 1 < ends.size(); ++p) {
    const graph::GraphBatch graphs = cut(batch, ends[p], ends[p + 1]);
    const std::int64_t first_node = batch.node_ptr[at(ends[p])];
    const std::int64_t last_node = batch.node_ptr[at(ends[p + 1])];
    graph::MessageFlow flow = graph::make_flow(graphs, encoder.schema(), flow_options);
    graph::prepare_gradients(flow);
    for (const graph::FlowLayer& layer : flow.layers) (void)layer.sources.transposed().rows();  // the inner gradient's
    const graph::FlowRows& last = flow.layers.back().rows;
    L2pPiece piece{.first_graph = ends[p],
                   .num_graphs = ends[p + 1] - ends[p],
                   .flow = {},
                   .rows = {},
                   .first_row = {},
                   .support = link_loss(links.support, last, first_node, last_node),
                   .query = link_loss(links.query, last, first_node, last_node),
                   .support_rows = {},
                   .query_rows = {},
                   .agreement = agreement(ends[p + 1] - ends[p], options.children),
                   .graph_ptr = at::arange(ends[p + 1] - ends[p] + 1, at::kLong) * (options.children + 2)};
    piece.flow = std::move(flow);
    piece.rows.push_back({block_ptr(piece.flow.input.graph, piece.num_graphs),
                          count_changes(piece.flow.input_codes, piece.flow.input.graph)});
    for (std::size_t l = 0; l < layers; ++l) {
      const graph::FlowLayer& layer = piece.flow.layers[l];
      piece.rows.push_back(
          {block_ptr(layer.rows.graph, piece.num_graphs), count_changes(layer.edge_counts, layer.rows.graph)});
      piece.first_row.push_back(static_cast<std::int64_t>(shared_row[l].size()));
      shared_row[l].resize(shared_row[l].size() + at(layer.rows.size));
      for (std::int64_t v = first_node; v < last_node; ++v)
        shared_row[l][at(piece.first_row[l] + row_of(layer.rows, v - first_node))] =
            row_of(shard.flow.layers[l].rows, v);
    }
    piece.support_rows = graph_level_rows(batch, piece, support_ends, options.children);
    piece.query_rows = graph_level_rows(batch, piece, query_ends, options.children);
    shard.pieces.push_back(std::move(piece));
  }
  for (std::size_t l = 0; l < layers; ++l) {
    shard.piece_rows.push_back(LinearMap::gather(shard.flow.layers[l].rows.size, shared_row[l]));
    (void)shard.piece_rows.back().transposed().rows();
  }
  return shard;
}

}  // namespace graftage::pretrain
