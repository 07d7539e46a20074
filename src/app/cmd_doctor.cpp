#include "app/command.hpp"
#include "app/doctor_checks.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/process.hpp"
#include "graftage/core/text.hpp"
#include "graftage/h5/file.hpp"
#include "graftage/mpi/agreement.hpp"
#include "graftage/pretrain/run.hpp"
#include "graftage/study/stage.hpp"
#include "graftage/train/gemm_rate.hpp"
#include "graftage/train/numerics.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>

namespace graftage::app {

namespace {

constexpr double kGemmSeconds = 0.3;

/// What the command line says about the run to come.
struct Request {
  RunPlan plan;
  std::filesystem::path directory = ".";
};

Request read_request(const config::Node& document) {
  Request request;
  const auto config = config::read<study::StudyConfig>(document);
  request.plan.has_study = true;
  request.plan.launcher = config.launcher;
  request.directory = config.output;
  for (const study::Stage& stage : study::plan_stages(config))
    if (stage.kind == study::StageKind::Pretrain)
      request.plan.threads =
          std::max(request.plan.threads, pretrain::read_pretrain_config(stage.document).train.threads);
  return request;
}

/// First line of what a program prints; empty if it is not there or fails.
std::string ask(const std::vector<std::string>& argv, bool whole = false) {
  try {
    core::ProcessOptions options;
    options.capture = true;
    options.unset_prefixes = study::launcher_variables();  // or mpirun takes itself for a part of this job
    const core::ProcessResult result = core::run_process(argv, options);
    if (result.exit_code != 0) return "";
    const std::string text = result.out + result.err;
    return whole ? text : std::string(core::trim(text.substr(0, text.find('\n'))));
  } catch (const core::Error&) {
    return "";
  }
}

ToolFacts ask_tools() {
  ToolFacts tools;
  tools.mpi_library = mpi::library_version();
  tools.mpirun = ask({"mpirun", "--version"});
  tools.slurm = ask({"srun", "--version"});
  if (!tools.slurm.empty()) tools.slurm_mpi = ask({"srun", "--mpi=list"}, /*whole=*/true);
  tools.hdf5 = h5::library_version();
  tools.hdf5_is_thread_safe = h5::is_thread_safe();
  if (const char* const locking = std::getenv("HDF5_USE_FILE_LOCKING")) tools.hdf5_locking = locking;
  tools.in_allocation = std::getenv("SLURM_JOB_ID") != nullptr;
  return tools;
}

/// Collective: what each rank sees, on every rank.
Ranks gather(const mpi::Communicator& world, const DirectoryProbe* probe) {
  RankFacts own = gather_rank_facts();
  const std::filesystem::path file = world.broadcast_text(probe == nullptr ? "" : probe->file().string());
  std::error_code ignored;
  own.sees_probe = !file.empty() && std::filesystem::exists(file, ignored);
  world.barrier();
  own.clock = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  own.gemm_gflops = train::measure_gemm_rate(kGemmSeconds);
  Ranks ranks;
  for (const std::string& text : world.all_gather_text(own.to_text())) ranks.push_back(RankFacts::from_text(text));
  return ranks;
}

std::vector<Finding> examine(const Ranks& ranks, const RunPlan& plan, const DirectoryFacts& directory) {
  const ToolFacts tools = ask_tools();
  return {check_same_program(ranks),    check_processor(ranks),          check_libraries(ranks),
          check_openmp(ranks),          check_launcher(plan, tools),     check_threads(ranks, plan),
          check_pinning(ranks, plan),   check_gemm(ranks, plan.threads), check_allocator(ranks),
          check_memory(ranks, plan),    check_slurm(plan, tools),        check_directory(ranks, directory),
          check_space(directory),       check_hdf5(directory, tools),    check_open_files(ranks),
          check_clock(ranks, directory)};
}

core::ExitCode print(const std::vector<Finding>& findings) {
  const auto number = [&](Verdict verdict) {
    return std::to_string(std::count_if(findings.begin(), findings.end(),
                                        [&](const Finding& finding) { return finding.verdict == verdict; }));
  };
  std::string text;
  for (const Finding& finding : findings) text += format(finding);
  std::cout << text << number(Verdict::Ok) << " ok, " << number(Verdict::Warn) << " warn, " << number(Verdict::Fail)
            << " FAIL" << std::endl;
  return exit_code_of(findings);
}

/// Collective.
int diagnose(Request request, const mpi::Communicator& world) {
  RunPlan& plan = request.plan;
  plan.launch = mpi::read_launch(mpi::launch_environment());
  plan.world_size = world.size();
  plan.launch_problem = mpi::launch_problem(world.size(), mpi::launch_environment());
  (void)train::configure_numerics(static_cast<int>(plan.threads));
  std::unique_ptr<DirectoryProbe> probe;
  mpi::agree(world, [&] {
    if (world.is_root()) probe = std::make_unique<DirectoryProbe>(request.directory);
  });
  const Ranks ranks = gather(world, probe.get());
  auto code = static_cast<std::int64_t>(core::ExitCode::Done);
  mpi::agree(world, [&] {
    if (world.is_root()) code = static_cast<std::int64_t>(print(examine(ranks, plan, probe->facts())));
  });
  world.broadcast(std::span(&code, 1));
  return static_cast<int>(code);
}

}  // namespace

int run_doctor(const Invocation& invocation) {
  if (invocation.config == std::nullopt && !invocation.settings.empty())
    throw core::UsageError("--set changes a study; name it with --config STUDY.yaml");
  Request request;
  if (invocation.output) request.directory = *invocation.output;
  const auto read = [&](const config::Node& document) { request = read_request(document); };
  if (mpi::read_launch(mpi::launch_environment()).launcher.empty()) {  // no launcher: MPI is not needed and not started
    if (invocation.config) read(load_document(invocation));
    return diagnose(request, mpi::Communicator::self());
  }
  return with_ranks(
      [&](const mpi::Communicator& world) {
        if (invocation.config) parse_on_all_ranks(invocation, world, read);
        return diagnose(request, world);
      },
      LaunchCheck::Skip);
}

}  // namespace graftage::app
