#include "app/command.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/data/importer.hpp"
#include "graftage/pretrain/run.hpp"
#include "graftage/study/run.hpp"
#include "graftage/sweep/sweep_config.hpp"

#include <iostream>

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

std::string describe_sweep(const sweep::SweepConfig& config) {
  std::string text = config.method + " over";
  for (const auto& [name, parameter] : config.parameters.entries) {
    const config::Node* values = parameter.find("values");
    text += " " + name + (values != nullptr ? "(" + std::to_string(values->items.size()) + ")" : "");
  }
  text += ", " + std::to_string(config.replicates.seeds.size()) + " seeds";
  if (const config::Node* epochs = config.trial.find_path("train.epochs")) text += ", " + epochs->scalar + " epochs";
  return text;
}

std::string describe(const study::Stage& stage) {
  switch (stage.kind) {
    case study::StageKind::Import:
      return describe_import(config::read<data::ImportConfig>(stage.document));
    case study::StageKind::Pretrain:
      return describe_pretrain(pretrain::read_pretrain_config(stage.document));
    case study::StageKind::Sweep:
      return describe_sweep(sweep::read_sweep_config(stage.document));
    case study::StageKind::Report:
      return stage.output.string();
  }
  return "";
}

std::vector<std::filesystem::path> inputs(const study::Stage& stage) {
  std::vector<std::filesystem::path> files;
  if (stage.kind != study::StageKind::Import) return files;
  const auto config = config::read<data::ImportConfig>(stage.document);
  for (const auto& source : config.sources) files.push_back(data::resolve_input_path(source.file));
  if (config.labels.join_file) files.push_back(data::resolve_input_path(*config.labels.join_file));
  std::erase_if(files, [](const auto& file) { return std::filesystem::is_directory(file); });
  return files;
}

}  // namespace

int run_study(const Invocation& invocation) {
  Invocation study = invocation;
  if (!study.config && study.arguments.size() == 1)
    study.config = study.arguments.front();
  else if (!study.arguments.empty() || !study.config)
    throw core::UsageError("study takes one file, e.g. graftage study configs/studies/quickstart.yaml");
  const auto config = config::read<study::StudyConfig>(load_document(study));
  if (study.dry_run) {
    std::cout << config::dump(config).to_yaml();
    for (const auto& stage : study::plan_stages(config))
      std::cout << "# " << stage.name << ": " << describe(stage) << '\n';
    return 0;
  }
  core::install_stop_signal_handlers();
  return study::run_study(config, {.executable = study.executable,
                                   .inputs = inputs,
                                   .describe = describe,
                                   .print = [](const std::string& line) { std::cout << line << std::endl; }});
}

}  // namespace graftage::app
