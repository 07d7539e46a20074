#include "graftage/nn/encoder.hpp"
#include "support/gradcheck.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::nn {
namespace {

constexpr double kTolerance = 1e-12;  // relative to the largest element

/// Molecule-like graphs of few atom types, some of them alike: a third of the rows is left.
graph::GraphBatch batch() {
  std::vector<graph::Graph> graphs;
  for (const std::uint64_t seed : {1, 2, 3, 1, 4, 2}) {
    graph::Graph graph = support::molecule_like_graph(12, 1, seed);
    for (std::uint16_t& code : graph.node_features) code = code % 2;
    for (std::uint16_t& code : graph.edge_features) code = code % 3;
    graphs.push_back(graph);
  }
  return support::batch_of(graphs);
}

struct Result {
  at::Tensor loss;
  std::vector<at::Tensor> gradient;  ///< by parameter; zeros where the loss does not depend on it
  std::vector<at::Tensor> second;    ///< gradient of a fixed combination of the first one
  std::vector<BatchStatistics> statistics;
};

std::vector<at::Tensor> gradient_of(const at::Tensor& y, const std::vector<at::Tensor>& x, bool create_graph) {
  auto gradient = torch::autograd::grad({y}, x, {}, true, create_graph, true);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!gradient[i].defined()) gradient[i] = at::zeros_like(x[i]);
  return {gradient.begin(), gradient.end()};
}

/// A smooth loss of all node embeddings and graph means in float64, with first and second derivatives.
Result differentiate(const Encoder& encoder, graph::FlowKind kind, double dropout = 0.0,
                     Normalization normalization = Normalization::Batch) {
  const graph::GraphBatch graphs = batch();
  const graph::MessageFlow flow = graph::make_flow(graphs, encoder.schema(), encoder.flow_options(kind, dropout));
  const Parameters parameters = to_double(encoder.initialize(core::SeedSequence(3)));
  for (const at::Tensor& tensor : parameters.tensors()) tensor.requires_grad_(true);
  const SharedWeights weights(parameters);
  const core::SeedSequence seed(5);
  const EncoderOutput output =
      encoder.forward(weights, encoder.initial_buffers(), flow, encoder.embed_input(weights, flow),
                      {.normalization = normalization, .dropout = dropout, .dropout_seed = &seed});
  const at::Tensor nodes = flow.node_rows.apply(output.rows);
  const at::Tensor means = read_out(Readout::Mean, flow, output.rows);
  const at::Tensor loss = (nodes * support::hashed_values({nodes.size(0), nodes.size(1)}, 1)).tanh().sum() +
                          (means * support::hashed_values({means.size(0), means.size(1)}, 2)).square().sum();
  Result result{loss.detach(), {}, {}, output.statistics};
  const std::vector<at::Tensor> x = parameters.tensors();
  const std::vector<at::Tensor> first = gradient_of(loss, x, true);
  at::Tensor combined = at::zeros({}, at::kDouble);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto shape = x[i].sizes().vec();
    combined = combined + (first[i] * support::hashed_values(shape, static_cast<std::uint32_t>(10 + i))).sum();
    result.gradient.push_back(first[i].detach());
  }
  result.second = gradient_of(combined, x, false);
  return result;
}

double relative(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / std::max(1.0, b.abs().max().item<double>());
}

void expect_equal(const Result& merged, const Result& plain) {
  EXPECT_LT(relative(merged.loss, plain.loss), kTolerance);
  double largest = 0;
  for (std::size_t i = 0; i < plain.gradient.size(); ++i) {
    EXPECT_LT(relative(merged.gradient[i], plain.gradient[i]), kTolerance) << "parameter " << i;
    EXPECT_LT(relative(merged.second[i], plain.second[i]), 10 * kTolerance) << "second order, parameter " << i;
    largest = std::max(largest, plain.second[i].abs().max().item<double>());
  }
  EXPECT_GT(largest, 1e-3);  // there is something to compare
  for (std::size_t l = 0; l < plain.statistics.size(); ++l) {
    EXPECT_LT(relative(merged.statistics[l].mean, plain.statistics[l].mean), kTolerance);
    EXPECT_LT(relative(merged.statistics[l].variance, plain.statistics[l].variance), kTolerance);
    EXPECT_EQ(merged.statistics[l].count, plain.statistics[l].count);
  }
}

class MergedEncoder : public testing::TestWithParam<JumpingKnowledge> {};
INSTANTIATE_TEST_SUITE_P(JumpingKnowledge, MergedEncoder,
                         testing::Values(JumpingKnowledge::Last, JumpingKnowledge::Concat, JumpingKnowledge::Max,
                                         JumpingKnowledge::Sum));

TEST_P(MergedEncoder, HasTheLossAndAllDerivativesOfThePlainFlow) {
  const Encoder encoder({.num_layers = 3, .width = 6, .jumping_knowledge = GetParam()}, graph::chem_schema());

  expect_equal(differentiate(encoder, graph::FlowKind::Merged), differentiate(encoder, graph::FlowKind::Plain));
}

TEST_P(MergedEncoder, HasThemWithRunningStatisticsToo) {
  const Encoder encoder({.num_layers = 3, .width = 6, .jumping_knowledge = GetParam()}, graph::chem_schema());

  expect_equal(differentiate(encoder, graph::FlowKind::Merged, 0.0, Normalization::Running),
               differentiate(encoder, graph::FlowKind::Plain, 0.0, Normalization::Running));
}

TEST_P(MergedEncoder, DropsTheSameElementsOfTheSameNodes) {
  const Encoder encoder({.num_layers = 3, .width = 6, .jumping_knowledge = GetParam()}, graph::chem_schema());

  const Result merged = differentiate(encoder, graph::FlowKind::Merged, 0.4);

  expect_equal(merged, differentiate(encoder, graph::FlowKind::Plain, 0.4));
  EXPECT_GT(relative(merged.loss, differentiate(encoder, graph::FlowKind::Plain, 0.0).loss), 1e-3);
}

TEST(MergedEncoderRows, AreFewer) {
  const Encoder encoder({.num_layers = 3, .width = 6}, graph::chem_schema());
  const graph::GraphBatch graphs = batch();
  const graph::MessageFlow flow =
      graph::make_flow(graphs, encoder.schema(), encoder.flow_options(graph::FlowKind::Merged));

  EXPECT_LT(flow.layers[0].rows.size, flow.layers[2].rows.size);
  EXPECT_LT(flow.layers[2].rows.size, graphs.num_nodes());
  EXPECT_TRUE(multiplies_before(flow.layers[0].sources)) << "both orders of product and sum are compared above";
  EXPECT_FALSE(multiplies_before(graph::LinearMap::identity(20)));
}

class EncodedGraphsOf : public testing::TestWithParam<Readout> {};
INSTANTIATE_TEST_SUITE_P(Readout, EncodedGraphsOf, testing::Values(Readout::Mean, Readout::Sum, Readout::Max));

TEST_P(EncodedGraphsOf, AreTheReadoutOfTheRowsWithAllDerivatives) {
  for (const auto normalization : {Normalization::Running, Normalization::Batch})
    for (const auto knowledge : {JumpingKnowledge::Last, JumpingKnowledge::Concat}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(normalization) << " " << static_cast<int>(knowledge));
      const Encoder encoder({.num_layers = 3, .width = 6, .jumping_knowledge = knowledge}, graph::chem_schema());
      const graph::MessageFlow flow =
          graph::make_flow(batch(), encoder.schema(), encoder.flow_options(graph::FlowKind::Merged));
      const Parameters parameters = to_double(encoder.initialize(core::SeedSequence(3)));
      for (const at::Tensor& tensor : parameters.tensors()) tensor.requires_grad_(true);
      const Parameters buffers = to_double(encoder.initial_buffers());
      for (std::int64_t l = 0; l < 3; ++l)
        buffers["batch_norms." + std::to_string(l) + ".running_mean"].copy_(support::hashed_values({6}, 7));
      const SharedWeights weights(parameters);
      const at::Tensor h0 = encoder.embed_input(weights, flow);
      const ForwardOptions options{.normalization = normalization};
      const auto gradients = [&](const at::Tensor& graphs) {
        return gradient_of((graphs * support::hashed_values({graphs.size(0), graphs.size(1)}, 2)).tanh().sum(),
                           parameters.tensors(), false);
      };

      const EncodedGraphs encoded = encoder.encode_graphs(weights, buffers, flow, h0, options, GetParam());
      const EncoderOutput output = encoder.forward(weights, buffers, flow, h0, options);
      const at::Tensor expected = read_out(GetParam(), flow, output.rows);

      EXPECT_LT(relative(encoded.graphs, expected), kTolerance);
      ASSERT_EQ(encoded.statistics.size(), output.statistics.size());
      const auto actual_gradients = gradients(encoded.graphs);
      const auto expected_gradients = gradients(expected);
      for (std::size_t i = 0; i < expected_gradients.size(); ++i)
        EXPECT_LT(relative(actual_gradients[i], expected_gradients[i]), kTolerance) << "parameter " << i;
    }
}

}  // namespace
}  // namespace graftage::nn
