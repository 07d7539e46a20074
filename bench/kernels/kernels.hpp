#pragma once

#include "graftage/core/seed.hpp"
#include "graftage/graph/graph_batch.hpp"
#include "graftage/graph/message_flow.hpp"

#include <vector>

namespace graftage::bench {

/// Graphs with the sizes and degrees of drug-like molecules: six-rings joined by chains, atoms of a few types.
[[nodiscard]] std::vector<graph::Graph> synthetic_graphs(std::int64_t count);
[[nodiscard]] graph::GraphBatch synthetic_batch(std::int64_t count);

void register_operators();
void register_feeding();

}  // namespace graftage::bench
