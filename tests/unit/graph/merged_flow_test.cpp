#include "graftage/graph/message_flow.hpp"
#include "graph/row_table.hpp"
#include "support/gradcheck.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <string>

namespace graftage::graph {
namespace {

/// Molecule-like graphs with few atom and bond codes, one of them twice: plenty of equal neighbourhoods.
GraphBatch repetitive_batch() {
  std::vector<Graph> graphs;
  for (const std::uint64_t seed : {1, 2, 3, 1}) {
    Graph graph = support::molecule_like_graph(14, 1, seed);
    for (std::uint16_t& code : graph.node_features) code = code % 2;
    for (std::uint16_t& code : graph.edge_features) code = code % 2;
    graphs.push_back(graph);
  }
  return support::batch_of(graphs);
}

/// What a node's row is a function of after `depth` layers, written out: the sum's multiset of the same one layer
/// below, and the edge codes around it.
std::string unfolding(const GraphBatch& batch, std::int64_t node, std::int64_t depth, bool keep_below) {
  const auto v = static_cast<std::size_t>(node);
  if (depth == 0)
    return std::to_string(batch.node_features[2 * v]) + "," + std::to_string(batch.node_features[2 * v + 1]);
  std::vector<std::string> members = {unfolding(batch, node, depth - 1, keep_below)};
  const std::string own = keep_below ? members[0] : "";
  std::vector<std::int64_t> codes[2];
  for (std::size_t e = 0; e < batch.edge_target.size(); ++e) {
    if (batch.edge_target[e] != node) continue;
    members.push_back(unfolding(batch, batch.edge_source[e], depth - 1, keep_below));
    for (std::size_t c = 0; c < 2; ++c) codes[c].push_back(batch.edge_features[2 * e + c]);
  }
  std::sort(members.begin(), members.end());
  std::string text = "(" + own + "|";
  for (const std::string& member : members) text += member + ";";
  for (std::vector<std::int64_t>& column : codes) {
    std::sort(column.begin(), column.end());
    text += "/";
    for (const std::int64_t code : column) text += std::to_string(code);
  }
  return text + ")";
}

struct MergeCase {
  MergeScope scope;
  bool keep_below;
};

class MergedFlow : public testing::TestWithParam<MergeCase> {};
INSTANTIATE_TEST_SUITE_P(Scopes, MergedFlow,
                         testing::Values(MergeCase{MergeScope::Batch, false}, MergeCase{MergeScope::Graph, false},
                                         MergeCase{MergeScope::Batch, true}));

TEST_P(MergedFlow, HasOneRowPerDistinctUnfolding) {
  const GraphBatch batch = repetitive_batch();
  const std::vector<std::int64_t> node_graph = batch.node_to_graph();
  const FlowOptions options{.num_layers = 3, .scope = GetParam().scope, .keep_below = GetParam().keep_below};
  const MessageFlow flow = make_flow(batch, chem_schema(), options);

  for (std::int64_t depth = 0; depth <= 3; ++depth) {
    const FlowRows& rows = depth == 0 ? flow.input : flow.layers[static_cast<std::size_t>(depth - 1)].rows;
    std::map<std::string, std::set<std::int64_t>> rows_of_unfolding;
    std::vector<double> nodes_of_row(static_cast<std::size_t>(rows.size));
    ASSERT_EQ(rows.of_node.size(), static_cast<std::size_t>(batch.num_nodes()));
    for (std::int64_t v = 0; v < batch.num_nodes(); ++v) {
      const auto node = static_cast<std::size_t>(v);
      std::string key = unfolding(batch, v, depth, options.keep_below);
      if (options.scope == MergeScope::Graph) {
        key += " of graph " + std::to_string(node_graph[node]);
        EXPECT_EQ(rows.graph[static_cast<std::size_t>(rows.of_node[node])], node_graph[node]);
      }
      rows_of_unfolding[key].insert(rows.of_node[node]);
      nodes_of_row[static_cast<std::size_t>(rows.of_node[node])] += 1.0;
    }
    EXPECT_EQ(rows_of_unfolding.size(), static_cast<std::size_t>(rows.size)) << "depth " << depth;
    for (const auto& [key, found] : rows_of_unfolding) EXPECT_EQ(found.size(), 1u) << key;
    EXPECT_EQ(rows.multiplicity, nodes_of_row);
  }
  EXPECT_LT(flow.layers[0].rows.size, batch.num_nodes());
}

TEST_P(MergedFlow, MapsAreThoseOfThePlainFlow) {
  const GraphBatch batch = repetitive_batch();
  const FlowOptions options{.num_layers = 3, .scope = GetParam().scope, .keep_below = GetParam().keep_below};
  const MessageFlow merged = make_flow(batch, chem_schema(), options);
  const MessageFlow plain = plain_flow(batch, chem_schema(), 3);
  const auto to_nodes = [](const FlowRows& rows) { return LinearMap::gather(rows.size, rows.of_node); };

  // Values that depend on the row only, brought to the nodes and taken through the plain flow.
  for (std::size_t l = 0; l < 3; ++l) {
    const FlowRows& below = l == 0 ? merged.input : merged.layers[l - 1].rows;
    const FlowLayer& layer = merged.layers[l];
    const at::Tensor x = support::hashed_values({below.size, 3}, 7);
    EXPECT_TRUE(at::allclose(to_nodes(layer.rows).apply(layer.sources.apply(x)),
                             plain.layers[l].sources.apply(to_nodes(below).apply(x)), 0, 1e-14));
    for (std::size_t c = 0; c < 2; ++c) {
      const at::Tensor table = support::hashed_values({layer.edge_counts[c].columns(), 3}, 8);
      EXPECT_TRUE(at::equal(to_nodes(layer.rows).apply(layer.edge_counts[c].apply(table)),
                            plain.layers[l].edge_counts[c].apply(table)));
    }
    if (options.keep_below) {
      EXPECT_TRUE(at::equal(to_nodes(layer.rows).apply(layer.below.apply(x)), to_nodes(below).apply(x)));
    }
  }
  const at::Tensor last = support::hashed_values({merged.layers[2].rows.size, 3}, 9);
  const at::Tensor nodes = merged.node_rows.apply(last);
  EXPECT_TRUE(at::equal(nodes, to_nodes(merged.layers[2].rows).apply(last)));
  EXPECT_TRUE(at::allclose(merged.graph_mean.apply(last), plain.graph_mean.apply(nodes), 0, 1e-14));
  EXPECT_TRUE(at::allclose(merged.graph_sum.apply(last), plain.graph_sum.apply(nodes), 0, 1e-14));
}

TEST(MergedFlowEnds, WhereARowPerNodeIsAskedFor) {
  const GraphBatch batch = repetitive_batch();
  const MessageFlow flow = make_flow(batch, chem_schema(), {.num_layers = 3, .merged_layers = 1});

  EXPECT_LT(flow.layers[0].rows.size, batch.num_nodes());
  EXPECT_EQ(flow.layers[0].expand.rows(), batch.num_nodes());
  EXPECT_EQ(flow.layers[0].expand.columns(), flow.layers[0].rows.size);
  for (const std::size_t l : {1u, 2u}) {
    EXPECT_EQ(flow.layers[l].rows.size, batch.num_nodes());
    EXPECT_FALSE(flow.layers[l].expand.is_defined());
    EXPECT_TRUE(flow.layers[l].rows.multiplicity.empty());
  }
  EXPECT_TRUE(flow.node_rows.is_identity());
}

TEST(MergedFlowRefinement, RowsWithinGraphsRefineThoseOfTheBatch) {
  const GraphBatch batch = repetitive_batch();
  const MessageFlow coarse = make_flow(batch, chem_schema(), {.num_layers = 3, .scope = MergeScope::Batch});
  const MessageFlow fine = make_flow(batch, chem_schema(), {.num_layers = 3, .scope = MergeScope::Graph});

  for (std::size_t l = 0; l < 3; ++l) {
    std::map<std::int64_t, std::set<std::int64_t>> coarse_of_fine;
    for (std::size_t v = 0; v < static_cast<std::size_t>(batch.num_nodes()); ++v)
      coarse_of_fine[fine.layers[l].rows.of_node[v]].insert(coarse.layers[l].rows.of_node[v]);
    for (const auto& [row, found] : coarse_of_fine) EXPECT_EQ(found.size(), 1u) << "layer " << l << " row " << row;
    EXPECT_GT(fine.layers[l].rows.size, coarse.layers[l].rows.size);
  }
}

TEST(RowTable, TellsContentsApartHoweverManyThereAre) {
  detail::RowTable table(1);  // grows many times, and its slots collide
  std::map<std::array<std::uint32_t, 2>, std::int64_t> expected;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    const std::array<std::uint32_t, 2> words = {(i * 7919u) % 150u, (i * 104729u) % 101u};
    const auto [place, fresh] = expected.try_emplace(words, static_cast<std::int64_t>(expected.size()));
    ASSERT_EQ(table.number(words), place->second);
  }
  EXPECT_EQ(table.size(), static_cast<std::int64_t>(expected.size()));
  const std::int64_t before = table.size();
  EXPECT_EQ(table.number(std::array<std::uint32_t, 1>{3}), before);  // a prefix is another content
}

}  // namespace
}  // namespace graftage::graph
