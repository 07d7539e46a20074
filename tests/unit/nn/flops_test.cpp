#include "graftage/nn/flops.hpp"

#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::nn {
namespace {

/// Counted where the products happen: every linear map that an evaluation of the encoder records.
double recorded_flops(const Encoder& encoder, const graph::MessageFlow& flow) {
  const Parameters parameters = encoder.initialize(core::SeedSequence(1));
  std::vector<Site> sites;
  const SharedWeights weights(parameters, &sites);
  (void)encoder.forward(weights, encoder.initial_buffers(), flow, encoder.embed_input(weights, flow), {});
  double flops = 0;
  for (const Site& site : sites)
    if (site.kind == Site::Kind::Linear)
      flops += 2.0 * static_cast<double>(site.input.size(0) * site.input.size(1) * site.output.size(1));
  return flops;
}

TEST(EncoderFlops, CountTheRowsReallyComputed) {
  const Encoder encoder({.num_layers = 3, .width = 12}, graph::chem_schema());
  const auto batch = support::batch_of(
      {support::molecule_like_graph(9, 1, 1), support::path_graph(6, 2), support::molecule_like_graph(9, 1, 1)});
  graph::FlowOptions options{.num_layers = 3};
  const graph::MessageFlow merged = graph::make_flow(batch, encoder.schema(), options);
  const graph::MessageFlow plain = graph::plain_flow(batch, encoder.schema(), 3);

  EXPECT_EQ(encoder_flops(encoder.config(), plain), recorded_flops(encoder, plain));
  EXPECT_EQ(encoder_flops(encoder.config(), plain), 3 * 24 * 8.0 * 12 * 12);
  EXPECT_EQ(encoder_flops(encoder.config(), merged), recorded_flops(encoder, merged));
  EXPECT_LT(encoder_flops(encoder.config(), merged), encoder_flops(encoder.config(), plain));
}

}  // namespace
}  // namespace graftage::nn
