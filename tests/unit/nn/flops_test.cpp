#include "graftage/nn/flops.hpp"

#include "graftage/nn/weights.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace graftage::nn {
namespace {

double counted = 0;

/// Counted where they happen: every matrix product that LibTorch is asked for.
std::unique_ptr<at::ObserverContext> count_product(const at::RecordFunction& call) {
  const std::string name = call.name();
  if (name == "aten::mm" || name == "aten::mm_out" || name == "aten::mm.out") {
    const at::Tensor& a = call.inputs()[0].toTensor();
    const at::Tensor& b = call.inputs()[1].toTensor();
    counted += 2.0 * static_cast<double>(a.size(0) * a.size(1) * b.size(1));
  }
  return nullptr;
}

double counted_flops(const Encoder& encoder, const graph::MessageFlow& flow) {
  const Parameters parameters = to_double(encoder.initialize(core::SeedSequence(1)));  // by LibTorch, not by us
  const SharedWeights weights(parameters);
  counted = 0;
  const auto handle = at::addGlobalCallback(
      at::RecordFunctionCallback(count_product).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  (void)encoder.forward(weights, to_double(encoder.initial_buffers()), flow, encoder.embed_input(weights, flow), {});
  at::removeCallback(handle);
  return counted;
}

/// Products of a layer's bond tables where it multiplies before it sums: a few rows.
double table_flops(const Encoder& encoder, const graph::MessageFlow& flow) {
  double rows = 0;
  for (const graph::FlowLayer& layer : flow.layers)
    if (multiplies_before(layer.sources))
      for (const graph::FeatureColumn& column : encoder.schema().edge) rows += static_cast<double>(column.cardinality);
  return 2.0 * rows * 12 * 24;
}

TEST(EncoderFlops, CountTheRowsReallyComputed) {
  const Encoder encoder({.num_layers = 3, .width = 12}, graph::chem_schema());
  auto batch = support::batch_of(
      {support::molecule_like_graph(9, 1, 1), support::path_graph(6, 2), support::molecule_like_graph(9, 1, 1)});
  for (auto& code : batch.node_features) code = code % 2;
  for (auto& code : batch.edge_features) code = code % 2;
  graph::FlowOptions options{.num_layers = 3};
  const graph::MessageFlow merged = graph::make_flow(batch, encoder.schema(), options);
  const graph::MessageFlow plain = graph::plain_flow(batch, encoder.schema(), 3);

  EXPECT_EQ(encoder_flops(encoder.config(), plain), counted_flops(encoder, plain));
  EXPECT_EQ(encoder_flops(encoder.config(), plain), 3 * 24 * 8.0 * 12 * 12);
  EXPECT_EQ(encoder_flops(encoder.config(), merged) + table_flops(encoder, merged), counted_flops(encoder, merged));
  EXPECT_GT(table_flops(encoder, merged), 0);
  EXPECT_LT(encoder_flops(encoder.config(), merged), encoder_flops(encoder.config(), plain));
}

}  // namespace
}  // namespace graftage::nn
