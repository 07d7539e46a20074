// Every file under configs/ is read by the command it is for, so none rots.

#include "app/command.hpp"
#include "graftage/adapt/trial_config.hpp"
#include "graftage/config/load.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/pretrain/run.hpp"
#include "graftage/study/stage.hpp"
#include "graftage/study/study_config.hpp"
#include "graftage/sweep/planner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace graftage::app {
namespace {

/// Paths in configurations are relative to the checkout.
class InCheckout : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(GRAFTAGE_SOURCE_DIR); }
  void TearDown() override { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

using Configs = InCheckout;

std::vector<std::filesystem::path> files_under(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(directory)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

sweep::ResolvedTrial resolve(const config::Node& trial) {
  const config::Node resolved = adapt::resolved(adapt::read_trial_config(trial));
  return {.config = resolved, .identity_text = resolved.to_json()};
}

/// The resolved configuration, as text.
std::string read_pretraining(const config::Node& document) {
  return config::dump(pretrain::read_pretrain_config(document)).to_json();
}
std::string read_import(const config::Node& document) {
  return config::dump(config::read<data::ImportConfig>(document)).to_json();
}
std::string read_adaptation(const config::Node& document) {
  return adapt::resolved(adapt::read_trial_config(document)).to_json();
}
std::string read_sweep(const config::Node& document) {
  const auto config = sweep::read_sweep_config(document);
  EXPECT_FALSE(sweep::plan(config, resolve).empty()) << config.name;
  return config::dump(config).to_json();
}

std::string read_stage(const study::Stage& stage) {
  switch (stage.kind) {
    case study::StageKind::Import:
      return read_import(stage.document);
    case study::StageKind::Pretrain:
      return read_pretraining(stage.document);
    default:
      return read_sweep(stage.document);
  }
}

std::string read_study(const config::Node& document) {
  const auto config = config::read<study::StudyConfig>(document);
  const auto stages = study::plan_stages(config);
  EXPECT_FALSE(stages.empty()) << config.name;
  for (const auto& stage : stages) EXPECT_NO_THROW((void)read_stage(stage)) << stage.name;
  return config::dump(config).to_json();
}

using Reader = std::string (*)(const config::Node&);

const std::map<std::string, Reader>& readers() {
  static const std::map<std::string, Reader> table{{"corpora", read_import},
                                                   {"pretrain", read_pretraining},
                                                   {"adapt", read_adaptation},
                                                   {"sweeps", read_sweep},
                                                   {"studies", read_study}};
  return table;
}

TEST_F(Configs, EveryFileIsReadByItsCommand) {
  const auto files = files_under("configs");

  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    const std::string folder = std::next(file.begin())->string();
    const auto reader = readers().find(folder);
    ASSERT_NE(reader, readers().end()) << file << " is in no folder of a command";
    EXPECT_EQ(file.extension(), ".yaml") << file;
    EXPECT_NO_THROW((void)reader->second(config::load_yaml(file))) << file;
  }
}

TEST_F(Configs, AResolvedConfigurationResolvesToItself) {
  for (const char* folder : {"corpora", "pretrain", "adapt"})
    for (const auto& file : files_under(std::filesystem::path("configs") / folder)) {
      const Reader read = readers().at(folder);

      const std::string resolved = read(config::load_yaml(file));

      EXPECT_EQ(read(config::from_json(resolved)), resolved) << file;
    }
}

/// Pretraining and adaptation read corpora that some file under configs/corpora writes.
TEST_F(Configs, EveryCorpusIsTheOutputOfAnImport) {
  std::vector<std::string> corpora;
  for (const auto& file : files_under("configs/corpora"))
    corpora.push_back(config::read<data::ImportConfig>(config::load_yaml(file)).output.string());
  const auto expect_corpus = [&](const std::filesystem::path& file, const std::filesystem::path& corpus) {
    EXPECT_NE(std::find(corpora.begin(), corpora.end(), corpus.string()), corpora.end())
        << file << " reads " << corpus << ", which no file under configs/corpora writes";
  };

  for (const auto& file : files_under("configs/pretrain"))
    expect_corpus(file, pretrain::read_pretrain_config(config::load_yaml(file)).corpus);
  for (const auto& file : files_under("configs/adapt"))
    expect_corpus(file, adapt::read_trial_config(config::load_yaml(file)).task.corpus);
}

/// What one stage reads another stage of the same study writes: a renamed output breaks here, not after an hour.
TEST_F(Configs, StagesOfAStudyFitTogether) {
  for (const auto& file : files_under("configs/studies")) {
    std::vector<std::string> outputs;
    for (const auto& stage : study::plan_stages(config::read<study::StudyConfig>(config::load_yaml(file)))) {
      const auto expect_output = [&](const std::string& path) {
        EXPECT_NE(std::find(outputs.begin(), outputs.end(), path), outputs.end())
            << file << ": " << stage.name << " reads " << path << ", which no earlier stage writes";
      };
      if (stage.kind == study::StageKind::Import)
        for (const auto& corpus : config::read<data::ImportConfig>(stage.document).exclude)
          expect_output(corpus.string());
      if (stage.kind == study::StageKind::Pretrain)
        expect_output(pretrain::read_pretrain_config(stage.document).corpus.string());
      if (stage.kind == study::StageKind::Sweep)
        for (const auto& trial : sweep::plan(sweep::read_sweep_config(stage.document), resolve)) {
          const auto config = adapt::read_trial_config(trial.config);
          expect_output(config.task.corpus.string());
          if (config.encoder.source != "random") expect_output(config.encoder.source);
        }
      outputs.push_back(stage.output.string());
    }
  }
}

}  // namespace
}  // namespace graftage::app
