#include "pretrain/attribute_masking.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/graph/message_flow.hpp"
#include "graftage/pretrain/run.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <map>
#include <set>

namespace graftage::pretrain {
namespace {

TEST(MaskNodes, HidesFloorOfRateTimesNPlusOneDistinctNodesOfEachGraph) {
  std::vector<graph::Graph> graphs;
  for (std::int64_t n = 1; n <= 40; ++n)
    graphs.push_back(support::molecule_like_graph(n, 1, static_cast<std::uint64_t>(n)));
  const auto original = support::batch_of(graphs);
  auto batch = original;

  const MaskedNodes masked = mask_nodes(batch, graph::chem_schema(), 0.15, core::SeedSequence(1));

  const auto owner = original.node_to_graph();
  std::map<std::int64_t, std::int64_t> per_graph;
  const std::set<std::int64_t> distinct(masked.node.begin(), masked.node.end());
  EXPECT_EQ(distinct.size(), masked.node.size());
  for (std::size_t i = 0; i < masked.node.size(); ++i) {
    const auto at = static_cast<std::size_t>(masked.node[i]);
    ++per_graph[owner[at]];
    EXPECT_EQ(masked.type[i], original.node_features[2 * at]);
    EXPECT_EQ(batch.node_features[2 * at], 119);
    EXPECT_EQ(batch.node_features[2 * at + 1], 0);
  }
  for (std::int64_t n = 1; n <= 40; ++n)
    EXPECT_EQ(per_graph[n - 1], static_cast<std::int64_t>(std::floor(0.15 * static_cast<double>(n) + 1))) << n;
  for (std::size_t i = 0; i < original.node_features.size(); ++i) {
    const bool hidden = distinct.contains(static_cast<std::int64_t>(i / 2));
    EXPECT_EQ(batch.node_features[i], hidden ? (i % 2 == 0 ? 119 : 0) : original.node_features[i]);
  }
}

TEST(MaskNodes, IsUniformOverNodesAndKeyedByTheGraphsId) {
  std::map<std::int64_t, int> counts;
  for (std::uint64_t s = 0; s < 3000; ++s) {
    auto batch = support::batch_of({support::path_graph(5, 1)});
    for (const auto node : mask_nodes(batch, graph::chem_schema(), 0.15, core::SeedSequence(s)).node) ++counts[node];
  }
  for (std::int64_t v = 0; v < 5; ++v) EXPECT_NEAR(counts[v], 600, 100) << v;

  const auto a = support::molecule_like_graph(12, 2, 1);
  const auto b = support::molecule_like_graph(17, 2, 2);
  auto both = support::batch_of({a, b});
  auto alone = support::batch_of({b});
  alone.ids = {both.ids[1]};
  const auto masked_both = mask_nodes(both, graph::chem_schema(), 0.3, core::SeedSequence(7));
  const auto masked_alone = mask_nodes(alone, graph::chem_schema(), 0.3, core::SeedSequence(7));
  const std::size_t offset = masked_both.node.size() - masked_alone.node.size();
  for (std::size_t i = 0; i < masked_alone.node.size(); ++i)
    EXPECT_EQ(masked_both.node[offset + i], masked_alone.node[i] + 12);
}

TEST(MaskNodes, ACodeThatIsNoClassIsRefused) {
  auto batch = support::batch_of({support::path_graph(3, 1)});
  for (std::size_t v = 0; v < 3; ++v) batch.node_features[2 * v] = 119;

  EXPECT_THROW((void)mask_nodes(batch, graph::chem_schema(), 0.15, core::SeedSequence(1)), core::DataError);
}

/// The loss against softmax cross-entropy written out, on embeddings of the masked batch.
TEST(AttributeMasking, LossIsCrossEntropyOfTheHeadOnHiddenNodes) {
  nn::EncoderConfig config;
  config.num_layers = 2;
  config.width = 8;
  const nn::Encoder encoder(config, graph::chem_schema());
  AttributeMasking objective({}, ObjectiveContext{encoder, core::SeedSequence(1)});
  const auto batch = support::batch_of(
      {support::molecule_like_graph(9, 1, 1), support::path_graph(1, 2), support::molecule_like_graph(20, 2, 3)});

  const auto result = objective.loss(batch, core::SeedSequence(4));

  auto hidden = batch;
  const auto masked = mask_nodes(hidden, encoder.schema(), 0.15, core::SeedSequence(4));
  const auto flow = graph::plain_flow(hidden, encoder.schema(), 2);
  const nn::Parameters parameters = objective.encoder_parameters();
  const nn::SharedWeights weights(parameters);
  const at::Tensor rows = encoder.forward(weights, {}, flow, encoder.embed_input(weights, flow), {}).rows.detach();
  const at::Tensor w = objective.trainable().parameters["objective.node_type.0.weight"].detach();
  const at::Tensor b = objective.trainable().parameters["objective.node_type.0.bias"].detach();
  EXPECT_EQ(w.size(0), 119);
  double expected = 0;
  for (std::size_t i = 0; i < masked.node.size(); ++i) {
    const at::Tensor score = (w.matmul(rows[masked.node[i]]) + b).to(at::kDouble);
    expected += std::log(score.exp().sum().item<double>()) - score[masked.type[i]].item<double>();
  }
  EXPECT_EQ(result.loss.count, static_cast<double>(masked.node.size()));
  EXPECT_EQ(result.loss.count, 2 + 1 + 4);
  EXPECT_NEAR(result.loss.sum.item<double>(), expected, 1e-4);
  EXPECT_EQ(result.statistics.size(), 2u);
}

TEST(AttributeMasking, GradientStepsLowerTheLoss) {
  nn::EncoderConfig config;
  config.num_layers = 2;
  config.width = 16;
  const nn::Encoder encoder(config, graph::chem_schema());
  AttributeMasking objective({}, ObjectiveContext{encoder, core::SeedSequence(1)});
  const auto batch =
      support::batch_of({support::molecule_like_graph(20, 1, 1), support::molecule_like_graph(20, 2, 3)});
  const core::SeedSequence seed(4);
  const double before = objective.loss(batch, seed).loss.sum.item<double>();

  for (int step = 0; step < 30; ++step) {
    const auto loss = objective.loss(batch, seed);
    const auto gradient = torch::autograd::grad({loss.loss.sum / loss.loss.count},
                                                objective.trainable().parameters.tensors(), {}, false, false, true);
    const at::NoGradGuard no_grad;
    objective.trainable().values.sub_(nn::concatenate(gradient, objective.trainable().parameters), 0.1);
  }

  EXPECT_LT(objective.loss(batch, seed).loss.sum.item<double>(), 0.5 * before);
}

config::Node document(const std::string& objective) {
  return config::parse_yaml("corpus: c\noutput: o\nobjective: " + objective + "\n", "p.yaml");
}

std::string message_of(const std::string& objective) {
  try {
    (void)read_pretrain_config(document(objective));
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(PretrainConfig, ResolvesTheObjectiveAndNamesTheRunAfterIt) {
  const auto config = read_pretrain_config(document("{kind: l2p, query_pairs: 3}"));

  EXPECT_EQ(config.name, "l2p");
  EXPECT_EQ(config.objective.find("query_pairs")->scalar, "3");
  EXPECT_EQ(config.objective.find("support_pairs")->scalar, "10");
  EXPECT_EQ(config.objective.find("order")->scalar, "second");
}

TEST(PretrainConfig, RefusalsNameKeyPlaceAndNearestName) {
  EXPECT_NE(message_of("{kind: l2q}").find("did you mean 'l2p'"), std::string::npos);
  EXPECT_NE(message_of("{kind: attribute_masking, mask_rat: 0.2}").find("did you mean 'mask_rate'"), std::string::npos);
  EXPECT_NE(message_of("{kind: attribute_masking, mask_rate: 1.5}").find("p.yaml:3"), std::string::npos);
  EXPECT_NE(message_of("{kind: l2p, batch_norm: per_graph}").find("per_graph is refused"), std::string::npos);
}

}  // namespace
}  // namespace graftage::pretrain
