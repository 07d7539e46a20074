#pragma once

#include "graftage/config/fields.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace graftage::sweep {

struct MetricConfig {
  std::string name = "valid/roc_auc";
  std::string goal = "maximize";
};
template <class V>
void visit_fields(V& visit, MetricConfig& c) {
  visit("name", c.name, config::any(), "curve that selects, e.g. valid/roc_auc");
  visit("goal", c.goal, config::any(), "maximize or minimize");
}

/// Seeds are replicates, never a parameter: the objective of a setting is its mean over them.
struct ReplicateConfig {
  std::vector<std::int64_t> seeds = {0, 1, 2};
};
template <class V>
void visit_fields(V& visit, ReplicateConfig& c) {
  visit("seeds", c.seeds, config::any(), "run seeds");
}

/// A sweep file: the W&B keys (name, description, method, metric, parameters, run_cap) and graftage's extensions.
struct SweepConfig {
  std::int64_t version = 1;
  std::string name;
  std::string description;
  std::filesystem::path output;
  std::string method = "grid";  ///< grid | random
  MetricConfig metric;
  config::Node parameters;  ///< W&B parameters, dotted names
  std::int64_t seed = 0;    ///< of the sweep itself (random search, shuffled order)
  std::optional<std::int64_t> run_cap;
  std::string order = "listed";  ///< listed | shuffled
  ReplicateConfig replicates;
  std::vector<std::string> compare = {"task.corpus", "encoder.source",
                                      "adapt.kind"};  ///< parameters that make a table row; the others are tuned
  config::Node trial;                                 ///< the adaptation every trial starts from
};
template <class V>
void visit_fields(V& visit, SweepConfig& c) {
  visit("version", c.version, config::in_range(1, 1), "version of this file format");
  visit("name", c.name, config::required(), "name of the sweep");
  visit("description", c.description, config::any(), "free text");
  visit("output", c.output, config::required(), "run directory");
  visit("method", c.method, config::any(), "grid or random");
  visit("metric", c.metric, config::any(), "validation curve that selects");
  visit("parameters", c.parameters, config::required(), "what varies, by dotted name: values, min/max, distribution");
  visit("seed", c.seed, config::any(), "seed of the sweep itself");
  visit("run_cap", c.run_cap, config::at_least(1), "settings tried at most; required for random search");
  visit("order", c.order, config::any(), "listed or shuffled");
  visit("replicates", c.replicates, config::any(), "run seeds of every setting");
  visit("compare", c.compare, config::any(), "parameters that make a table row; the others are tuned on validation");
  visit("trial", c.trial, config::any(), "settings every trial starts from");
}

/// Reads a sweep file. W&B's program, command, entity, project are ignored with a note; bayes, early_terminate and what
/// else is not supported is refused by name with its place; so are a metric that is no validation curve, a grid over a
/// continuous parameter and a random search without run_cap. @throws ConfigError
[[nodiscard]] SweepConfig read_sweep_config(const config::Node& document);

}  // namespace graftage::sweep
