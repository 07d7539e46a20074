#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace graftage::graph {

/// One graph in host memory. Directed edges; an undirected bond is two consecutive edges (2k, 2k+1).
struct Graph {
  std::int64_t num_nodes = 0;
  std::vector<std::uint16_t> node_features;  ///< [N, Fn] row-major codes
  std::vector<std::int32_t> edge_index;      ///< [E, 2] row-major: source, target (local node numbers)
  std::vector<std::uint16_t> edge_features;  ///< [E, Fe] row-major codes
  std::vector<float> labels;                 ///< [T]; empty when the corpus has none
  std::vector<std::uint8_t> label_mask;      ///< [T] 1 = present
  [[nodiscard]] std::int64_t num_edges() const { return static_cast<std::int64_t>(edge_index.size() / 2); }
};

/// Read-only view of a graph that lives in a block of a corpus.
struct GraphView {
  std::int64_t num_nodes = 0;
  std::span<const std::uint16_t> node_features;
  std::span<const std::int32_t> edge_index;
  std::span<const std::uint16_t> edge_features;
  std::span<const float> labels;
  std::span<const std::uint8_t> label_mask;
  GraphView() = default;
  GraphView(const Graph& g)  // NOLINT: a graph is usable wherever a view is
      : num_nodes(g.num_nodes),
        node_features(g.node_features),
        edge_index(g.edge_index),
        edge_features(g.edge_features),
        labels(g.labels),
        label_mask(g.label_mask) {}
  [[nodiscard]] std::int64_t num_edges() const { return static_cast<std::int64_t>(edge_index.size() / 2); }
};

}  // namespace graftage::graph
