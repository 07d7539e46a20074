// The lines of graftage doctor about memory, files, clocks and Slurm; doctor_checks.cpp has those about computing.
#include "app/doctor_checks.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace graftage::app {

namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;
/// LibTorch, the encoder with Adam's moments and one batch of activations.
constexpr std::uint64_t kMemoryPerRank = 1024 * kMebibyte;
constexpr std::uint64_t kLittleSpace = 2048 * kMebibyte;
constexpr std::uint64_t kNoSpace = 64 * kMebibyte;
constexpr std::uint64_t kFewFiles = 256;  // 32 shards stay open, beside libraries, logs and sockets
constexpr double kClockTolerance = 2.0;   // seconds
constexpr double kSaneClock = 1.7e9;      // November 2023, before this program was written

std::string bytes_text(std::uint64_t bytes) {
  const double gibibytes = static_cast<double>(bytes) / (1024.0 * static_cast<double>(kMebibyte));
  return core::format_fixed(gibibytes, gibibytes < 10 ? 1 : 0) + " GiB";
}

std::string seconds_text(double seconds) { return core::format_fixed(seconds, 1) + " s"; }

}  // namespace

Finding check_memory(const Ranks& ranks, const RunPlan& plan) {
  std::map<std::string, std::int64_t> on_host;
  for (const RankFacts& facts : ranks) ++on_host[facts.host];
  if (plan.launch.launcher.empty()) on_host.begin()->second = plan.num_ranks();
  std::string text;
  for (const RankFacts& facts : ranks) {
    const auto sharing = static_cast<std::uint64_t>(on_host.at(facts.host));
    const std::string here = bytes_text(facts.available_bytes) + " of " + bytes_text(facts.memory_bytes) + " free on " +
                             facts.host + " for " + count_text(on_host.at(facts.host), "rank");
    if (text.empty()) text = here;
    if (facts.available_bytes < sharing * kMemoryPerRank)
      return warn("memory", here, "a rank wants about 1 GiB at 5 x 300; use fewer ranks or ask for more memory");
  }
  return ok("memory", text);
}

Finding check_hdf5(const DirectoryFacts& directory, const ToolFacts& tools) {
  std::string text = "HDF5 " + tools.hdf5;
  if (!tools.hdf5_locking.empty()) text += ", HDF5_USE_FILE_LOCKING=" + tools.hdf5_locking;
  if (!tools.hdf5_is_thread_safe)
    text += ", not thread-safe: a sweep writes and verifies each result before its next trial";
  if (!directory.problem.empty()) return ok("HDF5", text);
  if (directory.lock_problem.empty()) return ok("HDF5", text + "; file locks work");
  text += "; file locks do not work in " + directory.probed.string() + ": " + directory.lock_problem;
  if (tools.hdf5_locking.empty() || tools.hdf5_locking == "FALSE" || tools.hdf5_locking == "BEST_EFFORT")
    return ok("HDF5", text + "; not needed: corpora are read without, and each file has one writer");
  return warn("HDF5", text, "unset HDF5_USE_FILE_LOCKING");
}

Finding check_slurm(const RunPlan& plan, const ToolFacts& tools) {
  const bool wanted = plan.has_study && plan.launcher.kind == study::LauncherKind::Srun;
  if (tools.slurm.empty()) {
    if (wanted)
      return failure("Slurm", "launcher.kind is srun, which is not in PATH",
                     "set launcher.kind=mpirun, or run where Slurm is", core::ExitCode::InputMissing);
    return ok("Slurm", "not here; ranks are started by mpirun");
  }
  const bool has_pmix = tools.slurm_mpi.find("pmix") != std::string::npos;
  const std::string text = tools.slurm + (tools.in_allocation ? ", inside a job" : ", outside a job") +
                           (has_pmix ? ", with PMIx" : ", without PMIx");
  if (wanted && !tools.in_allocation)
    return warn("Slurm", text, "launcher.kind=srun asks for resources itself here; sbatch jobs/study.sbatch is meant");
  if (!has_pmix && (wanted || plan.launch.launcher == "srun"))
    return failure("Slurm", text, "ask for a PMIx plugin (srun --mpi=list), or use mpirun inside the allocation",
                   core::ExitCode::Config);
  return ok("Slurm", text);
}

Finding check_directory(const Ranks& ranks, const DirectoryFacts& directory) {
  const bool exists = directory.probed == normalized(directory.wanted);
  const std::string where =
      directory.wanted.string() + (exists ? "" : " (to be made in " + directory.probed.string() + ")");
  const std::string type = directory.file_system.empty() ? "" : ", " + directory.file_system;
  if (!directory.problem.empty())
    return failure("run directory", where + type + ": no file can be written: " + directory.problem,
                   "choose another output directory, or correct its permissions or quota", directory.code);
  if (!directory.sync_problem.empty())
    return failure("run directory", where + type + ": fsync fails: " + directory.sync_problem,
                   "results could be lost by a crash; choose another file system", core::ExitCode::IoError);
  for (std::size_t r = 0; r < ranks.size(); ++r)
    if (!ranks[r].sees_probe)
      return failure("run directory",
                     where + type + ": rank " + std::to_string(r) + " on " + ranks[r].host +
                         " does not see what rank 0 on " + ranks.front().host + " wrote",
                     "choose a directory on a file system that all nodes share", core::ExitCode::CannotCreate);
  if (is_in_memory(directory.file_system))
    return warn("run directory", where + type + ": writable, but only in memory",
                "everything there is lost when the machine restarts; choose a directory on a disk");
  const bool one_host =
      std::all_of(ranks.begin(), ranks.end(), [&](const RankFacts& facts) { return facts.host == ranks.front().host; });
  const char* const reach = !one_host                              ? ", seen by all nodes"
                            : is_node_local(directory.file_system) ? ", this host only"
                                                                   : "";
  return ok("run directory", where + type + ": writable, durable" + reach);
}

Finding check_space(const DirectoryFacts& directory) {
  const std::string text = bytes_text(directory.free_bytes) + " free in " + directory.probed.string();
  if (directory.free_bytes < kNoSpace)
    return failure("free space", text, "make room before you start", core::ExitCode::IoError);
  if (directory.free_bytes < kLittleSpace) return warn("free space", text, "corpora and checkpoints may not fit");
  return ok("free space", text);
}

Finding check_open_files(const Ranks& ranks) {
  for (const RankFacts& facts : ranks)
    if (facts.open_files != 0 && facts.open_files < kFewFiles)
      return warn("open files", "at most " + std::to_string(facts.open_files) + " on " + facts.host,
                  "raise it: ulimit -n 1024");
  const std::uint64_t limit = ranks.front().open_files;
  return ok("open files", limit == 0 ? "no limit" : "at most " + std::to_string(limit));
}

Finding check_clock(const Ranks& ranks, const DirectoryFacts& directory) {
  const auto earlier = [](const RankFacts& a, const RankFacts& b) { return a.clock < b.clock; };
  const auto [first, last] = std::minmax_element(ranks.begin(), ranks.end(), earlier);
  const std::string remedy =
      "files are told apart by content, but logs and claims by time: synchronise the clocks (NTP)";
  if (first->clock < kSaneClock) return warn("clock", "the clock of " + first->host + " is years behind", remedy);
  if (last->clock - first->clock > kClockTolerance)
    return warn("clock", last->host + " is " + seconds_text(last->clock - first->clock) + " ahead of " + first->host,
                remedy);
  if (std::abs(directory.clock_skew) > kClockTolerance)
    return warn("clock", "the file system's clock differs by " + seconds_text(directory.clock_skew), remedy);
  return ok("clock", ranks.size() > 1 ? "the ranks agree" : "agrees with the file system's");
}

}  // namespace graftage::app
