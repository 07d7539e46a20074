#include "app/doctor_checks.hpp"

#include "graftage/core/text.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace graftage::app {

namespace {

/// "rank 0: a, rank 2: b", one rank for each value that occurs; empty if all ranks say the same.
template <class Value>
std::string differences(const Ranks& ranks, const Value& value) {
  std::map<std::string, std::size_t> first;
  for (std::size_t r = 0; r < ranks.size(); ++r) first.emplace(value(ranks[r]), r);
  if (first.size() < 2) return "";
  std::map<std::size_t, std::string> by_rank;
  for (const auto& [text, rank] : first) by_rank[rank] = text;
  std::vector<std::string> parts;
  for (const auto& [rank, text] : by_rank) parts.push_back("rank " + std::to_string(rank) + ": " + text);
  return core::join(parts, ", ");
}

std::map<std::string, std::vector<std::size_t>> ranks_by_host(const Ranks& ranks) {
  std::map<std::string, std::vector<std::size_t>> hosts;
  for (std::size_t r = 0; r < ranks.size(); ++r) hosts[ranks[r].host].push_back(r);
  return hosts;
}

/// All that the ranks of one host may use together.
core::Processors processors_of(const Ranks& ranks, const std::vector<std::size_t>& of_host) {
  core::Processors all = ranks[of_host.front()].processors();
  std::set<int> cpus;
  int cores = 0;
  bool overlap = false;
  for (const std::size_t r : of_host) {
    const auto& own = ranks[r].allowed_cpus;
    for (const int cpu : own) overlap = !cpus.insert(cpu).second || overlap;
    cores += ranks[r].num_cores;
  }
  // Ranks bound apart from each other add up; ranks that share are as good as the largest share.
  if (overlap) {
    cores = 0;
    for (const std::size_t r : of_host) cores = std::max(cores, ranks[r].num_cores);
  }
  all.allowed.assign(cpus.begin(), cpus.end());
  all.num_cores = std::max(cores, 1);
  return all;
}

}  // namespace

std::int64_t RunPlan::num_ranks() const {
  if (!launch.launcher.empty()) return world_size;
  return has_study ? launcher.ranks : 1;
}

Finding check_processor(const Ranks& ranks) {
  const std::string other = differences(ranks, [](const RankFacts& r) { return r.processor + " (" + r.isa + ")"; });
  if (!other.empty())
    return warn("processor", "the ranks run on different processors: " + other,
                "choose nodes of one kind; the bits of a run are the same on one kind of processor only");
  const RankFacts& facts = ranks.front();
  const std::string amx = facts.amx_granted ? "" : facts.has_amx ? ", AMX refused by the kernel" : ", no AMX";
  const std::string text = facts.processor + ": " + facts.isa + amx + "; LibTorch uses " + facts.torch_isa;
  if (facts.has_amx && !facts.amx_granted)
    return warn("processor", text, "precision: auto takes fp32 here; Linux 5.16 or newer grants AMX");
  const bool uses_less =
      (facts.has_avx512 && facts.torch_isa != "AVX512") || (facts.has_avx2 && facts.torch_isa == "DEFAULT");
  if (uses_less) return warn("processor", text, "unset ATEN_CPU_CAPABILITY");
  if (!facts.has_avx2) return warn("processor", text, "it works, but a processor with AVX2 is several times as fast");
  return ok("processor", text);
}

Finding check_libraries(const Ranks& ranks) {
  const std::string other = differences(ranks, [](const RankFacts& r) { return r.libraries + " " + r.mkl_path; });
  if (!other.empty())
    return failure("libraries", "the ranks load different libraries: " + other,
                   "start all of them from one installation", core::ExitCode::Internal);
  return ok("libraries", ranks.front().libraries + "; MKL path " + ranks.front().mkl_path);
}

Finding check_same_program(const Ranks& ranks) {
  const std::string other = differences(ranks, [](const RankFacts& r) { return r.program; });
  if (!other.empty())
    return failure("program", "the ranks run different builds: " + other, "start all of them from one installation",
                   core::ExitCode::Internal);
  return ok("program", "graftage " + ranks.front().program);
}

Finding check_openmp(const Ranks& ranks) {
  for (std::size_t r = 0; r < ranks.size(); ++r)
    if (ranks[r].openmp.size() > 1)
      return failure(
          "OpenMP",
          "rank " + std::to_string(r) + " has loaded " + std::to_string(ranks[r].openmp.size()) +
              " runtimes: " + core::join(ranks[r].openmp, ", "),
          "their threads fight for the cores: let LD_LIBRARY_PATH and LD_PRELOAD name none, or LibTorch's only",
          core::ExitCode::Internal);
  const auto& loaded = ranks.front().openmp;
  return ok("OpenMP", loaded.empty() ? "no runtime loaded" : "one runtime: " + loaded.front());
}

Finding check_launcher(const RunPlan& plan, const ToolFacts& tools) {
  const std::string with = "; " + tools.mpi_library;
  if (!plan.launch_problem.empty()) {
    const std::size_t remedy = plan.launch_problem.rfind("; ");
    return failure("launcher", plan.launch_problem.substr(0, remedy), plan.launch_problem.substr(remedy + 2),
                   core::ExitCode::Internal);
  }
  if (plan.launch.launcher.empty()) {
    if (!plan.has_study) return ok("launcher", "none: one process alone" + with);
    const bool is_mpirun = plan.launcher.kind == study::LauncherKind::Mpirun;
    if (is_mpirun && tools.mpirun.empty())
      return failure("launcher", "the study starts mpirun, which is not in PATH",
                     "install Open MPI, load its module, or set launcher.kind=srun", core::ExitCode::InputMissing);
    if (is_mpirun) return ok("launcher", "the study starts " + tools.mpirun + with);
    return ok("launcher", "the study starts srun --mpi=pmix" + with);
  }
  const std::string text = plan.launch.launcher + ", " + count_text(plan.world_size, "rank") +
                           (plan.launch.wire_up.empty() ? "" : " over " + plan.launch.wire_up) + with;
  if (plan.launch.num_tasks != plan.world_size)
    return failure("launcher", text + "; it says that it started " + std::to_string(plan.launch.num_tasks),
                   "start graftage with the launcher of the MPI library it was built with", core::ExitCode::Internal);
  return ok("launcher", text);
}

Finding check_threads(const Ranks& ranks, const RunPlan& plan) {
  const bool is_running = !plan.launch.launcher.empty();
  std::vector<std::string> crowded;
  std::string text;
  for (const auto& [host, of_host] : ranks_by_host(ranks)) {
    const core::Processors processors = processors_of(ranks, of_host);
    const std::int64_t on_host = is_running ? static_cast<std::int64_t>(of_host.size()) : plan.num_ranks();
    const std::string here =
        count_text(on_host, "rank") + " x " + count_text(plan.threads, "thread") + " on " +
        count_text(processors.usable_cores(), "usable core") +
        (processors.usable_threads() > processors.usable_cores()
             ? " (" + count_text(processors.usable_threads(), "hardware thread") + ")"
             : "") +
        (processors.quota ? ", of which the control group grants " + core::format_fixed(*processors.quota, 1) : "");
    if (text.empty()) text = here;
    if (on_host * plan.threads > processors.usable_threads()) crowded.push_back(host + ": " + here);
  }
  if (crowded.empty()) return ok("threads", text);
  // A study on several nodes starts its ranks elsewhere, too.
  if (!is_running && plan.has_study && plan.launcher.kind == study::LauncherKind::Srun) return ok("threads", text);
  return warn("threads", "more threads than cores: " + core::join(crowded, ", "),
              "they take turns; lower launcher.ranks or train.threads, or ask for more cores");
}

Finding check_pinning(const Ranks& ranks, const RunPlan& plan) {
  for (std::size_t r = 0; r < ranks.size(); ++r)
    if (const std::string& bind = ranks[r].proc_bind; !bind.empty() && bind != "false" && bind != "FALSE")
      return warn("pinning", "OMP_PROC_BIND=" + bind + " puts a rank's loader on the core of its first thread",
                  "unset OMP_PROC_BIND; the launcher binds ranks to cores");
  std::vector<std::string> places;
  bool bound = true;
  for (const auto& [host, of_host] : ranks_by_host(ranks)) {
    std::map<int, std::size_t> owner;
    for (const std::size_t r : of_host) {
      const RankFacts& facts = ranks[r];
      const bool is_bound = facts.processors().is_bound();
      bound = bound && is_bound;
      places.push_back("rank " + std::to_string(r) + " on " + core::format_cpu_list(facts.allowed_cpus));
      if (!is_bound) continue;
      for (const int cpu : facts.allowed_cpus) {
        const auto [entry, fresh] = owner.emplace(cpu, r);
        if (!fresh && entry->second != r)
          return warn(
              "pinning",
              "ranks " + std::to_string(entry->second) + " and " + std::to_string(r) + " of " + host +
                  " are both bound to processor " + std::to_string(cpu),
              "start them with mpirun --bind-to core --map-by slot:PE=THREADS, or srun --cpus-per-task=THREADS");
      }
    }
  }
  if (places.size() > 8) {
    places.resize(8);
    places.emplace_back("...");
  }
  if (bound) return ok("pinning", "bound: " + core::join(places, ", "));
  const auto processors = processors_of(ranks, ranks_by_host(ranks).begin()->second);
  const bool has_room = static_cast<std::int64_t>(ranks.size()) * plan.threads <= processors.usable_cores();
  if (ranks.size() > 1 && has_room)
    return warn("pinning", "not bound: ranks may move between cores",
                "start them with mpirun --bind-to core --map-by slot:PE=" + std::to_string(plan.threads) +
                    "; graftage study does");
  return ok("pinning",
            ranks.size() > 1 ? "not bound: there are fewer cores than threads" : "not bound: one rank alone");
}

Finding check_gemm(const Ranks& ranks, std::int64_t threads) {
  const auto slower = [](const RankFacts& a, const RankFacts& b) { return a.gemm_gflops < b.gemm_gflops; };
  const auto [least, most] = std::minmax_element(ranks.begin(), ranks.end(), slower);
  const auto rate = [](double gflops) { return core::format_fixed(gflops, 1); };
  std::string text = rate(least->gemm_gflops);
  if (ranks.size() > 1) text += " to " + rate(most->gemm_gflops);
  text += " GFLOP/s a rank, float32, " + count_text(threads, "thread");
  if (least->gemm_gflops < 0.6 * most->gemm_gflops)
    return warn("GEMM rate", text + "; the slowest is rank " + std::to_string(least - ranks.begin()),
                "every step waits for the slowest rank: look for other programs on " + least->host);
  return ok("GEMM rate", text);
}

Finding check_allocator(const Ranks& ranks) {
  const std::string other = differences(ranks, [](const RankFacts& r) { return r.allocator; });
  if (other.empty()) return ok("allocator", ranks.front().allocator);
  return warn("allocator", "differs: " + other, "export LD_PRELOAD and the allocator's variables to all ranks");
}

}  // namespace graftage::app
