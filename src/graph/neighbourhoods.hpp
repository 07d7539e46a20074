#pragma once

#include "graftage/graph/feature_schema.hpp"
#include "graftage/graph/graph_batch.hpp"
#include "graph/csr.hpp"

#include <vector>

namespace graftage::graph::detail {

/// What the nodes of a batch sum over in every layer.
struct Neighbourhoods {
  Csr members;                   ///< [N, N] sources of incoming edges in input order, then the node itself
  std::vector<Csr> edge_counts;  ///< per edge column: [N, cardinality] with the self-loop; codes ascending
};
[[nodiscard]] Neighbourhoods neighbourhoods(const GraphBatch& batch, const FeatureSchema& schema);

}  // namespace graftage::graph::detail
