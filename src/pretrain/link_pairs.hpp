#pragma once

#include "graftage/core/seed.hpp"
#include "graftage/graph/graph_batch.hpp"
#include "graftage/graph/linear_map.hpp"

#include <cstdint>
#include <vector>

namespace graftage::pretrain {

/// How many pairs a child task has.
struct LinkCounts {
  std::int64_t children = 1;
  std::int64_t support = 10;
  std::int64_t query = 5;
};

/// Bonds and non-edges of a shard that one loss is about; pair i stands beside non-edge i. Batch-wide node numbers.
struct LinkSet {
  std::vector<std::int64_t> first, second;                    ///< ends of bonds
  std::vector<std::int64_t> negative_first, negative_second;  ///< ends of non-edges
  std::vector<std::int64_t> child;                            ///< graph * children + child
  std::vector<double> weight;                                 ///< 1 / (children * pairs of this child)
};

struct Links {
  LinkSet support;
  LinkSet query;
  std::vector<bool> has_node_loss;  ///< [B]
};

/// Draws the child tasks of each graph (methods 3.5a): disjoint undirected bonds for support and query, in a graph with
/// fewer than support + query of them the same share of support, at least one each; as many uniform non-edges (no
/// self-pairs, with replacement). A graph with fewer than 3 bonds or without a non-edge has none. Keyed by graph id and
/// child, so a graph's pairs do not depend on its shard.
[[nodiscard]] Links draw_links(const graph::GraphBatch& batch, const LinkCounts& counts,
                               const core::SeedSequence& seed);

/// Mean over the pair endpoints of each child, with multiplicity; over all nodes of the graph where it has no pairs.
/// @return [B * children, N]
[[nodiscard]] graph::LinearMap endpoint_mean(const graph::GraphBatch& batch, const LinkSet& links,
                                             std::int64_t children);

}  // namespace graftage::pretrain
