// Times training steps of one pretraining objective for bench/pretrain_step/race.py, which races them against PyTorch
// Geometric.
//
// usage: bench_pretrain_step OBJECTIVE CORPUS BATCH STEPS WIDTH DUMP.h5
// OBJECTIVE is a section of YAML: "attribute_masking", or "{kind: l2p, order: first}".
// Writes DUMP.h5: the initial weights, the first batches with what the objective drew for them (masked nodes, pairs),
// and the gradient of the first batch. Prints a JSON line about it. Then for each line on stdin trains STEPS further
// steps, data feeding included, and prints a JSON line with their wall and processor seconds.

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/data/sample_store.hpp"
#include "graftage/data/sampler.hpp"
#include "graftage/h5/file.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/pretrain/objective.hpp"
#include "graftage/train/numerics.hpp"
#include "graftage/train/trainer.hpp"
#include "pretrain/attribute_masking.hpp"
#include "pretrain/link_pairs.hpp"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <iostream>
#include <numeric>

namespace {

using namespace graftage;  // NOLINT: a program of one file

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kDumpedBatches = 8;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The key that the trainer gives to virtual shard 0 of a step.
core::SeedSequence shard_seed(const core::SeedSequence& seed, std::int64_t step) {
  return seed.child("step").child(step).child(std::int64_t{0});
}

void write_tensor(h5::File& file, const std::string& name, const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().contiguous();
  const std::vector<std::uint64_t> shape(values.sizes().begin(), values.sizes().end());
  const std::span<const float> span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  file.write<float>(name, span, shape);
}

void write_integers(h5::File& file, const std::string& name, const std::vector<std::int64_t>& values) {
  file.write<std::int64_t>(name, values, {values.size()});
}

void write_links(h5::File& file, const std::string& prefix, const pretrain::LinkSet& links) {
  write_integers(file, prefix + "first", links.first);
  write_integers(file, prefix + "second", links.second);
  write_integers(file, prefix + "negative_first", links.negative_first);
  write_integers(file, prefix + "negative_second", links.negative_second);
  write_integers(file, prefix + "child", links.child);
}

/// The batch as the objective sees it with this key.
void write_batch(h5::File& file, const std::string& group, const config::Node& objective, graph::GraphBatch batch,
                 const graph::FeatureSchema& schema, const core::SeedSequence& seed) {
  const std::string kind = objective.find("kind")->scalar;
  const auto integer = [&](const char* key) { return std::stoll(objective.find(key)->scalar); };
  if (kind == "attribute_masking") {
    const auto masked = pretrain::mask_nodes(batch, schema, std::stod(objective.find("mask_rate")->scalar), seed);
    write_integers(file, group + "masked_node", masked.node);
    write_integers(file, group + "masked_type", masked.type);
  } else if (kind == "l2p") {
    const auto links =
        pretrain::draw_links(batch, {integer("children"), integer("support_pairs"), integer("query_pairs")}, seed);
    write_links(file, group + "support_", links.support);
    write_links(file, group + "query_", links.query);
  } else {
    throw core::UsageError("no peer is written for objective '" + kind + "'");
  }
  write_integers(file, group + "node_features", batch.node_features);
  write_integers(file, group + "edge_source", batch.edge_source);
  write_integers(file, group + "edge_target", batch.edge_target);
  write_integers(file, group + "edge_features", batch.edge_features);
  write_integers(file, group + "node_ptr", batch.node_ptr);
  write_integers(file, group + "edge_ptr", batch.edge_ptr);
}

/// Reads every block once, so that the timed steps find the corpus in memory as all but the first do in a run.
double decode_all(data::SampleStore& store, std::int64_t block_graphs) {
  const auto start = Clock::now();
  for (std::int64_t g = 0; g < store.corpus().num_graphs(); g += block_graphs) {
    const core::GraphId id(g);
    (void)store.batch({&id, 1});
  }
  return seconds_since(start);
}

/// Loss and gradient of the first batch; the gradient also goes to the file.
nlohmann::json first_step(h5::File& file, pretrain::Objective& objective, const graph::GraphBatch& batch,
                          const core::SeedSequence& seed) {
  const auto result = objective.loss(batch, seed);
  const nn::Parameters& parameters = objective.trainable().parameters;
  const at::Tensor mean = result.loss.sum / result.loss.count;
  const auto gradients = torch::autograd::grad({mean}, parameters.tensors(), {}, false, false, /*allow_unused=*/true);
  double squared = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& [name, tensor] = parameters.entries()[i];
    const at::Tensor gradient = gradients[i].defined() ? gradients[i] : at::zeros_like(tensor);
    write_tensor(file, "/gradient/" + name, gradient);
    squared += gradient.to(at::kDouble).square().sum().item<double>();
  }
  return {{"loss", mean.item<double>()}, {"gradient_norm", std::sqrt(squared)}};
}

struct Arguments {
  std::string objective;
  std::filesystem::path corpus;
  std::int64_t batch_size;
  std::int64_t steps;
  std::int64_t width;
  std::filesystem::path dump;
};

void serve(const Arguments& arguments) {
  const std::string numerics = train::configure_numerics(1);
  const auto corpus = data::Corpus::open(arguments.corpus);
  nn::EncoderConfig architecture;
  architecture.width = arguments.width;
  const nn::Encoder encoder(architecture, corpus->schema());
  pretrain::ObjectiveContext context{encoder, core::SeedSequence(0)};
  const config::Node section = pretrain::objectives().resolve(config::parse_yaml(arguments.objective, "OBJECTIVE"), "");
  const auto objective = pretrain::objectives().create(section, "objective", context);
  train::Adam optimizer({}, objective->trainable().values);

  const auto communicator = mpi::Communicator::self();
  const auto store_options = data::SampleStore::options_for(*corpus, 1, 1 << 26);
  data::SampleStore store(corpus, store_options);
  const double decode_seconds = decode_all(store, store_options.block_graphs);
  std::vector<core::GraphId> members;
  for (std::int64_t g = 0; g < corpus->num_graphs(); ++g) members.emplace_back(g);
  const core::SeedSequence seed(1);
  const data::Sampler sampler(
      members, {.batch_size = arguments.batch_size, .virtual_shards = 1, .minimum_shard = objective->minimum_shard()},
      seed);

  auto file = h5::File::create(arguments.dump);
  for (const auto& [name, tensor] : objective->trainable().parameters.entries())
    write_tensor(file, "/parameters/" + name, tensor);
  const auto batch_of = [&](std::int64_t step) { return store.batch(sampler.shards(0, step).front()); };
  for (std::int64_t step = 0; step < std::min(kDumpedBatches, sampler.steps_per_epoch()); ++step)
    write_batch(file, "/batch/" + std::to_string(step) + "/", section, batch_of(step), corpus->schema(),
                shard_seed(seed, step));
  nlohmann::json first = first_step(file, *objective, batch_of(0), shard_seed(seed, 0));
  file.close();
  first["objective"] = nlohmann::json::parse(section.to_json());
  first["numerics"] = train::reproducibility_class();
  first["threads"] = numerics;
  first["corpus"] = corpus->name();
  first["corpus_graphs"] = corpus->num_graphs();
  first["corpus_sha256"] = corpus->content_sha256();
  first["decode_seconds"] = decode_seconds;
  std::cout << first << std::endl;

  train::Trainer trainer(*objective, optimizer, store, sampler, communicator);
  std::int64_t done = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = Clock::now();
    const std::clock_t processor_start = std::clock();
    double loss = 0;
    std::int64_t graphs = 0;
    trainer.run({.epochs = 1 << 20, .max_steps = done + arguments.steps, .first_step = done, .heed_stop_signal = false},
                seed,
                {.after_step =
                     [&](const train::StepReport& report) {
                       loss = report.loss;
                       graphs += report.num_graphs;
                     },
                 .after_epoch = {},
                 .on_stop = {}});
    done += arguments.steps;
    const double seconds = seconds_since(start);
    const double cpu_seconds = static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC;
    std::cout << nlohmann::json{{"seconds", seconds}, {"cpu_seconds", cpu_seconds}, {"graphs", graphs}, {"loss", loss}}
              << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: bench_pretrain_step OBJECTIVE CORPUS BATCH STEPS WIDTH DUMP.h5\n";
    return 64;
  }
  try {
    serve({argv[1], argv[2], std::stoll(argv[3]), std::stoll(argv[4]), std::stoll(argv[5]), argv[6]});
  } catch (const std::exception& error) {
    std::cerr << "bench_pretrain_step: " << error.what() << '\n';
    return 70;
  }
  return 0;
}
