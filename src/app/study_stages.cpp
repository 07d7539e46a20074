#include "app/study_stages.hpp"

#include "graftage/adapt/trial_config.hpp"
#include "graftage/core/error.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/data/importer.hpp"
#include "graftage/pretrain/run.hpp"
#include "graftage/sweep/planner.hpp"

#include <algorithm>
#include <set>

namespace graftage::app {

namespace {

std::string describe_import(const data::ImportConfig& config) {
  std::string text = std::to_string(config.sources.size()) + " source(s)";
  if (config.expect.graphs) text += ", " + std::to_string(*config.expect.graphs) + " graphs";
  if (!config.exclude.empty())
    text += ", without the molecules of " + std::to_string(config.exclude.size()) + " task(s)";
  return text;
}

std::string describe_pretrain(const pretrain::PretrainConfig& config) {
  const config::Node* kind = config.objective.find("kind");
  return (kind != nullptr ? kind->scalar : "objective") + ", encoder " + std::to_string(config.encoder.num_layers) +
         " x " + std::to_string(config.encoder.width) + ", batch " + std::to_string(config.batch.size) + " in " +
         std::to_string(config.batch.virtual_shards) + " virtual shards, " + std::to_string(config.train.epochs) +
         " epoch(s)" +
         (config.train.max_steps > 0 ? ", at most " + std::to_string(config.train.max_steps) + " steps" : "");
}

/// Every trial of a sweep, checked as far as that goes before its inputs exist.
std::vector<sweep::Trial> list_trials(const sweep::SweepConfig& config) {
  return sweep::plan(config, [](const config::Node& trial) {
    auto resolved = adapt::resolved(adapt::read_trial_config(trial));
    return sweep::ResolvedTrial{.config = resolved, .identity_text = resolved.to_json()};
  });
}

std::string describe_sweep(const sweep::SweepConfig& config) {
  std::string text = std::to_string(list_trials(config).size()) + " trials: " + config.method + " over";
  for (const auto& [name, parameter] : config.parameters.entries) {
    const config::Node* values = parameter.find("values");
    text += " " + name + (values != nullptr ? "(" + std::to_string(values->items.size()) + ")" : "");
  }
  text += ", " + std::to_string(config.replicates.seeds.size()) + " seeds";
  if (const config::Node* epochs = config.trial.find_path("train.epochs")) text += ", " + epochs->scalar + " epochs";
  return text;
}

/// Directories that a stage reads and an earlier one may make.
std::set<std::filesystem::path> upstream(const study::Stage& stage) {
  std::set<std::filesystem::path> paths;
  if (stage.kind == study::StageKind::Import)
    for (const auto& corpus : data::read_import_config(stage.document).exclude) paths.insert(corpus);
  if (stage.kind == study::StageKind::Pretrain) paths.insert(pretrain::read_pretrain_config(stage.document).corpus);
  if (stage.kind == study::StageKind::Sweep)
    for (const auto& trial : list_trials(sweep::read_sweep_config(stage.document))) {
      const auto config = adapt::read_trial_config(trial.config);
      paths.insert(config.task.corpus);
      if (config.encoder.source != "random") paths.insert(config.encoder.source);
    }
  return paths;
}

/// A table, or every file of a raw directory.
void add_files(const std::filesystem::path& path, std::vector<std::filesystem::path>& files) {
  if (!std::filesystem::is_directory(path)) {
    files.push_back(path);
    return;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
}

}  // namespace

std::string describe_stage(const study::Stage& stage) {
  switch (stage.kind) {
    case study::StageKind::Import:
      return describe_import(data::read_import_config(stage.document));
    case study::StageKind::Pretrain:
      return describe_pretrain(pretrain::read_pretrain_config(stage.document));
    case study::StageKind::Sweep:
      return describe_sweep(sweep::read_sweep_config(stage.document));
    case study::StageKind::Report:
      return stage.output.string();
  }
  return "";
}

std::vector<std::filesystem::path> input_files(const study::Stage& stage) {
  std::vector<std::filesystem::path> files;
  if (stage.kind != study::StageKind::Import) return files;
  const auto config = data::read_import_config(stage.document);
  for (const auto& source : config.sources) add_files(data::resolve_input_path(source.file), files);
  if (config.labels.join_file) add_files(data::resolve_input_path(*config.labels.join_file), files);
  std::sort(files.begin(), files.end());
  return files;
}

void check_upstream(const std::vector<study::Stage>& stages) {
  std::set<std::filesystem::path> made;
  for (const auto& stage : stages) {
    for (const auto& path : upstream(stage)) {
      const auto normal = std::filesystem::absolute(path).lexically_normal();
      if (!made.contains(normal) && !made.contains(normal.parent_path()) && !std::filesystem::exists(path))
        throw core::MissingInput(path.string(), "no earlier stage of the study makes it; correct " +
                                                    stage.config.string() + " or the list of stages");
    }
    const auto output = std::filesystem::absolute(stage.output).lexically_normal();
    made.insert(output.has_filename() ? output : output.parent_path());
  }
}

}  // namespace graftage::app
