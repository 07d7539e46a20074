#include "graftage/study/stage.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/study/placement.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace graftage::study {

std::vector<std::string> enum_names(const LauncherKind*) { return {"mpirun", "srun"}; }

namespace {

const char* command_of(StageKind kind) {
  switch (kind) {
    case StageKind::Import:
      return "import";
    case StageKind::Pretrain:
      return "pretrain";
    case StageKind::Sweep:
      return "sweep";
    case StageKind::Report:
      return "report";
  }
  GRAFTAGE_CHECK(false, static_cast<int>(kind));
}

Stage read_stage(StageKind kind, const std::filesystem::path& file) {
  Stage stage{.kind = kind, .name = "", .config = file, .output = "", .document = config::load_yaml(file)};
  const config::Node* output = stage.document.find("output");
  if (output == nullptr || output->kind != config::Node::Kind::Scalar)
    throw core::ConfigError(stage.document.mark.text(), "output: missing; name the directory this stage fills");
  stage.output = output->scalar;
  if (!stage.output.has_filename()) stage.output = stage.output.parent_path();  // "runs/a/" is runs/a
  stage.name = std::string(command_of(kind)) + " " + stage.output.lexically_normal().filename().string();
  return stage;
}

/// Stages of runs/a/sweep and runs/b/sweep are told apart by their whole path.
void spell_out_shared_names(std::vector<Stage>& stages) {
  std::map<std::string, int> count;
  for (const Stage& stage : stages) ++count[stage.name];
  for (Stage& stage : stages)
    if (count[stage.name] > 1)
      stage.name = std::string(command_of(stage.kind)) + " " + stage.output.lexically_normal().string();
}

}  // namespace

std::vector<Stage> plan_stages(const StudyConfig& config) {
  std::vector<Stage> stages;
  for (const auto& file : config.import) stages.push_back(read_stage(StageKind::Import, file));
  for (const auto& file : config.pretrain) stages.push_back(read_stage(StageKind::Pretrain, file));
  for (const auto& file : config.sweep) stages.push_back(read_stage(StageKind::Sweep, file));
  std::map<std::filesystem::path, std::filesystem::path> owner;
  for (const Stage& stage : stages) {
    const auto [entry, fresh] = owner.emplace(stage.output.lexically_normal(), stage.config);
    if (!fresh)
      throw core::ConfigError(stage.config.string(), "output: " + stage.output.string() + " is also the output of " +
                                                         entry->second.string() +
                                                         "; give each stage its own directory");
  }
  spell_out_shared_names(stages);
  if (!config.report) return stages;
  std::vector<Stage> reports;
  for (const Stage& stage : stages) {
    if (stage.kind != StageKind::Sweep) continue;
    reports.push_back(stage);
    reports.back().kind = StageKind::Report;
    reports.back().name.replace(0, std::string("sweep").size(), "report");
  }
  stages.insert(stages.end(), reports.begin(), reports.end());
  return stages;
}

std::int64_t threads_of(const Stage& stage) {
  const config::Node* value = stage.document.find_path("train.threads");
  if (value == nullptr) value = stage.document.find_path("trial.train.threads");  // of a sweep
  std::int64_t threads = 1;
  if (value != nullptr)
    (void)std::from_chars(value->scalar.data(), value->scalar.data() + value->scalar.size(), threads);
  return std::max<std::int64_t>(1, threads);
}

std::vector<std::string> stage_command(const Stage& stage, const LauncherConfig& launcher,
                                       const std::filesystem::path& executable, const core::Processors& processors) {
  if (stage.kind == StageKind::Report) return {executable.string(), "report", stage.output.string()};
  std::vector<std::string> argv;
  const std::string ranks = std::to_string(launcher.ranks);
  if (launcher.kind == LauncherKind::Mpirun) {
    argv = {"mpirun", "-q", "-n", ranks};
    const Placement placement = place_ranks(launcher, threads_of(stage), processors);
    argv.insert(argv.end(), placement.arguments.begin(), placement.arguments.end());
  } else {
    argv = {"srun", "--mpi=pmix", "--ntasks=" + ranks, "--kill-on-bad-exit=1"};
  }
  argv.insert(argv.end(), launcher.arguments.begin(), launcher.arguments.end());
  argv.insert(argv.end(), {executable.string(), command_of(stage.kind), "--config", stage.config.string()});
  return argv;
}

std::vector<std::string> launcher_variables() {
  return {"PMIX_",
          "PMI_",
          "OMPI_COMM_WORLD_",
          "OMPI_UNIVERSE_SIZE",
          "OMPI_MCA_orte_",
          "OMPI_MCA_ess",
          "OMPI_APP_CTX_",
          "OMPI_NUM_APP_",
          "OMPI_COMMAND",
          "OMPI_ARGV",
          "OMPI_FILE_LOCATION",
          "OMPI_FIRST_RANKS",
          "OMPI_MCA_initial_wdir",
          "OMPI_MCA_shmem_RUNTIME_"};
}

}  // namespace graftage::study
