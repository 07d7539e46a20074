// Training steps of an adaptation: the task, method and trainer of adapt::TrialRunner, without its evaluation.
//
// spec: trial (a trial configuration), dump (optional: weights, first batches, gradient of the first without dropout),
// dumped_batches. request: steps.

#include "adapt/adapt_task.hpp"
#include "adapt/frozen_encoder.hpp"
#include "contender.hpp"
#include "corpus.hpp"
#include "dump.hpp"
#include "graftage/config/load.hpp"
#include "graftage/train/trainer.hpp"

#include <ATen/ATen.h>

namespace graftage::bench {

namespace {

class Adaptation final : public Contender {
 public:
  Adaptation(const Json& spec, const mpi::Communicator& ranks)
      : spec_(spec),
        config_(adapt::read_trial_config(config::from_json(spec.at("trial").dump()))),
        data_(config_.task.corpus, config_.task.split),
        encoder_(config_.encoder.architecture, data_.corpus().schema()),
        context_{encoder_, seed_},
        method_(adapt::methods().create(config_.adapt, "adapt", context_)),
        parameters_(encoder_.initialize(seed_.child("encoder"))),
        task_(parts(config_.train.dropout), seed_),
        optimizer_(config_.optimizer, task_.trainable().values),
        sampler_(data_.training_graphs(),
                 {.batch_size = config_.train.batch_size, .virtual_shards = 1, .minimum_shard = 2},
                 seed_.child("order")),
        trainer_(task_, optimizer_, data_.store(), sampler_, ranks) {}

  Json first() override {
    const graph::GraphBatch batch = batch_of(0);
    const double dropout = adapt::is_fixed(*method_, config_.protocol) ? 0.0 : config_.train.dropout;
    const graph::FlowOptions options = encoder_.flow_options(config_.train.flow, dropout);
    Json facts = {{"corpus", data_.corpus().name()},
                  {"corpus_sha256", data_.corpus().content_sha256()},
                  {"training_graphs", data_.training_graphs().size()},
                  {"targets", data_.corpus().labels().names.size()},
                  {"steps_per_epoch", sampler_.steps_per_epoch()},
                  {"rows_left", rows_left(graph::make_flow(batch, data_.corpus().schema(), options))}};
    if (spec_.contains("dump")) dump();
    return facts;
  }

  Json block(const Json& request) override {
    const auto steps = request.at("steps").get<std::int64_t>();
    double graphs = 0;
    train::TrainHooks hooks;
    hooks.after_step = [&](const train::StepReport& report) { graphs += static_cast<double>(report.num_graphs); };
    const Stopwatch watch;
    trainer_.run({.epochs = 1 << 20, .max_steps = done_ + steps, .first_step = done_, .heed_stop_signal = false}, seed_,
                 hooks);
    done_ += steps;
    return watch.block(graphs);
  }

 private:
  adapt::AdaptParts parts(double dropout) {
    const adapt::EvaluationBatches& batches = data_.batches(encoder_.flow_options(config_.train.flow));
    adapt::AdaptParts parts{.encoder = encoder_,
                            .method = *method_,
                            .encoder_parameters = parameters_,
                            .encoder_buffers = encoder_.initial_buffers(),
                            .labels = data_.corpus().labels(),
                            .head = config_.head,
                            .protocol = config_.protocol,
                            .dropout = dropout,
                            .flow = config_.train.flow,
                            .precision = train::matmul_precision(config_.train.precision),
                            .embeddings = nullptr};
    if (!adapt::is_fixed(*method_, config_.protocol)) return parts;
    const nn::SharedWeights weights(parameters_, parts.precision);
    parts.encoder_buffers = adapt::estimate_statistics(encoder_, weights, encoder_.initial_buffers(), batches.train);
    if (method_->has_constant_embeddings())
      parts.embeddings = std::make_shared<adapt::EmbeddingTable>(encoder_, weights, parts.encoder_buffers,
                                                                 config_.head.readout, batches);
    return parts;
  }

  [[nodiscard]] graph::GraphBatch batch_of(std::int64_t step) {
    return data_.store().batch(sampler_.shards(0, step).front());
  }

  void dump() {
    adapt::AdaptTask quiet(parts(0.0), seed_);  // the same task, but nothing is dropped
    auto file = h5::File::create(spec_.at("dump").get<std::string>());
    write_parameters(file, "/parameters/", quiet.trainable().parameters);
    if (!method_->trains_encoder())
      for (const auto& [name, tensor] : parameters_.entries())
        write_tensor(file, "/parameters/encoder." + name, tensor);
    for (const auto& [name, tensor] : quiet.buffers().entries())
      if (name.find("running") != std::string::npos) write_tensor(file, "/buffers/" + name, tensor);
    const std::int64_t wanted = std::min(spec_.value("dumped_batches", std::int64_t{16}), sampler_.steps_per_epoch());
    for (std::int64_t step = 0; step < wanted; ++step)
      write_graphs(file, "/batch/" + std::to_string(step) + "/", batch_of(step));
    const auto result = quiet.loss(batch_of(0), seed_.child("step"));
    write_first_step(file, result.loss.sum / result.loss.count, quiet.trainable().parameters);
    file.close();
  }

  Json spec_;
  adapt::TrialConfig config_;
  core::SeedSequence seed_{0};
  adapt::TaskData data_;
  nn::Encoder encoder_;
  adapt::MethodContext context_;
  std::unique_ptr<adapt::Method> method_;
  nn::Parameters parameters_;
  adapt::AdaptTask task_;
  train::Adam optimizer_;
  data::Sampler sampler_;
  train::Trainer trainer_;
  std::int64_t done_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_adaptation(const Json& spec, const mpi::Communicator& ranks) {
  return std::make_unique<Adaptation>(spec, ranks);
}

}  // namespace graftage::bench
