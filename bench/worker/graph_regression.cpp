#include "graph_regression.hpp"

#include "graftage/nn/flops.hpp"

#include <ATen/ATen.h>

namespace graftage::bench {

namespace {

constexpr const char* kHead = "head";

}  // namespace

GraphRegression::GraphRegression(const pretrain::ObjectiveContext& context)
    : EncoderObjective(
          context, nn::initialize_head(kHead, {context.encoder.output_width(), 1, 1}, context.seed.child("objective"))),
      head_{context.encoder.output_width(), 1, 1} {}

at::Tensor GraphRegression::targets(const std::vector<core::GraphId>& ids) {
  const core::SeedSequence seed = core::SeedSequence(0).child("target");
  at::Tensor result = at::empty({static_cast<std::int64_t>(ids.size())}, at::kFloat);
  auto* value = result.mutable_data_ptr<float>();
  for (std::size_t g = 0; g < ids.size(); ++g)
    value[g] = static_cast<float>(seed.child(ids[g].value).stream().normal());
  return result;
}

train::ShardComputation GraphRegression::prepare(graph::GraphBatch shard, const core::SeedSequence&) const {
  return [this, flow = flow_of(shard), target = targets(shard.ids)]() -> train::ShardLoss {
    const nn::Parameters encoder_weights = encoder_parameters();
    const nn::Parameters head_weights = own_parameters();
    const nn::SharedWeights weights(encoder_weights, precision());
    const nn::EncoderOutput output =
        encoder().forward(weights, encoder_buffers(), flow, encoder().embed_input(weights, flow), nn::ForwardOptions{});
    const at::Tensor graphs = nn::read_out(nn::Readout::Mean, flow, output.rows);  // [B, D]
    const at::Tensor predicted = nn::apply_head(nn::SharedWeights(head_weights), kHead, head_, graphs).squeeze(1);
    const at::Tensor sum = (predicted - target.to(predicted.scalar_type())).square().sum();
    return {{sum, static_cast<double>(flow.num_graphs)},
            {},
            output.statistics,
            nn::kTrainingOverForward * nn::encoder_flops(encoder().config(), flow)};
  };
}

}  // namespace graftage::bench
