#include "graftage/nn/encoder.hpp"

#include "graftage/core/error.hpp"
#include "support/gradcheck.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::nn {
namespace {

using support::batch_of;
using support::hashed_values;

Encoder encoder_of(std::int64_t layers, std::int64_t width, JumpingKnowledge jk = JumpingKnowledge::Last) {
  return {{.layer = LayerKind::Gin, .num_layers = layers, .width = width, .jumping_knowledge = jk},
          graph::chem_schema()};
}

std::vector<graph::Graph> some_graphs() {
  return {support::molecule_like_graph(9, 1, 1), support::path_graph(1, 2), support::molecule_like_graph(7, 2, 3)};
}

graph::MessageFlow flow_of(const Encoder& encoder, const std::vector<graph::Graph>& graphs) {
  return graph::plain_flow(batch_of(graphs), encoder.schema(), encoder.config().num_layers);
}

EncoderOutput run(const Encoder& encoder, const Parameters& parameters, const graph::MessageFlow& flow,
                  const ForwardOptions& options = {}) {
  const SharedWeights weights(parameters);
  return encoder.forward(weights, encoder.initial_buffers(), flow, encoder.embed_input(weights, flow), options);
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Encoder, ChemGinHasThePublishedParameters) {
  const Encoder encoder = encoder_of(5, 300);
  const Parameters parameters = encoder.initialize(core::SeedSequence(1));
  const Parameters buffers = encoder.initial_buffers();

  EXPECT_EQ(parameters.num_values(), 1857900);
  EXPECT_EQ(parameters["x_embedding1.weight"].sizes(), (std::vector<std::int64_t>{120, 300}));
  EXPECT_EQ(parameters["x_embedding2.weight"].sizes(), (std::vector<std::int64_t>{3, 300}));
  EXPECT_EQ(parameters["gnns.4.mlp.0.weight"].sizes(), (std::vector<std::int64_t>{600, 300}));
  EXPECT_EQ(parameters["gnns.4.mlp.0.bias"].sizes(), (std::vector<std::int64_t>{600}));
  EXPECT_EQ(parameters["gnns.4.mlp.2.weight"].sizes(), (std::vector<std::int64_t>{300, 600}));
  EXPECT_EQ(parameters["gnns.0.edge_embedding1.weight"].sizes(), (std::vector<std::int64_t>{6, 300}));
  EXPECT_EQ(parameters["gnns.0.edge_embedding2.weight"].sizes(), (std::vector<std::int64_t>{3, 300}));
  EXPECT_EQ(parameters["batch_norms.4.bias"].sizes(), (std::vector<std::int64_t>{300}));
  EXPECT_EQ(parameters.entries().size(), 2u + 5u * 8u);
  EXPECT_EQ(buffers.entries().size(), 15u);
  EXPECT_EQ(buffers["batch_norms.4.num_batches_tracked"].scalar_type(), at::kLong);
}

TEST(Encoder, SeedsDecideTheWeights) {
  const Encoder encoder = encoder_of(2, 8);
  const Parameters one = encoder.initialize(core::SeedSequence(1));
  const Parameters again = encoder.initialize(core::SeedSequence(1));
  const Parameters other = encoder.initialize(core::SeedSequence(2));

  for (const auto& [name, tensor] : one.entries()) EXPECT_TRUE(tensor.equal(again[name])) << name;
  EXPECT_FALSE(one["gnns.0.mlp.0.weight"].equal(other["gnns.0.mlp.0.weight"]));
  EXPECT_FALSE(one["gnns.0.mlp.0.weight"].equal(one["gnns.1.mlp.0.weight"]));
}

TEST(Encoder, DerivativesAgreeWithFiniteDifferences) {
  for (const JumpingKnowledge jk : {JumpingKnowledge::Last, JumpingKnowledge::Max}) {
    const Encoder encoder = encoder_of(2, 4, jk);
    const Parameters parameters = to_double(encoder.initialize(core::SeedSequence(5)));
    const graph::MessageFlow flow = flow_of(encoder, some_graphs());
    const auto loss = [&](const std::vector<at::Tensor>& x) {
      Parameters moved;
      for (std::size_t i = 0; i < x.size(); ++i) moved.add(parameters.entries()[i].name, x[i]);
      return read_out(Readout::Mean, flow, run(encoder, moved, flow).rows).tanh().pow(2).sum();
    };
    const support::GradcheckOptions options{.step = 2e-5, .max_elements = 12};

    EXPECT_LT(support::gradient_error(loss, parameters.tensors(), options), 1e-7);
    EXPECT_LT(support::second_gradient_error(loss, parameters.tensors(), options), 1e-6);
  }
}

TEST(Encoder, SingleGraphsAndTheirBatchAgreeUnderRunningStatistics) {
  const Encoder encoder = encoder_of(3, 8);
  const Parameters parameters = to_double(encoder.initialize(core::SeedSequence(1)));
  const ForwardOptions options{.normalization = Normalization::Running};
  const graph::MessageFlow together = flow_of(encoder, some_graphs());
  const at::Tensor pooled = read_out(Readout::Mean, together, run(encoder, parameters, together, options).rows);

  for (std::size_t g = 0; g < some_graphs().size(); ++g) {
    const graph::MessageFlow alone = flow_of(encoder, {some_graphs()[g]});
    const at::Tensor single = read_out(Readout::Mean, alone, run(encoder, parameters, alone, options).rows);
    EXPECT_LT(difference(single[0], pooled[static_cast<std::int64_t>(g)]), 1e-12) << g;
  }
}

TEST(Encoder, RelabellingNodesPermutesRowsAndKeepsGraphs) {
  const Encoder encoder = encoder_of(3, 8);
  const Parameters parameters = to_double(encoder.initialize(core::SeedSequence(1)));
  const graph::Graph graph = support::molecule_like_graph(9, 2, 4);
  const std::vector<std::int64_t> permutation{4, 7, 0, 8, 2, 1, 6, 3, 5};

  const at::Tensor rows = run(encoder, parameters, flow_of(encoder, {graph})).rows;
  const at::Tensor moved = run(encoder, parameters, flow_of(encoder, {support::relabel(graph, permutation)})).rows;

  EXPECT_LT(difference(moved.index_select(0, at::tensor(permutation)), rows), 1e-12);
}

TEST(Encoder, GivenStatisticsReproduceTheForwardTheyCameFrom) {
  const Encoder encoder = encoder_of(3, 8);
  const Parameters parameters = to_double(encoder.initialize(core::SeedSequence(1)));
  const graph::MessageFlow flow = flow_of(encoder, some_graphs());
  const EncoderOutput batch = run(encoder, parameters, flow);
  const EncoderOutput given =
      run(encoder, parameters, flow, {.normalization = Normalization::Given, .given = &batch.statistics});
  const std::vector<BatchStatistics> too_few{batch.statistics[0]};

  EXPECT_TRUE(given.rows.equal(batch.rows));
  EXPECT_EQ(batch.statistics.size(), 3u);
  EXPECT_EQ(batch.statistics[2].count, 17.0);
  EXPECT_THROW((void)run(encoder, parameters, flow, {.normalization = Normalization::Given, .given = &too_few}),
               core::InternalError);
}

TEST(Encoder, BatchStatisticsOfASingleAtomAreRefused) {
  const Encoder encoder = encoder_of(2, 8);
  const Parameters parameters = encoder.initialize(core::SeedSequence(1));
  const graph::MessageFlow atom = flow_of(encoder, {support::path_graph(1, 2)});

  EXPECT_THROW((void)run(encoder, parameters, atom), core::InternalError);
  EXPECT_EQ(run(encoder, parameters, atom, {.normalization = Normalization::Running}).rows.size(0), 1);
}

TEST(Dropout, KeepsTheExpectationAndFollowsItsSeed) {
  const Encoder encoder = encoder_of(2, 64);
  const Parameters parameters = encoder.initialize(core::SeedSequence(1));
  const graph::MessageFlow flow = flow_of(encoder, {support::molecule_like_graph(400, 20, 1)});
  const Parameters buffers = encoder.initial_buffers();
  const SharedWeights weights(parameters);
  const at::Tensor h0 = encoder.embed_input(weights, flow);
  const core::SeedSequence seed(7);
  const core::SeedSequence other_seed(8);
  const auto rows = [&](double dropout, const core::SeedSequence& s) {
    return encoder
        .forward(weights, buffers, flow, h0,
                 {.normalization = Normalization::Running, .dropout = dropout, .dropout_seed = &s})
        .rows;
  };

  const at::Tensor dropped = rows(0.25, seed);
  const double zeros = (dropped == 0).to(at::kDouble).mean().item<double>();

  EXPECT_NEAR(zeros, 0.25, 5 * std::sqrt(0.25 * 0.75 / (400 * 64)));
  EXPECT_TRUE(dropped.equal(rows(0.25, seed)));
  EXPECT_FALSE(dropped.equal(rows(0.25, other_seed)));
  EXPECT_TRUE(rows(0.0, seed).equal(rows(0.0, other_seed)));
  EXPECT_THROW((void)rows(1.0, seed), core::InternalError);
}

TEST(Dropout, ScalesWhatItKeeps) {
  // With the last layer's scale at 0 and its shift at 1 the rows before dropout are ones, whatever went before.
  const Encoder encoder = encoder_of(2, 64);
  Parameters parameters = encoder.initialize(core::SeedSequence(1));
  parameters.set("batch_norms.1.weight", at::zeros({64}));
  parameters.set("batch_norms.1.bias", at::ones({64}));
  const graph::MessageFlow flow = flow_of(encoder, {support::molecule_like_graph(400, 20, 1)});
  const core::SeedSequence seed(7);

  const at::Tensor rows = run(encoder, parameters, flow, {.dropout = 0.5, .dropout_seed = &seed}).rows;

  EXPECT_TRUE(rows.eq(0).logical_or(rows.eq(2)).all().item<bool>());
  EXPECT_NEAR(rows.mean().item<double>(), 1.0, 5.0 / std::sqrt(400 * 64));
}

TEST(EncoderConfig, ReadsItsNames) {
  EXPECT_EQ(enum_names(static_cast<const LayerKind*>(nullptr)), (std::vector<std::string>{"gin"}));
  EXPECT_EQ(enum_names(static_cast<const JumpingKnowledge*>(nullptr)),
            (std::vector<std::string>{"last", "concat", "max", "sum"}));
  EXPECT_EQ(encoder_of(4, 8, JumpingKnowledge::Concat).output_width(), 40);
  EXPECT_EQ(encoder_of(4, 8, JumpingKnowledge::Sum).output_width(), 8);
}

}  // namespace
}  // namespace graftage::nn
