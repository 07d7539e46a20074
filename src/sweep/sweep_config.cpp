#include "graftage/sweep/sweep_config.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/text.hpp"
#include "graftage/sweep/search_space.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace graftage::sweep {

namespace {

using config::Node;
using core::ConfigError;

constexpr std::array kIgnored{"program", "command", "entity", "project"};

struct Unsupported {
  const char* key;
  const char* remedy;
};
constexpr std::array kUnsupported{
    Unsupported{"early_terminate", "every trial runs its epochs; remove the section"},
    Unsupported{"constraints", "use 'when' on a parameter, or list the settings"},
    Unsupported{"retries", "failed trials run again when the same command is given again; remove the section"},
    Unsupported{"resources", "resources belong to the job script; remove the section"},
    Unsupported{"controller", "graftage plans all trials before the first runs; remove the section"},
    Unsupported{"job", "trials are adaptations described in 'trial'; remove the key"},
    Unsupported{"image_uri", "trials are adaptations described in 'trial'; remove the key"},
};

/// The document without W&B's keys that mean nothing here.
Node without_ignored(const Node& document) {
  Node rest = document;
  std::erase_if(rest.entries, [](const auto& entry) {
    const bool ignored = std::find(kIgnored.begin(), kIgnored.end(), entry.first) != kIgnored.end();
    if (ignored)
      core::log_info(entry.second.mark.text() + ": '" + entry.first + "' is of W&B's agents and is ignored here");
    return ignored;
  });
  return rest;
}

void refuse_unsupported(const Node& document) {
  for (const auto& [key, remedy] : kUnsupported)
    if (const Node* value = document.find(key))
      throw ConfigError(value->mark.text(), std::string("'") + key + "' is not supported; " + remedy);
  if (const Node* method = document.find("method"); method != nullptr && method->scalar == "bayes")
    throw ConfigError(method->mark.text(), "method: 'bayes' is not supported; use grid or random");
}

std::string place_of(const Node& document, const char* path) {
  const Node* value = document.find_path(path);
  return (value != nullptr ? *value : document).mark.text();
}

void expect_one_of(const Node& document, const char* path, const std::string& value,
                   const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), value) != names.end()) return;
  throw ConfigError(place_of(document, path), std::string(path) + ": unknown value '" + core::printable(value) + "'" +
                                                  core::did_you_mean(value, names) + "; one of " +
                                                  core::join(names, ", "));
}

void check_metric(const Node& document, const SweepConfig& config) {
  expect_one_of(document, "metric.goal", config.metric.goal, {"maximize", "minimize"});
  if (!config.metric.name.starts_with("valid/") || config.metric.name.size() == 6)
    throw ConfigError(place_of(document, "metric.name"),
                      "metric.name: '" + core::printable(config.metric.name) +
                          "' is no validation curve; settings and epochs are selected on validation only, e.g. "
                          "valid/roc_auc");
  const Node* metric = document.find("metric");
  if (metric != nullptr && metric->find("name") != nullptr && metric->find("goal") == nullptr)
    throw ConfigError(metric->mark.text(),
                      "metric.goal: say maximize or minimize (W&B's default is minimize, so it is not guessed)");
}

void check_seeds(const Node& document, const SweepConfig& config) {
  const auto& seeds = config.replicates.seeds;
  if (seeds.empty())
    throw ConfigError(place_of(document, "replicates.seeds"), "replicates.seeds: needs at least one run seed");
  std::set<std::int64_t> seen;
  for (const auto seed : seeds)
    if (!seen.insert(seed).second)
      throw ConfigError(place_of(document, "replicates.seeds"),
                        "replicates.seeds: seed " + std::to_string(seed) + " is listed twice");
  if (const Node* seed = config.trial.find("seed"))
    throw ConfigError(seed->mark.text(), "trial.seed: run seeds belong to replicates.seeds");
}

void check_method(const Node& document, const SweepConfig& config) {
  expect_one_of(document, "method", config.method, {"grid", "random"});
  expect_one_of(document, "order", config.order, {"listed", "shuffled"});
  const SearchSpace space = read_search_space(config.parameters);
  if (config.method == "random") {
    if (config.run_cap) return;
    throw ConfigError(place_of(document, "method"), "method: random needs run_cap, the number of settings to try");
  }
  for (const Parameter& parameter : space.parameters) {
    if (!num_choices(parameter))
      throw ConfigError(parameter.mark.text(), "parameters." + parameter.name +
                                                   ": a grid needs finitely many values; give 'values', q_uniform or "
                                                   "int_uniform, or use method: random");
    if (!parameter.probabilities.empty())
      throw ConfigError(parameter.mark.text(),
                        "parameters." + parameter.name + ": probabilities mean nothing in a grid; use method: random");
  }
}

}  // namespace

SweepConfig read_sweep_config(const Node& document) {
  refuse_unsupported(document);
  if (const Node* target = document.find_path("metric.target"))
    throw ConfigError(target->mark.text(), "metric.target is not supported; every trial runs, remove the key");
  const Node own = without_ignored(document);
  auto config = config::read<SweepConfig>(own);
  if (config.trial.kind == Node::Kind::Null) config.trial.kind = Node::Kind::Mapping;
  config::detail::expect_kind(config.trial, Node::Kind::Mapping, "trial");
  check_metric(own, config);
  check_seeds(own, config);
  check_method(own, config);
  return config;
}

}  // namespace graftage::sweep
