#pragma once

#include "graftage/graph/graph_batch.hpp"
#include "graftage/graph/message_flow.hpp"
#include "pretrain/l2p_gin.hpp"
#include "pretrain/link_pairs.hpp"
#include "pretrain/pair_loss.hpp"

#include <cstdint>
#include <vector>

namespace graftage::pretrain {

/// Consecutive graphs of a shard whose adaptation is computed together, everything numbered within the piece.
struct L2pPiece {
  std::int64_t first_graph = 0;
  std::int64_t num_graphs = 0;
  graph::MessageFlow flow;              ///< rows merge within a graph only
  std::vector<GraphRows> rows;          ///< [L + 1] of the input and each layer
  std::vector<std::int64_t> first_row;  ///< [L] of each layer among the rows of all pieces
  PairLoss support;                     ///< node level, on the rows of the last layer
  PairLoss query;
  /// Graph level: for each graph its child tasks' means, the mean over all nodes, and "another graph".
  graph::LinearMap support_rows;  ///< [B (children + 2), U_L + B] from rows of the last layer, then the other graphs'
  graph::LinearMap query_rows;
  PairLoss agreement;
  at::Tensor graph_ptr;  ///< [B + 1] int64, rows of each graph among support_rows
};

/// All about a virtual shard that does not depend on weights.
struct L2pShard {
  graph::MessageFlow flow;  ///< of the first pass, which all graphs share
  std::vector<L2pPiece> pieces;
  std::vector<graph::LinearMap> piece_rows;  ///< [L] [rows of all pieces, U] rows of the first pass
  graph::LinearMap others;                   ///< [B, B] the next graph
  std::int64_t num_graphs = 0;
  std::int64_t num_with_node_loss = 0;
};

struct L2pShardOptions {
  graph::FlowKind flow = graph::FlowKind::Merged;
  std::int64_t children = 1;
  std::int64_t node_budget = 2048;  ///< nodes of a piece, unless one graph has more
};

/// @pre at least two graphs
[[nodiscard]] L2pShard prepare_l2p(const nn::Encoder& encoder, const graph::GraphBatch& batch, const Links& links,
                                   const L2pShardOptions& options);

}  // namespace graftage::pretrain
