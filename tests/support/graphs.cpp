#include "support/graphs.hpp"

#include "graftage/core/seed.hpp"

#include <algorithm>

namespace graftage::support {

namespace {

using Bonds = std::vector<std::pair<std::int32_t, std::int32_t>>;

std::uint16_t draw(core::RandomStream& stream, std::uint64_t bound) {
  return static_cast<std::uint16_t>(stream.below(bound));
}

}  // namespace

graph::Graph graph_of_bonds(std::int64_t num_nodes, const Bonds& bonds, std::uint64_t seed) {
  core::RandomStream stream = core::SeedSequence(seed).child("graph features").stream();
  graph::Graph graph;
  graph.num_nodes = num_nodes;
  for (std::int64_t v = 0; v < num_nodes; ++v) {
    graph.node_features.push_back(draw(stream, 20));
    graph.node_features.push_back(draw(stream, 3));
  }
  for (const auto& [a, b] : bonds) {
    const std::uint16_t type = draw(stream, 4);
    const std::uint16_t direction = draw(stream, 3);
    graph.edge_index.insert(graph.edge_index.end(), {a, b, b, a});
    graph.edge_features.insert(graph.edge_features.end(), {type, direction, type, direction});
  }
  return graph;
}

graph::Graph path_graph(std::int64_t num_nodes, std::uint64_t seed) {
  Bonds bonds;
  for (std::int32_t v = 1; v < num_nodes; ++v) bonds.emplace_back(v - 1, v);
  return graph_of_bonds(num_nodes, bonds, seed);
}

graph::Graph cycle_graph(std::int64_t num_nodes, std::uint64_t seed) {
  Bonds bonds;
  for (std::int32_t v = 0; v < num_nodes; ++v) bonds.emplace_back(v, static_cast<std::int32_t>((v + 1) % num_nodes));
  return graph_of_bonds(num_nodes, bonds, seed);
}

graph::Graph star_graph(std::int64_t num_nodes, std::uint64_t seed) {
  Bonds bonds;
  for (std::int32_t v = 1; v < num_nodes; ++v) bonds.emplace_back(0, v);
  return graph_of_bonds(num_nodes, bonds, seed);
}

graph::Graph molecule_like_graph(std::int64_t num_nodes, std::int64_t extra_bonds, std::uint64_t seed) {
  core::RandomStream stream = core::SeedSequence(seed).child("graph shape").stream();
  Bonds bonds;
  for (std::int32_t v = 1; v < num_nodes; ++v)
    bonds.emplace_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(v))), v);
  for (std::int64_t i = 0; i < extra_bonds; ++i) {
    const auto a = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(num_nodes)));
    const auto b = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(num_nodes)));
    const std::pair<std::int32_t, std::int32_t> bond{std::min(a, b), std::max(a, b)};
    if (a != b && std::find(bonds.begin(), bonds.end(), bond) == bonds.end()) bonds.push_back(bond);
  }
  return graph_of_bonds(num_nodes, bonds, seed);
}

graph::Graph relabel(const graph::Graph& graph, const std::vector<std::int64_t>& permutation) {
  graph::Graph result = graph;
  const std::size_t width = graph.node_features.size() / static_cast<std::size_t>(graph.num_nodes);
  for (std::size_t v = 0; v < permutation.size(); ++v)
    for (std::size_t c = 0; c < width; ++c)
      result.node_features[static_cast<std::size_t>(permutation[v]) * width + c] = graph.node_features[v * width + c];
  for (std::int32_t& node : result.edge_index)
    node = static_cast<std::int32_t>(permutation[static_cast<std::size_t>(node)]);
  return result;
}

graph::GraphBatch batch_of(const std::vector<graph::Graph>& graphs) {
  const std::vector<graph::GraphView> views(graphs.begin(), graphs.end());
  std::vector<core::GraphId> ids;
  for (std::size_t g = 0; g < graphs.size(); ++g) ids.emplace_back(static_cast<std::int64_t>(g));
  return graph::collate(views, ids, graph::chem_schema());
}

}  // namespace graftage::support
