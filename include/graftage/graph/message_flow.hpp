#pragma once

#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph_batch.hpp"
#include "graftage/graph/linear_map.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::graph {

/// plain: one row per node. merged: equal rows are computed once; the same loss and gradients in real numbers.
enum class FlowKind { Merged, Plain };
std::vector<std::string> enum_names(const FlowKind*);

/// The nodes among which equal rows are merged: all of a batch, or those of one graph (where weights differ per graph).
enum class MergeScope { Batch, Graph };

/// The rows that one layer of a flow computes.
struct FlowRows {
  std::int64_t size = 0;              ///< U
  std::vector<double> multiplicity;   ///< [U] nodes each row stands for; empty = one each
  std::vector<std::int64_t> of_node;  ///< [N] row of each node; empty = row u is node u
  std::vector<std::int64_t> graph;    ///< [U] graph of each row; empty if rows of several graphs were merged
};

/// One layer of a message flow: U rows computed from the U' rows of the layer below.
struct FlowLayer {
  LinearMap sources;  ///< [U, U'] ones: neighbours and the row itself (self-loop)
  std::vector<LinearMap>
      edge_counts;  ///< per edge column: [U, cardinality] how often each code occurs, self-loop included
  FlowRows rows;
  /// [U, U'] the row below of the same nodes; only where the flow was asked to keep it (jumping knowledge).
  LinearMap below;
  /// [N, U] back to one row per node after this layer's activation, where dropout begins; undefined = go on as it is.
  LinearMap expand;
};

/// What an encoder really computes on. Layers, normalisation and readout see only this type.
struct MessageFlow {
  std::vector<LinearMap> input_codes;  ///< per node column: [U0, cardinality] one-hot
  FlowRows input;
  std::vector<FlowLayer> layers;  ///< L of them
  LinearMap node_rows;            ///< [N, U_L]: node embedding = its row
  LinearMap graph_mean;           ///< [B, U_L]: mean over a graph's nodes
  LinearMap graph_sum;            ///< [B, U_L]
  std::int64_t num_nodes = 0;
  std::int64_t num_graphs = 0;
};

struct FlowOptions {
  std::int64_t num_layers = 5;
  FlowKind kind = FlowKind::Merged;
  MergeScope scope = MergeScope::Batch;
  /// Merged layers before the first one that has a row per node again; dropout needs 1. -1 = all.
  std::int64_t merged_layers = -1;
  bool keep_below = false;  ///< fill FlowLayer::below, for encoders that join the outputs of all layers
};

/// The flow of a batch for an encoder whose layers sum over neighbours, codes and the node itself.
///
/// A merged row stands for all nodes with the same sum: the same multiset of rows below (itself included) and the same
/// edge code counts (Weisfeiler-Leman colours without the pairing of neighbour and edge, which a sum does not see;
/// performance 2.1). Rows are compared by content, hashes only find candidates. Rows are in the order of their first
/// node, whose neighbours' order is the order of summation, so a batch always gives the same bits.
[[nodiscard]] MessageFlow make_flow(const GraphBatch& batch, const FeatureSchema& schema, const FlowOptions& options);

/// Builds the transposed maps that a first derivative reads now, in the thread that loads, instead of in its backward
/// pass.
void prepare_gradients(const MessageFlow& flow);

/// One row per node in each of `num_layers` layers, rows below kept: the reference, for every encoder.
[[nodiscard]] MessageFlow plain_flow(const GraphBatch& batch, const FeatureSchema& schema, std::int64_t num_layers);

}  // namespace graftage::graph
