#include "pretrain/link_pairs.hpp"

#include "support/graphs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace graftage::pretrain {
namespace {

using Pair = std::pair<std::int64_t, std::int64_t>;

std::set<Pair> bonds(const graph::GraphBatch& batch) {
  std::set<Pair> result;
  for (std::size_t e = 0; e < batch.edge_source.size(); ++e)
    result.insert(std::minmax({batch.edge_source[e], batch.edge_target[e]}));
  return result;
}

std::size_t count_of(const LinkSet& set, std::int64_t child) {
  return static_cast<std::size_t>(std::count(set.child.begin(), set.child.end(), child));
}

TEST(LinkPairs, SupportAndQueryAreDisjointBondsAndNegativesAreNot) {
  std::vector<graph::Graph> graphs;
  for (std::uint64_t i = 0; i < 20; ++i) graphs.push_back(support::molecule_like_graph(20, 3, i));
  const auto batch = support::batch_of(graphs);
  const auto known = bonds(batch);
  const auto owner = batch.node_to_graph();

  const Links links = draw_links(batch, {3, 10, 5}, core::SeedSequence(1));

  for (std::int64_t child = 0; child < 60; ++child) {
    EXPECT_EQ(count_of(links.support, child), 10u);
    EXPECT_EQ(count_of(links.query, child), 5u);
  }
  std::set<std::pair<std::int64_t, Pair>> seen;  // (child, bond): no bond twice in support and query together
  for (const LinkSet* set : {&links.support, &links.query})
    for (std::size_t i = 0; i < set->child.size(); ++i) {
      const Pair bond = std::minmax({set->first[i], set->second[i]});
      EXPECT_TRUE(known.contains(bond));
      EXPECT_TRUE(seen.insert({set->child[i], bond}).second);
      const Pair negative = std::minmax({set->negative_first[i], set->negative_second[i]});
      EXPECT_NE(negative.first, negative.second);
      EXPECT_FALSE(known.contains(negative));
      for (const auto node : {bond.first, negative.first, negative.second})
        EXPECT_EQ(owner[static_cast<std::size_t>(node)], set->child[i] / 3);
      EXPECT_DOUBLE_EQ(set->weight[i], 1.0 / (3.0 * (set == &links.support ? 10.0 : 5.0)));
    }
}

TEST(LinkPairs, SmallGraphsTakeTwoThirdsForSupport) {
  for (std::int64_t n = 3; n <= 15; ++n) {
    const Links links =
        draw_links(support::batch_of({support::path_graph(n + 1, 1)}), {1, 10, 5}, core::SeedSequence(1));
    const std::int64_t expected = std::max<std::int64_t>(1, 2 * n / 3);
    EXPECT_EQ(static_cast<std::int64_t>(links.support.first.size()), expected) << n;
    EXPECT_EQ(static_cast<std::int64_t>(links.query.first.size()), n - expected) << n;
  }
}

TEST(LinkPairs, FewerThanThreeBondsOrNoNonEdgeMeansNoNodeLoss) {
  const auto complete = support::graph_of_bonds(4, {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}}, 1);
  const Links links = draw_links(support::batch_of({support::path_graph(3, 1), support::cycle_graph(3, 1), complete,
                                                    support::path_graph(1, 1), support::path_graph(4, 1)}),
                                 {1, 10, 5}, core::SeedSequence(1));

  EXPECT_EQ(links.has_node_loss, (std::vector<bool>{false, false, false, false, true}));
  for (const auto child : links.support.child) EXPECT_EQ(child, 4);
}

TEST(LinkPairs, TheOnlyNonEdgeOfADenseGraphIsFound) {
  const auto nearly_complete = support::graph_of_bonds(4, {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}}, 1);
  const Links links = draw_links(support::batch_of({nearly_complete}), {1, 10, 5}, core::SeedSequence(1));

  ASSERT_EQ(links.support.first.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(links.support.negative_first[i], 2);
    EXPECT_EQ(links.support.negative_second[i], 3);
  }
}

TEST(LinkPairs, NonEdgesAreUniform) {
  std::map<Pair, int> counts;  // a path of five nodes has six non-edges
  for (std::uint64_t s = 0; s < 2000; ++s) {
    const Links links = draw_links(support::batch_of({support::path_graph(5, 1)}), {1, 2, 1}, core::SeedSequence(s));
    for (const LinkSet* set : {&links.support, &links.query})
      for (std::size_t i = 0; i < set->child.size(); ++i) ++counts[{set->negative_first[i], set->negative_second[i]}];
  }
  EXPECT_EQ(counts.size(), 6u);
  for (const auto& [pair, count] : counts) EXPECT_NEAR(count, 1000, 150) << pair.first << "-" << pair.second;
}

TEST(LinkPairs, DependOnTheGraphsIdAndNotOnItsShard) {
  const auto a = support::molecule_like_graph(12, 2, 1);
  const auto b = support::molecule_like_graph(17, 2, 2);
  auto pair = support::batch_of({a, b});
  auto alone = support::batch_of({b});
  alone.ids = {pair.ids[1]};

  const Links together = draw_links(pair, {1, 10, 5}, core::SeedSequence(1));
  const Links single = draw_links(alone, {1, 10, 5}, core::SeedSequence(1));

  const std::size_t offset = together.support.first.size() - single.support.first.size();
  for (std::size_t i = 0; i < single.support.first.size(); ++i) {
    EXPECT_EQ(together.support.first[offset + i], single.support.first[i] + 12);
    EXPECT_EQ(together.support.negative_second[offset + i], single.support.negative_second[i] + 12);
  }
}

TEST(LinkPairs, EndpointMeanCountsMultiplicityAndFallsBackToAllNodes) {
  const auto batch = support::batch_of({support::star_graph(5, 1), support::path_graph(2, 1)});
  const Links links = draw_links(batch, {1, 2, 1}, core::SeedSequence(1));
  const auto mean = endpoint_mean(batch, links.support, 1);

  ASSERT_EQ(mean.rows(), 2);
  std::map<std::int64_t, double> weight;
  for (auto k = mean.row_ptr()[0]; k < mean.row_ptr()[1]; ++k)
    weight[mean.column()[static_cast<std::size_t>(k)]] += mean.weight()[static_cast<std::size_t>(k)];
  EXPECT_DOUBLE_EQ(weight[0], 0.5);  // the centre is an end of both bonds
  EXPECT_EQ(mean.row_ptr()[2] - mean.row_ptr()[1], 2);
  EXPECT_DOUBLE_EQ(mean.weight().back(), 0.5);
}

}  // namespace
}  // namespace graftage::pretrain
