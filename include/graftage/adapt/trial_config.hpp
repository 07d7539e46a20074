#pragma once

#include "graftage/config/fields.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/train/adam.hpp"
#include "graftage/train/precision.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace graftage::adapt {

struct TaskConfig {
  std::filesystem::path corpus;
  std::string split = "scaffold";
};
template <class V>
void visit_fields(V& visit, TaskConfig& c) {
  visit("corpus", c.corpus, config::required(), "labelled corpus directory");
  visit("split", c.split, config::any(), "split of the corpus");
}

struct EncoderSource {
  std::string source = "random";   ///< "random", or a pretraining run directory or encoder.h5
  nn::EncoderConfig architecture;  ///< of a random encoder; must agree with a pretrained one if given
};
template <class V>
void visit_fields(V& visit, EncoderSource& c) {
  visit("source", c.source, config::any(), "random, a pretraining run directory, or an encoder.h5");
  visit("architecture", c.architecture, config::any(), "architecture of a random encoder");
}

struct HeadConfig {
  std::int64_t num_layers = 1;
  nn::Readout readout = nn::Readout::Mean;
};
template <class V>
void visit_fields(V& visit, HeadConfig& c) {
  visit("num_layers", c.num_layers, config::in_range(1, 8), "layers of the prediction head");
  visit("readout", c.readout, config::any(), "pooling of node embeddings");
}

/// fixed: BatchNorm statistics of a frozen encoder re-estimated once on the training split, then fixed, no dropout.
/// reference: as the published code (batch statistics that drift, dropout).
enum class Protocol { Fixed, Reference };
std::vector<std::string> enum_names(const Protocol*);

struct AdaptTrainConfig {
  std::int64_t epochs = 100;
  std::int64_t batch_size = 32;
  double dropout = 0.5;  ///< full fine-tuning and protocol reference
  std::int64_t threads = 1;
  graph::FlowKind flow = graph::FlowKind::Merged;
  train::Precision precision = train::Precision::Fp32;
  bool evaluate_train = true;  ///< per-epoch metric of the training split too
};
template <class V>
void visit_fields(V& visit, AdaptTrainConfig& c) {
  visit("epochs", c.epochs, config::at_least(1), "passes over the training split");
  visit("batch_size", c.batch_size, config::at_least(2), "graphs per step");
  visit("dropout", c.dropout, config::in_range(0, 0.99), "dropout of full fine-tuning and of protocol: reference");
  visit("threads", c.threads, config::in_range(1, 1024), "LibTorch threads per rank");
  visit("flow", c.flow, config::any(), "merged: rows that are equal are computed once; plain: one row per node");
  visit("precision", c.precision, config::any(),
        "of the matrix products: fp32, bf16, or auto: bf16 with AMX, else fp32");
  visit("evaluate_train", c.evaluate_train, config::any(), "store the training split's metric per epoch too");
}

/// One adaptation of one encoder to one task with one run seed: `graftage adapt`, and each trial of a sweep.
struct TrialConfig {
  TaskConfig task;
  EncoderSource encoder;
  config::Node adapt;  ///< {kind: full | linear_probe | gpf | gpf_plus, …}
  HeadConfig head;
  Protocol protocol = Protocol::Fixed;
  AdaptTrainConfig train;
  train::AdamConfig optimizer;
  std::int64_t seed = 0;
};
template <class V>
void visit_fields(V& visit, TrialConfig& c) {
  visit("task", c.task, config::required(), "labelled corpus and split");
  visit("encoder", c.encoder, config::any(), "where the encoder comes from");
  visit("adapt", c.adapt, config::required(), "method: {kind: name, …}");
  visit("head", c.head, config::any(), "prediction head");
  visit("protocol", c.protocol, config::any(), "how a frozen encoder's BatchNorm and dropout behave");
  visit("train", c.train, config::any(), "length of training");
  visit("optimizer", c.optimizer, config::any(), "Adam");
  visit("seed", c.seed, config::any(), "run seed: head, prompt, order, dropout; and a random encoder's weights");
}

/// Parses and resolves (method section spelled out). @throws ConfigError
[[nodiscard]] TrialConfig read_trial_config(const config::Node& document);
/// Every field, method section included.
[[nodiscard]] config::Node resolved(const TrialConfig& config);

}  // namespace graftage::adapt
