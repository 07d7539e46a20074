// Embedding a corpus with an encoder in evaluation: read, collate, flow, forward, mean readout.
//
// spec: corpus, graphs, batch, width, flow, dump (as of pretraining; "gradient" holds the embedding of the first
// batch).

#include "corpus.hpp"
#include "dump.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/nn/flops.hpp"
#include "graftage/train/gemm_rate.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace graftage::bench {

namespace {

class Embedding final : public Contender {
 public:
  Embedding(const Json& spec, const mpi::Communicator& ranks)
      : spec_(spec),
        corpus_(spec, ranks),
        encoder_(architecture(spec), corpus_.corpus->schema()),
        parameters_(encoder_.initialize(core::SeedSequence(0))),
        buffers_(encoder_.initial_buffers()),
        sampler_(corpus_.members, {.batch_size = spec.at("batch"), .virtual_shards = 1, .minimum_shard = 1},
                 core::SeedSequence(1)) {}

  Json first() override {
    const at::NoGradGuard no_grad;
    const graph::GraphBatch batch = next(0);
    const graph::MessageFlow flow = flow_of(batch);
    estimate_buffers(flow);
    Json facts = corpus_.facts();
    facts["rows_left"] = rows_left(flow);
    facts["nodes"] = batch.num_nodes();
    facts["gemm_rate"] = train::gemm_rate();
    facts["objective"] = {{"kind", "embedding"}};
    if (spec_.contains("dump")) dump(flow);
    return facts;
  }

  Json block(const Json& request) override {
    const at::NoGradGuard no_grad;
    const Stopwatch watch;
    double graphs = 0;
    double flops = 0;
    for (std::int64_t i = 0; i < request.at("steps").get<std::int64_t>(); ++i) {
      const graph::MessageFlow flow = flow_of(next(position_++));
      graphs += static_cast<double>(embed(flow).size(0));
      flops += nn::encoder_flops(encoder_.config(), flow, {.reads_out_early = true});
    }
    Json answer = watch.block(graphs);
    answer["flops"] = flops;
    return answer;
  }

 private:
  static nn::EncoderConfig architecture(const Json& spec) {
    nn::EncoderConfig config;
    config.width = spec.value("width", std::int64_t{300});
    return config;
  }

  [[nodiscard]] graph::GraphBatch next(std::int64_t step) {
    return corpus_.store.batch(sampler_.shards(0, step % sampler_.steps_per_epoch()).front());
  }
  [[nodiscard]] graph::MessageFlow flow_of(const graph::GraphBatch& batch) const {
    return graph::make_flow(batch, corpus_.corpus->schema(), encoder_.flow_options(flow_kind(spec_)));
  }

  /// Running statistics of a trained encoder: those of the first batch.
  void estimate_buffers(const graph::MessageFlow& flow) {
    const nn::SharedWeights weights(parameters_);
    const auto output =
        encoder_.forward(weights, buffers_, flow, encoder_.embed_input(weights, flow), nn::ForwardOptions{});
    for (std::size_t layer = 0; layer < output.statistics.size(); ++layer)
      nn::set_running_statistics(buffers_, "batch_norms." + std::to_string(layer), output.statistics[layer]);
  }

  [[nodiscard]] at::Tensor embed(const graph::MessageFlow& flow) const {
    const nn::SharedWeights weights(parameters_);
    nn::ForwardOptions options;
    options.normalization = nn::Normalization::Running;
    const at::Tensor h0 = encoder_.embed_input(weights, flow);
    return encoder_.encode_graphs(weights, buffers_, flow, h0, options, nn::Readout::Mean).graphs;
  }

  void dump(const graph::MessageFlow& flow) {
    auto file = h5::File::create(spec_.at("dump").get<std::string>());
    for (const auto& [name, tensor] : parameters_.entries()) write_tensor(file, "/parameters/encoder." + name, tensor);
    for (const auto& [name, tensor] : buffers_.entries())
      if (name.find("running") != std::string::npos) write_tensor(file, "/buffers/" + name, tensor);
    const std::int64_t wanted = std::min(spec_.value("dumped_batches", std::int64_t{2}), sampler_.steps_per_epoch());
    for (std::int64_t step = 0; step < wanted; ++step)
      write_graphs(file, "/batch/" + std::to_string(step) + "/", next(step));
    write_tensor(file, "/gradient/embedding", embed(flow));
    file.set_attribute("/", "loss", 0.0);
    file.close();
  }

  Json spec_;
  BenchCorpus corpus_;
  nn::Encoder encoder_;
  nn::Parameters parameters_;
  nn::Parameters buffers_;
  data::Sampler sampler_;
  std::int64_t position_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_embedding(const Json& spec, const mpi::Communicator& ranks) {
  return std::make_unique<Embedding>(spec, ranks);
}

}  // namespace graftage::bench
