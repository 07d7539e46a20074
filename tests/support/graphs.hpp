#pragma once

#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph.hpp"
#include "graftage/graph/graph_batch.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace graftage::support {

/// Graph over undirected bonds, each stored as two consecutive directed edges with the same codes. Codes are drawn from
/// `seed` within the schema, without the self-loop and mask codes of the chem schema.
[[nodiscard]] graph::Graph graph_of_bonds(std::int64_t num_nodes,
                                          const std::vector<std::pair<std::int32_t, std::int32_t>>& bonds,
                                          std::uint64_t seed);
/// n nodes in a line; path_graph(1, seed) is a single atom without edges.
[[nodiscard]] graph::Graph path_graph(std::int64_t num_nodes, std::uint64_t seed);
[[nodiscard]] graph::Graph cycle_graph(std::int64_t num_nodes, std::uint64_t seed);
/// Node 0 joined to each of the others.
[[nodiscard]] graph::Graph star_graph(std::int64_t num_nodes, std::uint64_t seed);
/// A random tree plus up to `extra_bonds` ring closures: the shape of a molecule.
[[nodiscard]] graph::Graph molecule_like_graph(std::int64_t num_nodes, std::int64_t extra_bonds, std::uint64_t seed);
/// Node v becomes permutation[v]; the order of the edges stays.
[[nodiscard]] graph::Graph relabel(const graph::Graph& graph, const std::vector<std::int64_t>& permutation);
/// Joins graphs under the chem schema; ids are 0, 1, 2, ...
[[nodiscard]] graph::GraphBatch batch_of(const std::vector<graph::Graph>& graphs);

}  // namespace graftage::support
