#include "adapt/adapt_task.hpp"

#include "graftage/config/load.hpp"
#include "graftage/mpi/communicator.hpp"
#include "graftage/train/trainer.hpp"
#include "support/tiny_task.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>

namespace graftage::adapt {
namespace {

/// One tiny task, one small encoder and everything that is needed to train on them.
class Workbench {
 public:
  Workbench() : data_(written(directory_), "scaffold") {}

  static std::filesystem::path written(const support::ScratchDirectory& directory) {
    support::write_task(directory / "task", support::visible_task(40, 1));
    return directory / "task";
  }

  [[nodiscard]] TaskData& data() { return data_; }
  [[nodiscard]] const EvaluationBatches& batches() {
    return data_.batches(encoder.flow_options(graph::FlowKind::Merged));
  }

  std::unique_ptr<Method> method(const std::string& kind) {
    MethodContext context{encoder, core::SeedSequence(7)};
    return methods().create(config::Node::from_scalar(kind), "adapt", context);
  }

  AdaptParts parts(const Method& method, Protocol protocol = Protocol::Fixed) {
    AdaptParts result{encoder,
                      method,
                      parameters,
                      buffers,
                      data_.corpus().labels(),
                      {},
                      protocol,
                      0.5,
                      graph::FlowKind::Merged,
                      graph::MatmulPrecision::Float32,
                      nullptr};
    if (is_fixed(method, protocol))
      result.encoder_buffers = estimate_statistics(encoder, nn::SharedWeights(parameters), buffers, batches().train);
    return result;
  }

  void train(AdaptTask& task, std::int64_t epochs) {
    train::Adam optimizer({.lr = 1e-2}, task.trainable().values);
    const data::Sampler sampler(data_.training_graphs(), {.batch_size = 8, .virtual_shards = 1, .minimum_shard = 2},
                                core::SeedSequence(3));
    const mpi::Communicator self = mpi::Communicator::self();
    train::Trainer(task, optimizer, data_.store(), sampler, self).run({.epochs = epochs}, core::SeedSequence(4), {});
  }

  nn::Encoder encoder{{.layer = nn::LayerKind::Gin, .num_layers = 2, .width = 16}, graph::chem_schema()};
  nn::Parameters parameters = encoder.initialize(core::SeedSequence(5));
  nn::Parameters buffers = encoder.initial_buffers();

 private:
  support::ScratchDirectory directory_{"adapt-task"};
  TaskData data_;
};

std::string bytes_of(const nn::Parameters& parameters) {
  std::string bytes;
  for (const auto& [name, tensor] : parameters.entries()) {
    const at::Tensor dense = tensor.detach().contiguous();
    bytes.append(static_cast<const char*>(dense.const_data_ptr()), dense.nbytes());
  }
  return bytes;
}

/// The encoder's part of a task's weights.
nn::Parameters encoder_weights(const AdaptTask& task) {
  nn::Parameters result;
  for (const auto& [name, tensor] : task.weights().entries())
    if (!name.starts_with("prompt.") && !name.starts_with("head.")) result.add(name, tensor);
  return result;
}

TEST(AdaptTask, FrozenEncodersKeepEveryByte) {
  Workbench bench;
  for (const char* kind : {"linear_probe", "gpf", "gpf_plus"}) {
    const auto method = bench.method(kind);
    AdaptTask task(bench.parts(*method), core::SeedSequence(7));
    const std::string parameters = bytes_of(bench.parameters);
    const std::string buffers = bytes_of(task.buffers());
    const std::string trained = bytes_of(task.trainable().parameters);

    bench.train(task, 2);

    EXPECT_EQ(bytes_of(encoder_weights(task)), parameters) << kind;
    EXPECT_EQ(bytes_of(bench.parameters), parameters) << kind;
    EXPECT_EQ(bytes_of(task.buffers()), buffers) << kind;
    EXPECT_NE(bytes_of(task.trainable().parameters), trained) << kind;
    EXPECT_EQ(task.num_encoder_parameters(), 0) << kind;
    for (const auto& [name, tensor] : encoder_weights(task).entries()) EXPECT_FALSE(tensor.requires_grad()) << name;
    for (const auto& [name, tensor] : task.trainable().parameters.entries())
      EXPECT_TRUE(name.starts_with("prompt.") || name.starts_with("head.")) << name;
  }
}

TEST(AdaptTask, ReferenceProtocolLetsBuffersDriftButNotParameters) {
  Workbench bench;
  const auto method = bench.method("gpf");
  AdaptTask task(bench.parts(*method, Protocol::Reference), core::SeedSequence(7));
  const std::string parameters = bytes_of(bench.parameters);

  bench.train(task, 1);

  EXPECT_EQ(bytes_of(encoder_weights(task)), parameters);
  EXPECT_NE(bytes_of(task.buffers()), bytes_of(bench.buffers));
  EXPECT_EQ(task.buffers()["batch_norms.0.num_batches_tracked"].item<std::int64_t>(), 3);  // 24 graphs in batches of 8
  EXPECT_EQ(bench.buffers["batch_norms.0.running_mean"].abs().max().item<double>(), 0.0);
}

TEST(AdaptTask, FullFineTuningMovesEveryEncoderParameterButNotItsStart) {
  Workbench bench;
  const auto method = bench.method("full");
  AdaptTask task(bench.parts(*method), core::SeedSequence(7));
  const nn::Parameters start = nn::clone(bench.parameters);

  bench.train(task, 2);

  EXPECT_EQ(task.num_encoder_parameters(), start.num_values());
  EXPECT_EQ(bytes_of(bench.parameters), bytes_of(start));
  for (const auto& [name, tensor] : encoder_weights(task).entries()) EXPECT_FALSE(tensor.equal(start[name])) << name;
  EXPECT_EQ(task.buffers()["batch_norms.1.num_batches_tracked"].item<std::int64_t>(), 6);
}

TEST(AdaptTask, CachedEmbeddingsTrainTheSameHead) {
  Workbench bench;
  const auto method = bench.method("linear_probe");
  AdaptTask plain(bench.parts(*method), core::SeedSequence(7));
  AdaptParts cached_parts = bench.parts(*method);
  cached_parts.embeddings =
      std::make_shared<const EmbeddingTable>(bench.encoder, nn::SharedWeights(bench.parameters),
                                             cached_parts.encoder_buffers, nn::Readout::Mean, bench.batches());
  AdaptTask cached(std::move(cached_parts), core::SeedSequence(7));

  bench.train(plain, 3);
  bench.train(cached, 3);

  const auto difference = [](const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); };
  EXPECT_LT(difference(plain.trainable().values, cached.trainable().values), 1e-6);
  for (const EvaluationBatch& batch : bench.batches().test)
    EXPECT_LT(difference(plain.predict(batch), cached.predict(batch)), 1e-6);
}

TEST(AdaptTask, PromptGradientEqualsThatOfAPlainFunction) {
  Workbench bench;
  const auto method = bench.method("gpf");
  AdaptTask task(bench.parts(*method), core::SeedSequence(7));
  const std::vector<core::GraphId> ids(bench.data().training_graphs().begin(),
                                       bench.data().training_graphs().begin() + 6);
  const graph::GraphBatch batch = bench.data().store().batch(ids);

  const train::ShardLoss loss = task.loss(batch, core::SeedSequence(1));
  const auto gradient = torch::autograd::grad({loss.loss.sum}, {task.weights()["prompt.p.weight"]});

  const auto mean_loss = [&](const at::Tensor& p) {  // in double, by hand: h0 + p, encoder, mean, linear, BCE
    nn::Parameters doubles = nn::to_double(task.weights());
    const nn::SharedWeights weights(doubles);
    const graph::MessageFlow flow = graph::plain_flow(batch, bench.encoder.schema(), 2);
    nn::ForwardOptions options;
    options.normalization = nn::Normalization::Running;
    const at::Tensor rows =
        bench.encoder.forward(weights, task.buffers(), flow, bench.encoder.embed_input(weights, flow) + p, options)
            .rows;
    const at::Tensor z =
        at::linear(nn::read_out(nn::Readout::Mean, flow, rows), doubles["head.0.weight"], doubles["head.0.bias"]);
    const at::Tensor y = batch.labels.to(at::kDouble);
    return (at::clamp_min(z, 0) - z * y + at::log1p(at::exp(-z.abs()))).sum();
  };
  const at::Tensor p = task.weights()["prompt.p.weight"].detach().to(at::kDouble);
  EXPECT_NEAR(loss.loss.sum.item<double>(), mean_loss(p).item<double>(), 1e-5);
  for (std::int64_t c = 0; c < 16; ++c) {
    at::Tensor step = at::zeros_like(p);
    step[0][c] = 1e-5;
    const double slope = (mean_loss(p + step) - mean_loss(p - step)).item<double>() / 2e-5;
    EXPECT_NEAR(gradient[0][0][c].item<double>(), slope, 1e-4 * std::max(1.0, std::abs(slope))) << c;
  }
}

TEST(AdaptTask, DropoutFollowsTheSeedAndIsOffInEvaluation) {
  Workbench bench;
  const auto method = bench.method("full");
  AdaptTask task(bench.parts(*method), core::SeedSequence(7));
  const std::vector<core::GraphId> ids(bench.data().training_graphs().begin(),
                                       bench.data().training_graphs().begin() + 8);
  const graph::GraphBatch batch = bench.data().store().batch(ids);
  const auto loss = [&](std::uint64_t seed) {
    return task.loss(batch, core::SeedSequence(seed)).loss.sum.item<double>();
  };

  EXPECT_EQ(loss(1), loss(1));
  EXPECT_NE(loss(1), loss(2));
  const EvaluationBatch& test = bench.batches().test.front();
  EXPECT_TRUE(task.predict(test).equal(task.predict(test)));
  EXPECT_FALSE(task.predict(test).requires_grad());
}

}  // namespace
}  // namespace graftage::adapt
