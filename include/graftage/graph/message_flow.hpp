#pragma once

#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph_batch.hpp"
#include "graftage/graph/linear_map.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace graftage::graph {

/// One layer of a message flow: U rows computed from the U' rows of the layer below.
struct FlowLayer {
  LinearMap sources;  ///< [U, U'] ones: neighbours and the row itself (self-loop)
  std::vector<LinearMap>
      edge_counts;  ///< per edge column: [U, cardinality] how often each code occurs, self-loop included
  std::vector<double> multiplicity;  ///< [U] nodes each row stands for; empty = one each
};

/// What an encoder really computes on. The plain flow has one row per node in every layer; a merged flow (performance
/// 2.1) has one row per distinct k-hop neighbourhood. Layers, normalisation and readout see only this type.
struct MessageFlow {
  std::vector<LinearMap> input_codes;      ///< per node column: [U0, cardinality] one-hot
  std::vector<FlowLayer> layers;           ///< L of them
  std::vector<double> input_multiplicity;  ///< [U0]; empty = one each
  LinearMap node_rows;                     ///< [N, U_L]: node embedding = its row
  LinearMap graph_mean;                    ///< [B, U_L]: mean over a graph's nodes
  LinearMap graph_sum;                     ///< [B, U_L]
  /// [U] graph of each row if every row belongs to one graph (the same in all layers), as in the plain flow; else
  /// empty.
  std::vector<std::int64_t> row_graph;
  std::int64_t num_nodes = 0;
  std::int64_t num_graphs = 0;
};

/// One row per node in each of `num_layers` layers.
[[nodiscard]] MessageFlow plain_flow(const GraphBatch& batch, const FeatureSchema& schema, std::int64_t num_layers);

}  // namespace graftage::graph
