// L2P-GNN in paper mode against a plain torch program (tests/oracles/l2p.py) with the same weights and pairs, in
// float64.

#include "graftage/graph/graph.hpp"
#include "pretrain/l2p.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace graftage::pretrain {
namespace {

using Json = nlohmann::json;

at::Tensor tensor_of(const Json& values) {
  if (!values[0].is_array()) return at::tensor(values.get<std::vector<double>>(), at::TensorOptions(at::kDouble));
  std::vector<at::Tensor> rows;
  for (const auto& row : values) rows.push_back(tensor_of(row));
  return at::stack(rows);
}

graph::Graph graph_of(const Json& golden) {
  graph::Graph result;
  result.num_nodes = golden["nodes"];
  for (const auto& row : golden["node_features"])
    for (const std::uint16_t code : row) result.node_features.push_back(code);
  for (std::size_t b = 0; b < golden["bonds"].size(); ++b) {
    const std::int32_t u = golden["bonds"][b][0];
    const std::int32_t v = golden["bonds"][b][1];
    for (const std::int32_t end : {u, v, v, u}) result.edge_index.push_back(end);
    for (int direction = 0; direction < 2; ++direction)
      for (const std::uint16_t code : golden["bond_features"][b]) result.edge_features.push_back(code);
  }
  return result;
}

LinkSet links_of(const Json& links, const std::string& kind, const graph::GraphBatch& batch) {
  LinkSet set;
  for (std::size_t g = 0; g < links[kind].size(); ++g)
    for (std::size_t c = 0; c < links[kind][g].size(); ++c) {
      const Json& pairs = links[kind][g][c];
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const Json& negative = links[kind + "_negative"][g][c][i];
        set.first.push_back(batch.node_ptr[g] + pairs[i][0].get<std::int64_t>());
        set.second.push_back(batch.node_ptr[g] + pairs[i][1].get<std::int64_t>());
        set.negative_first.push_back(batch.node_ptr[g] + negative[0].get<std::int64_t>());
        set.negative_second.push_back(batch.node_ptr[g] + negative[1].get<std::int64_t>());
        set.child.push_back(static_cast<std::int64_t>(2 * g + c));
        set.weight.push_back(1.0 / (2.0 * static_cast<double>(pairs.size())));
      }
    }
  return set;
}

TEST(L2pGolden, LossAndOuterGradientEqualPlainTorch) {
  const auto golden = Json::parse(std::ifstream(GRAFTAGE_GOLDEN_DIR "/l2p.json"));
  std::vector<graph::Graph> graphs;
  for (const auto& graph : golden["graphs"]) graphs.push_back(graph_of(graph));
  const auto batch = support::batch_of(graphs);
  const Links links{links_of(golden["links"], "support", batch),
                    links_of(golden["links"], "query", batch),
                    {true, true, false, true}};
  const nn::Encoder encoder({.num_layers = 2, .width = 4}, graph::chem_schema());
  L2pWeights weights;
  std::vector<std::string> names;
  for (const auto& entry : encoder.initialize(core::SeedSequence(1)).entries()) {
    weights.encoder.add(entry.name, tensor_of(golden["weights"][entry.name]).requires_grad_());
    names.push_back(entry.name);
  }
  weights.pooling.add("pool.weight", tensor_of(golden["pool.weight"]).requires_grad_());
  names.emplace_back("pool.weight");
  std::vector<at::Tensor> tensors = weights.encoder.tensors();
  tensors.push_back(weights.pooling["pool.weight"]);
  L2pConfig config;
  config.inner_lr_node = golden["alpha"];
  config.inner_lr_graph = golden["beta"];
  config.children = golden["children"];

  for (const auto& [order, name] : {std::pair{MetaOrder::Second, "second"}, {MetaOrder::First, "first"}}) {
    config.order = order;
    const L2pShard shard = prepare_l2p(encoder, batch, links, shard_options(config, graph::FlowKind::Merged));
    const auto loss = l2p_loss(encoder, weights, shard, inner_steps(config)).loss;
    const auto gradient = torch::autograd::grad({loss.sum}, tensors, {}, false, false, true);

    const auto expected_loss = golden[name]["loss"].get<double>();
    EXPECT_NEAR(loss.sum.item<double>(), expected_loss, 1e-10 * expected_loss) << name;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const at::Tensor expected = tensor_of(golden[name]["gradient"][names[i]]);
      const double scale = std::max(1.0, expected.abs().max().item<double>());
      EXPECT_LT((gradient[i] - expected).abs().max().item<double>(), 1e-10 * scale) << name << " " << names[i];
    }
  }
}

}  // namespace
}  // namespace graftage::pretrain
