#include "graftage/sweep/planner.hpp"

#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/seed.hpp"
#include "graftage/core/text.hpp"
#include "graftage/sweep/search_space.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace graftage::sweep {

namespace {

using config::Node;
using core::ConfigError;

constexpr std::size_t kTrialIdLength = 16;
constexpr std::size_t kGroupIdLength = 12;

std::string short_digest(const std::string& text, std::size_t length) {
  return core::sha256_hex(text).substr(0, length);
}

core::SeedSequence seed_of(const SweepConfig& config) {
  return core::SeedSequence(static_cast<std::uint64_t>(config.seed)).child("sweep");
}

std::vector<Setting> list_settings(const SweepConfig& config, const SearchSpace& space) {
  const auto num_seeds = static_cast<std::int64_t>(config.replicates.seeds.size());
  const std::int64_t limit = std::max<std::int64_t>(1, kMaximumTrials / num_seeds);
  if (config.method == "grid") return enumerate_grid(space, static_cast<std::uint64_t>(limit));
  if (*config.run_cap > limit)
    throw ConfigError(config.parameters.mark.text(), "run_cap: " + core::group_thousands(*config.run_cap) +
                                                         " settings x " + std::to_string(num_seeds) +
                                                         " seeds is more than " +
                                                         core::group_thousands(kMaximumTrials) + " trials; lower it");
  std::vector<Setting> settings;
  for (std::int64_t i = 0; i < *config.run_cap; ++i) settings.push_back(draw_setting(space, seed_of(config), i));
  return settings;
}

/// Positions of the settings to run, in the order they run.
std::vector<std::size_t> order_settings(const SweepConfig& config, std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (config.order == "shuffled") {
    const core::KeyedPermutation permutation(count, seed_of(config).child("order").value());
    for (std::size_t i = 0; i < count; ++i) order[i] = permutation(i);
  }
  if (config.run_cap) order.resize(std::min(count, static_cast<std::size_t>(*config.run_cap)));
  return order;
}

/// Sets a parameter in the trial; what it creates on the way gets the parameter's place, for messages.
void set_value(Node& trial, const Parameter& parameter, const Node& value) {
  trial.at_path(parameter.name) = value;
  for (std::size_t dot = 0; dot != std::string::npos;) {
    dot = parameter.name.find('.', dot + 1);
    auto* part = const_cast<Node*>(trial.find_path(parameter.name.substr(0, dot)));
    if (part == nullptr) continue;  // the trial section holds a key that itself has dots
    if (part->mark.file.empty()) part->mark = parameter.mark;
    if (part->key_mark.file.empty()) part->key_mark = parameter.mark;
  }
}

/// "adapt.kind=gpf optimizer.lr=0.01", for messages.
std::string describe(const SearchSpace& space, const Setting& setting) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < setting.size(); ++i)
    if (setting[i]) parts.push_back(space.parameters[i].name + "=" + setting[i]->to_json());
  return core::printable(core::join(parts, " "));
}

class Planner {
 public:
  Planner(const SweepConfig& config, const ResolveTrial& resolve)
      : config_(config), resolve_(resolve), space_(read_search_space(config.parameters)) {}

  std::vector<Trial> plan() {
    const auto settings = list_settings(config_, space_);
    const auto order = order_settings(config_, settings.size());
    std::vector<Trial> trials;
    std::size_t merged = 0;
    for (const std::size_t index : order) {
      for (std::size_t s = 0; s < config_.replicates.seeds.size(); ++s) {
        Trial trial = make_trial(settings[index], config_.replicates.seeds[s]);
        trial.number = static_cast<std::int64_t>(index * config_.replicates.seeds.size() + s);
        if (ids_.insert(trial.id).second)
          trials.push_back(std::move(trial));
        else
          ++merged;
      }
    }
    if (merged > 0)
      core::log_info(std::to_string(merged) + " trials are the same as others of this sweep and run once");
    check_compared();
    return trials;
  }

 private:
  Trial make_trial(const Setting& setting, std::int64_t seed) {
    Node document = config_.trial;
    document.kind = Node::Kind::Mapping;
    ResolvedTrial resolved;
    try {
      for (std::size_t i = 0; i < setting.size(); ++i)
        if (setting[i]) set_value(document, space_.parameters[i], *setting[i]);
      document.entry("seed") = Node::from_scalar(std::to_string(seed), config_.parameters.mark);
      resolved = resolve_(document);
    } catch (const ConfigError& error) {
      const std::string prefix = error.where().empty() ? "" : error.where() + ": ";
      throw ConfigError(error.where().empty() ? config_.parameters.mark.text() : error.where(),
                        std::string(error.what()).substr(prefix.size()) + " [trial " + describe(space_, setting) + "]");
    }
    Trial trial;
    trial.id = short_digest(resolved.identity_text, kTrialIdLength);
    trial.seed = seed;
    trial.config = std::move(resolved.config);
    trial.setting = short_digest(without_seed(trial.config).to_json(), kGroupIdLength);
    trial.cell = short_digest(compared_values(trial.config), kGroupIdLength);
    for (const Parameter& parameter : space_.parameters)
      if (const Node* value = trial.config.find_path(parameter.name))
        trial.parameters[parameter.name] = value->to_json();
    return trial;
  }

  static Node without_seed(Node config) {
    std::erase_if(config.entries, [](const auto& entry) { return entry.first == "seed"; });
    return config;
  }

  std::string compared_values(const Node& config) {
    std::string text;
    for (const std::string& path : config_.compare) {
      const Node* value = config.find_path(path);
      if (value != nullptr) compared_.insert(path);
      text += path + "=" + (value == nullptr ? "" : value->to_json()) + "\n";
    }
    return text;
  }

  /// A mistyped name would put different things into one table row.
  void check_compared() const {
    std::vector<std::string> names;
    for (const Parameter& parameter : space_.parameters) names.push_back(parameter.name);
    for (const std::string& path : config_.compare)
      if (!compared_.contains(path))
        throw ConfigError(core::printable(config_.parameters.mark.file),
                          "compare: '" + core::printable(path) + "' is no field of the trial" +
                              core::did_you_mean(path, names) + "; parameters: " + core::join(names, ", "));
  }

  const SweepConfig& config_;
  const ResolveTrial& resolve_;
  SearchSpace space_;
  std::set<std::string> ids_;
  std::set<std::string> compared_;  ///< those found in at least one trial
};

}  // namespace

std::vector<Trial> plan(const SweepConfig& config, const ResolveTrial& resolve) {
  return Planner(config, resolve).plan();
}

}  // namespace graftage::sweep
