#pragma once

#include "graftage/train/learning_task.hpp"
#include "pretrain/l2p_shard.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace graftage::pretrain {

/// Whether the outer gradient differentiates through the inner one.
enum class MetaOrder { Second, First };
std::vector<std::string> enum_names(const MetaOrder*);

struct L2pSteps {
  double rate_node = 1e-6;
  double rate_graph = 1e-3;
  std::int64_t count = 1;
  MetaOrder order = MetaOrder::Second;
};

/// All a loss is a function of; float32 or float64.
struct L2pWeights {
  nn::Parameters encoder;  ///< psi, names without prefix
  nn::Parameters pooling;  ///< omega: "pool.weight" [D, D], h_G = mean of node rows times the transpose
  graph::MatmulPrecision precision = graph::MatmulPrecision::Float32;  ///< of products with weights of either kind
};

/// Outer loss of one virtual shard in paper mode (Lu et al. 2021; settled in methods 3.5a): the sum over graphs of
/// L_node(query) with psi'_G plus L_graph(query) with omega'_G, differentiable (once) with respect to `weights`.
///
/// Statistics of BatchNorm come from the forward pass with psi over the shard. They are constants of the inner
/// gradient, are used again in the adapted passes, and are differentiated in the outer gradient. That pass is shared;
/// the rest is computed piece by piece, and each piece's gradient with respect to weights and to what it takes from the
/// shared pass right after its loss, so that memory holds the rows of one piece.
[[nodiscard]] train::ShardLoss l2p_loss(const nn::Encoder& encoder, const L2pWeights& weights, const L2pShard& shard,
                                        const L2pSteps& steps);

}  // namespace graftage::pretrain
