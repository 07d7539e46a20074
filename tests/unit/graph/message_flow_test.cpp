#include "graftage/graph/message_flow.hpp"

#include "support/gradcheck.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::graph {
namespace {

using support::batch_of;
using support::hashed_values;

struct Tables {
  at::Tensor type = hashed_values({6, 7}, 100);
  at::Tensor direction = hashed_values({3, 7}, 101);
};

/// Sum of messages by a loop over edges and self-loops: the oracle.
at::Tensor looped_messages(const GraphBatch& batch, const at::Tensor& h, const Tables& tables) {
  at::Tensor out = at::zeros_like(h);
  for (std::int64_t e = 0; e < batch.num_edges(); ++e) {
    const auto k = static_cast<std::size_t>(e);
    out[batch.edge_target[k]] += h[batch.edge_source[k]] + tables.type[batch.edge_features[2 * k]] +
                                 tables.direction[batch.edge_features[2 * k + 1]];
  }
  for (std::int64_t v = 0; v < batch.num_nodes(); ++v) out[v] += h[v] + tables.type[4] + tables.direction[0];
  return out;
}

at::Tensor flow_messages(const FlowLayer& layer, const at::Tensor& h, const Tables& tables) {
  return layer.sources.apply(h) + layer.edge_counts[0].apply(tables.type) +
         layer.edge_counts[1].apply(tables.direction);
}

double message_error(const GraphBatch& batch) {
  const MessageFlow flow = plain_flow(batch, chem_schema(), 2);
  const at::Tensor h = hashed_values({batch.num_nodes(), 7}, 5);
  const Tables tables;
  return (flow_messages(flow.layers[1], h, tables) - looped_messages(batch, h, tables)).abs().max().item<double>();
}

/// Directed edges that occur twice, in one direction only, and from a node to itself.
Graph irregular_graph() {
  Graph graph = support::path_graph(4, 6);
  graph.edge_index = {0, 1, 0, 1, 2, 1, 2, 2};
  graph.edge_features = {0, 1, 0, 1, 3, 2, 5, 0};
  return graph;
}

TEST(PlainFlow, MessagesAgreeWithALoopOverEdges) {
  EXPECT_LT(message_error(batch_of({support::molecule_like_graph(20, 4, 1), support::cycle_graph(6, 2)})), 1e-13);
  EXPECT_LT(message_error(batch_of({support::path_graph(1, 3)})), 1e-13) << "a graph without edges";
  EXPECT_LT(message_error(batch_of({support::path_graph(1, 3), support::path_graph(5, 4), support::path_graph(1, 5)})),
            1e-13)
      << "isolated nodes";
  EXPECT_LT(message_error(batch_of({support::star_graph(1000, 6)})), 1e-11) << "a hub";
  EXPECT_LT(message_error(batch_of({irregular_graph()})), 1e-13) << "duplicate and one-way edges";
}

TEST(PlainFlow, SelfLoopComesAfterTheEdgesInInputOrder) {
  const MessageFlow flow = plain_flow(batch_of({irregular_graph()}), chem_schema(), 2);
  const LinearMap& sources = flow.layers[0].sources;

  EXPECT_EQ(sources.row_ptr(), (std::vector<std::int64_t>{0, 1, 5, 7, 8}));
  EXPECT_EQ(sources.column(), (std::vector<std::int64_t>{0, 0, 0, 2, 1, 2, 2, 3}));
  EXPECT_EQ(flow.layers[0].edge_counts[0].column(), (std::vector<std::int64_t>{4, 0, 3, 4, 4, 5, 4}));
  EXPECT_EQ(flow.layers[0].edge_counts[0].weight(), (std::vector<double>{1, 2, 1, 1, 1, 1, 1}));
}

TEST(PlainFlow, LayersShareTheirMaps) {
  const MessageFlow flow = plain_flow(batch_of({support::cycle_graph(5, 1)}), chem_schema(), 5);

  ASSERT_EQ(flow.layers.size(), 5u);
  EXPECT_EQ(&flow.layers[0].sources.column(), &flow.layers[4].sources.column());
  EXPECT_EQ(&flow.layers[0].edge_counts[1].column(), &flow.layers[4].edge_counts[1].column());
}

TEST(PlainFlow, RowsAreNodesAndGraphsPool) {
  const GraphBatch batch = batch_of({support::path_graph(2, 1), support::path_graph(1, 2), support::path_graph(3, 3)});
  const MessageFlow flow = plain_flow(batch, chem_schema(), 2);
  const at::Tensor rows = hashed_values({6, 4}, 8);

  EXPECT_TRUE(flow.node_rows.is_identity());
  EXPECT_EQ(flow.input.graph, batch.node_to_graph());
  EXPECT_EQ(flow.num_nodes, 6);
  EXPECT_EQ(flow.num_graphs, 3);
  EXPECT_TRUE(flow.graph_sum.apply(rows)[2].allclose(rows.slice(0, 3, 6).sum(0), 0, 1e-14));
  EXPECT_TRUE(flow.graph_mean.apply(rows)[0].allclose(rows.slice(0, 0, 2).mean(0), 0, 1e-14));
  EXPECT_TRUE(flow.graph_mean.apply(rows)[1].equal(rows[2]));
}

TEST(PlainFlow, InputCodesSelectTableRows) {
  const GraphBatch batch = batch_of({support::path_graph(4, 1)});
  const MessageFlow flow = plain_flow(batch, chem_schema(), 2);
  const at::Tensor table = hashed_values({120, 3}, 4);

  for (std::int64_t v = 0; v < 4; ++v)
    EXPECT_TRUE(flow.input_codes[0].apply(table)[v].equal(table[batch.node_features[static_cast<std::size_t>(2 * v)]]));
}

TEST(PlainFlow, RelabellingNodesPermutesTheMessages) {
  const Graph graph = support::molecule_like_graph(9, 2, 11);
  const std::vector<std::int64_t> permutation{4, 7, 0, 8, 2, 1, 6, 3, 5};
  const at::Tensor h = hashed_values({9, 7}, 5);
  const at::Tensor index = at::tensor(permutation);
  at::Tensor moved = at::empty_like(h);
  moved.index_copy_(0, index, h);
  const Tables tables;

  const MessageFlow flow = plain_flow(batch_of({graph}), chem_schema(), 2);
  const MessageFlow relabelled = plain_flow(batch_of({support::relabel(graph, permutation)}), chem_schema(), 2);

  const at::Tensor expected = flow_messages(flow.layers[0], h, tables);
  const at::Tensor actual = flow_messages(relabelled.layers[0], moved, tables).index_select(0, index);
  EXPECT_TRUE(actual.allclose(expected, 0, 1e-14));
}

}  // namespace
}  // namespace graftage::graph
