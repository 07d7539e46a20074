#include "graftage/study/run.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/build_info.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/exit_code.hpp"
#include "graftage/core/process.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/core/text.hpp"
#include "graftage/study/placement.hpp"
#include "graftage/study/state.hpp"

#include <chrono>
#include <csignal>
#include <unistd.h>

namespace graftage::study {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

core::ProcessOptions child_options(const Stage& stage) {
  core::ProcessOptions options;
  // mpirun and srun pass SIGUSR1 on to their ranks and wait; at SIGTERM they kill the ranks before a checkpoint is
  // written.
  if (stage.kind != StageKind::Report) options.forward_as = SIGUSR1;
  options.unset_prefixes = launcher_variables();
  // Ranks are bound as a whole. Threads bound one by one would put a rank's loader on the core of its first thread.
  options.set["OMP_PROC_BIND"] = "false";
  if (geteuid() == 0) {  // Open MPI refuses root without both
    options.set["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
    options.set["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
  }
  return options;
}

void print_plan(const StudyConfig& config, const std::vector<Stage>& stages, const StudyHooks& hooks) {
  hooks.print(
      "study " + config.name + ": " + std::to_string(stages.size()) + " stages on " +
      std::to_string(config.launcher.ranks) + " ranks" +
      (config.budget_minutes > 0 ? ", budget " + core::format_fixed(config.budget_minutes, 0) + " minutes" : ""));
  std::string warning;
  for (const Stage& stage : stages) {
    hooks.print("  " + stage.name + ": " + hooks.describe(stage));
    if (config.launcher.kind == LauncherKind::Mpirun && stage.kind != StageKind::Report && warning.empty())
      warning = place_ranks(config.launcher, threads_of(stage), core::processors_of_this_process()).warning;
  }
  if (!warning.empty()) hooks.print("  warning: " + warning);
}

/// The table of a sweep that was reported in an earlier run.
void print_stored_report(const Stage& stage, const StudyHooks& hooks) {
  const auto text = stage.output / "report.txt";
  if (std::filesystem::exists(text)) hooks.print(core::read_text(text));
}

bool is_success(int code) { return code == static_cast<int>(core::ExitCode::Done); }
bool is_partial(int code) { return code == static_cast<int>(core::ExitCode::PartialResults); }
/// Codes below graftage's own are of mpirun or srun: no free slots, a wrong option, no controller.
bool is_of_launcher(int code) { return code < static_cast<int>(core::ExitCode::Usage); }

/// Says why the study stops at a stage. @return the study's own code
int stop_at(const Stage& stage, int code, const StudyHooks& hooks) {
  constexpr int kCheckpointed = static_cast<int>(core::ExitCode::Checkpointed);
  if (code == kCheckpointed || core::stop_requested()) {  // a launcher that is stopped has a code of its own
    hooks.print("stopped at '" + stage.name + "': run the same command again to go on");
    return kCheckpointed;
  }
  hooks.print("study stopped at '" + stage.name + "'; finished stages are kept and skipped next time");
  if (!is_of_launcher(code)) return code;
  hooks.print("code " + std::to_string(code) +
              " is the launcher's own: check launcher.kind, launcher.ranks and launcher.arguments");
  return static_cast<int>(core::ExitCode::Internal);
}

}  // namespace

std::string stage_key(const Stage& stage, const std::vector<Stage>& earlier, const StudyHooks& hooks) {
  core::Sha256 digest;
  digest.update(core::build_info().version + "\n" + stage.name + "\n" + stage.document.to_json() + "\n");
  for (const auto& file : hooks.inputs(stage)) digest.update(file.string() + " " + core::sha256_file(file) + "\n");
  for (const Stage& other : earlier) {
    const bool feeds = other.kind < stage.kind || (stage.kind == StageKind::Import && other.kind == StageKind::Import);
    if (feeds) digest.update(other.name + " " + output_digest(other) + "\n");
  }
  return digest.hex();
}

int run_study(const StudyConfig& config, const StudyHooks& hooks) {
  const std::vector<Stage> stages = plan_stages(config);
  print_plan(config, stages, hooks);
  StudyState state(config.output);
  int result = static_cast<int>(core::ExitCode::Done);
  const auto start = std::chrono::steady_clock::now();
  int num_run = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (core::stop_requested()) throw core::Interrupted("study stopped between two stages; run the same command again");
    const Stage& stage = stages[i];
    const std::string label = "[" + std::to_string(i + 1) + "/" + std::to_string(stages.size()) + "] " + stage.name;
    const std::vector<Stage> earlier(stages.begin(), stages.begin() + static_cast<std::ptrdiff_t>(i));
    const std::string key = stage_key(stage, earlier, hooks);
    if (state.is_finished(stage, key)) {
      hooks.print(label + ": done before");
      if (stage.kind == StageKind::Report) print_stored_report(stage, hooks);
      continue;
    }
    const auto stage_start = std::chrono::steady_clock::now();
    hooks.print(label);
    if (hooks.before) hooks.before(stage, earlier);
    const int code =
        core::run_process(stage_command(stage, config.launcher, hooks.executable), child_options(stage)).exit_code;
    ++num_run;
    hooks.print(label + (is_success(code) ? ": done in " : ": ended with code " + std::to_string(code) + " after ") +
                core::format_duration(seconds_since(stage_start)));
    if (is_success(code)) state.record(stage, key);
    if (is_partial(code)) result = code;
    if (!is_success(code) && !is_partial(code)) return stop_at(stage, code, hooks);
  }
  hooks.print(
      "study " + config.name + ": " +
      (num_run == 0 ? "everything was done before" : "finished in " + core::format_duration(seconds_since(start))) +
      (is_partial(result) ? ", but some trials failed; the same command runs them again" : ""));
  return result;
}

}  // namespace graftage::study
