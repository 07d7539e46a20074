#include "graftage/graph/graph_batch.hpp"

#include "graftage/core/error.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

namespace graftage::graph {
namespace {

using support::batch_of;

std::string refusal(const std::function<void(Graph&)>& damage) {
  Graph graph = support::path_graph(3, 1);
  damage(graph);
  const std::vector<GraphView> views{graph};
  const std::vector<core::GraphId> ids{core::GraphId(41)};
  try {
    (void)collate(views, ids, chem_schema());
  } catch (const core::DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Collate, JoinsGraphsInOrder) {
  const Graph path = support::path_graph(3, 1);
  const Graph atom = support::path_graph(1, 2);
  const Graph cycle = support::cycle_graph(4, 3);

  const GraphBatch batch = batch_of({path, atom, cycle});

  EXPECT_EQ(batch.num_graphs(), 3);
  EXPECT_EQ(batch.node_ptr, (std::vector<std::int64_t>{0, 3, 4, 8}));
  EXPECT_EQ(batch.edge_ptr, (std::vector<std::int64_t>{0, 4, 4, 12}));
  EXPECT_EQ(batch.node_to_graph(), (std::vector<std::int64_t>{0, 0, 0, 1, 2, 2, 2, 2}));
  EXPECT_EQ(batch.edge_source, (std::vector<std::int64_t>{0, 1, 1, 2, 4, 5, 5, 6, 6, 7, 7, 4}));
  EXPECT_EQ(batch.edge_target, (std::vector<std::int64_t>{1, 0, 2, 1, 5, 4, 6, 5, 7, 6, 4, 7}));
  EXPECT_EQ(batch.node_features.size(), 16u);
  EXPECT_EQ(batch.node_features[8], cycle.node_features[0]);
  EXPECT_EQ(batch.edge_features[8], cycle.edge_features[0]);
  EXPECT_FALSE(batch.labels.defined());
}

TEST(Collate, CarriesLabelsAndTheirMask) {
  Graph a = support::path_graph(2, 1);
  Graph b = support::path_graph(3, 2);
  a.labels = {1.0f, 0.5f};
  a.label_mask = {1, 0};
  b.labels = {0.0f, 2.0f};
  b.label_mask = {1, 1};

  const GraphBatch batch = batch_of({a, b});

  EXPECT_TRUE(batch.labels.equal(at::tensor({1.0f, 0.5f, 0.0f, 2.0f}).view({2, 2})));
  EXPECT_TRUE(batch.label_mask.equal(at::tensor({1, 0, 1, 1}).view({2, 2}).to(at::kBool)));
}

TEST(Collate, EmptyBatchHasNoGraphs) {
  const GraphBatch batch = batch_of({});

  EXPECT_EQ(batch.num_graphs(), 0);
  EXPECT_EQ(batch.num_nodes(), 0);
}

TEST(Collate, NamesGraphAndColumnOfBadData) {
  const std::string code = refusal([](Graph& g) { g.node_features[3] = 3; });
  EXPECT_NE(code.find("graph 41 [chirality]"), std::string::npos) << code;
  EXPECT_NE(code.find("node 1 has code 3, allowed are 0 to 2"), std::string::npos) << code;
  const std::string bond = refusal([](Graph& g) { g.edge_features[2] = 6; });
  EXPECT_NE(bond.find("graph 41 [bond_type]: edge 1 has code 6"), std::string::npos) << bond;
  const std::string edge = refusal([](Graph& g) { g.edge_index[5] = 3; });
  EXPECT_NE(edge.find("edge 2 joins nodes 1 and 3 of 3"), std::string::npos) << edge;
  EXPECT_NE(refusal([](Graph& g) { g.edge_index[0] = -1; }), "");
  EXPECT_NE(refusal([](Graph& g) { g.edge_index.pop_back(); }), "");
  EXPECT_NE(refusal([](Graph& g) { g.node_features.pop_back(); }), "");
  EXPECT_NE(refusal([](Graph& g) { g.edge_features.pop_back(); }), "");
  EXPECT_NE(refusal([](Graph& g) { g.num_nodes = -1; }), "");
  EXPECT_NE(refusal([](Graph& g) { g.labels = {1.0f}; }), "");
}

TEST(Collate, DifferentNumbersOfLabelsAreRefused) {
  Graph a = support::path_graph(2, 1);
  a.labels = {1.0f};
  a.label_mask = {1};

  EXPECT_THROW((void)batch_of({a, support::path_graph(2, 1)}), core::DataError);
}

}  // namespace
}  // namespace graftage::graph
