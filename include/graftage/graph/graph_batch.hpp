#pragma once

#include "graftage/core/index.hpp"
#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace graftage::graph {

/// Disjoint union of B graphs on the host: N nodes, E directed edges, T targets. Self-loops are not included.
struct GraphBatch {
  std::vector<core::GraphId> ids;           ///< [B]
  std::vector<std::int64_t> node_ptr;       ///< [B + 1]
  std::vector<std::int64_t> edge_ptr;       ///< [B + 1]
  std::vector<std::int64_t> node_features;  ///< [N, Fn] codes, row-major
  std::vector<std::int64_t> edge_source;    ///< [E] batch-wide node numbers
  std::vector<std::int64_t> edge_target;    ///< [E]
  std::vector<std::int64_t> edge_features;  ///< [E, Fe] codes, row-major
  at::Tensor labels;                        ///< [B, T] float32, undefined without labels
  at::Tensor label_mask;                    ///< [B, T] bool

  [[nodiscard]] std::int64_t num_graphs() const { return static_cast<std::int64_t>(node_ptr.size()) - 1; }
  [[nodiscard]] std::int64_t num_nodes() const { return node_ptr.back(); }
  [[nodiscard]] std::int64_t num_edges() const { return edge_ptr.back(); }
  /// [N] graph of each node, ascending.
  [[nodiscard]] std::vector<std::int64_t> node_to_graph() const;
};

/// Joins graphs in the order given. @throws DataError for codes outside the schema or edges outside their graph
[[nodiscard]] GraphBatch collate(std::span<const GraphView> graphs, std::span<const core::GraphId> ids,
                                 const FeatureSchema& schema);

}  // namespace graftage::graph
