#pragma once

#include "graftage/config/fields.hpp"
#include "graftage/data/sampler.hpp"
#include "graftage/mpi/communicator.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/train/adam.hpp"
#include "graftage/train/precision.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace graftage::pretrain {

struct BatchConfig {
  std::int64_t size = 64;
  std::int64_t virtual_shards = 4;
  data::Packing packing = data::Packing::Balanced;
};
template <class V>
void visit_fields(V& visit, BatchConfig& c) {
  visit("size", c.size, config::at_least(2), "graphs per optimiser step, over all ranks");
  visit("virtual_shards", c.virtual_shards, config::in_range(1, 4096),
        "pieces a batch is cut into; part of the run's identity, unlike the number of ranks");
  visit("packing", c.packing, config::any(),
        "balanced: pieces of about equal numbers of nodes; plain: pieces in the order of the epoch");
}

struct TrainConfig {
  std::int64_t epochs = 1;
  std::int64_t max_steps = 0;
  std::int64_t threads = 1;
  graph::FlowKind flow = graph::FlowKind::Merged;
  train::Precision precision = train::Precision::Fp32;
  double checkpoint_seconds = 30;
  double cache_mebibytes = 64;
};
template <class V>
void visit_fields(V& visit, TrainConfig& c) {
  visit("epochs", c.epochs, config::at_least(1), "passes over the corpus");
  visit("max_steps", c.max_steps, config::at_least(0), "end after this many steps; 0 = all epochs");
  visit("threads", c.threads, config::in_range(1, 1024), "LibTorch threads per rank");
  visit("flow", c.flow, config::any(), "merged: rows that are equal are computed once; plain: one row per node");
  visit("precision", c.precision, config::any(),
        "of the matrix products: fp32, bf16, or auto: bf16 with AMX, else fp32");
  visit("checkpoint_seconds", c.checkpoint_seconds, config::greater_than(0), "time between checkpoints");
  visit("cache_mebibytes", c.cache_mebibytes, config::at_least(1), "decoded graphs a rank keeps beside corpus/ranks");
}

/// `graftage pretrain`.
struct PretrainConfig {
  std::string name;  ///< shown in tables; default: the objective's kind
  std::filesystem::path output;
  std::filesystem::path corpus;
  std::int64_t seed = 0;
  nn::EncoderConfig encoder;
  config::Node objective;  ///< {kind: …, …}
  BatchConfig batch;
  TrainConfig train;
  train::AdamConfig optimizer;
};
template <class V>
void visit_fields(V& visit, PretrainConfig& c) {
  visit("name", c.name, config::any(), "name shown in tables; default: the objective's kind");
  visit("output", c.output, config::required(), "run directory");
  visit("corpus", c.corpus, config::required(), "corpus directory");
  visit("seed", c.seed, config::any(), "root seed of weights, order and sampling");
  visit("encoder", c.encoder, config::any(), "architecture");
  visit("objective", c.objective, config::required(), "objective: {kind: name, …}");
  visit("batch", c.batch, config::any(), "global batch");
  visit("train", c.train, config::any(), "length, threads, checkpoints");
  visit("optimizer", c.optimizer, config::any(), "Adam");
}

/// Parses and resolves (objective section included). @throws ConfigError
[[nodiscard]] PretrainConfig read_pretrain_config(const config::Node& document);

/// Trains, resumes or finds everything done. Leaves in `output`: encoder.h5, manifest.yaml, metrics.jsonl,
/// checkpoints/. Collective. @return false if everything was already there
bool run_pretrain(const PretrainConfig& config, const mpi::Communicator& communicator);

}  // namespace graftage::pretrain
