// Every judgement of graftage doctor, on made-up machines.
#include "app/doctor_checks.hpp"

#include <gtest/gtest.h>

namespace graftage::app {
namespace {

constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;

RankFacts healthy(std::vector<int> cpus = {0, 1, 2, 3}) {
  RankFacts facts;
  facts.host = "node1";
  facts.program = "1.0 (abc)";
  facts.processor = "AMD EPYC";
  facts.isa = "AVX-512";
  facts.has_avx2 = facts.has_avx512 = true;
  facts.torch_isa = "AVX512";
  facts.libraries = "LibTorch 2.13.0 CPU, MKL 2024.2";
  facts.openmp = {"/lib/libgomp.so.1"};
  facts.num_cores = static_cast<int>(cpus.size());
  facts.allowed_cpus = std::move(cpus);
  facts.num_online = 4;
  facts.allocator = "glibc";
  facts.memory_bytes = 16 * kGibibyte;
  facts.available_bytes = 8 * kGibibyte;
  facts.open_files = 1024;
  facts.clock = 1.8e9;
  facts.gemm_gflops = 80;
  facts.sees_probe = true;
  return facts;
}

RunPlan running(int ranks, std::int64_t threads = 1) {
  RunPlan plan;
  plan.launch = {"mpirun", ranks, "PMIx"};
  plan.world_size = ranks;
  plan.threads = threads;
  return plan;
}

RunPlan study_of(std::int64_t ranks, study::LauncherKind kind = study::LauncherKind::Mpirun) {
  RunPlan plan;
  plan.has_study = true;
  plan.launcher.kind = kind;
  plan.launcher.ranks = ranks;
  return plan;
}

DirectoryFacts good_directory() {
  DirectoryFacts facts;
  facts.wanted = facts.probed = "/runs";
  facts.file_system = "ext4";
  facts.free_bytes = 100 * kGibibyte;
  return facts;
}

void expect(const Finding& finding, Verdict verdict, const std::string& part, core::ExitCode code = {}) {
  EXPECT_EQ(static_cast<int>(finding.verdict), static_cast<int>(verdict)) << format(finding);
  EXPECT_NE(finding.text.find(part), std::string::npos) << format(finding);
  EXPECT_EQ(finding.remedy.empty(), verdict == Verdict::Ok) << format(finding);
  EXPECT_EQ(static_cast<int>(finding.code), static_cast<int>(code)) << format(finding);
}

TEST(DoctorChecks, APrintedLineHasVerdictTopicTextAndRemedy) {
  EXPECT_EQ(format(ok("clock", "fine")), "ok    clock         fine\n");
  EXPECT_EQ(format(failure("clock", "bad\x1b[2J", "fix", core::ExitCode::Config)),
            "FAIL  clock         bad?[2J\n                    -> fix\n");
}

TEST(DoctorChecks, TheFirstFailureGivesTheCode) {
  EXPECT_EQ(exit_code_of({ok("a", ""), warn("b", "", "x")}), core::ExitCode::Done);
  EXPECT_EQ(exit_code_of({ok("a", ""), failure("b", "", "x", core::ExitCode::Permission),
                          failure("c", "", "x", core::ExitCode::Internal)}),
            core::ExitCode::Permission);
}

TEST(DoctorChecks, Processor) {
  RankFacts facts = healthy();
  expect(check_processor({facts}), Verdict::Ok, "AMD EPYC: AVX-512, no AMX; LibTorch uses AVX512");
  facts.has_amx = true;
  expect(check_processor({facts}), Verdict::Warn, "AMX refused by the kernel");
  facts.amx_granted = true;
  expect(check_processor({facts}), Verdict::Ok, "AVX-512; LibTorch");
  facts.torch_isa = "AVX2";
  expect(check_processor({facts}), Verdict::Warn, "LibTorch uses AVX2");
  RankFacts old = healthy();
  old.has_avx2 = old.has_avx512 = false;
  old.isa = "baseline";
  old.torch_isa = "DEFAULT";
  expect(check_processor({old}), Verdict::Warn, "baseline");
  expect(check_processor({healthy(), healthy(), old}), Verdict::Warn, "rank 2: AMD EPYC (baseline)");
}

TEST(DoctorChecks, RanksOfDifferentBuildsOrLibraries) {
  RankFacts other = healthy();
  other.program = "1.0 (def)";
  other.libraries = "LibTorch 2.12.0 CPU";
  expect(check_same_program({healthy(), healthy()}), Verdict::Ok, "1.0 (abc)");
  expect(check_same_program({healthy(), other}), Verdict::Fail, "rank 1: 1.0 (def)", core::ExitCode::Internal);
  expect(check_libraries({healthy(), other}), Verdict::Fail, "rank 1: LibTorch 2.12.0", core::ExitCode::Internal);
}

TEST(DoctorChecks, TwoOpenMpRuntimesFail) {
  RankFacts facts = healthy();
  expect(check_openmp({facts}), Verdict::Ok, "one runtime");
  facts.openmp.push_back("/opt/libiomp5.so");
  expect(check_openmp({healthy(), facts}), Verdict::Fail, "rank 1 has loaded 2 runtimes", core::ExitCode::Internal);
  facts.openmp.clear();
  expect(check_openmp({facts}), Verdict::Ok, "no runtime");
}

TEST(DoctorChecks, Launcher) {
  ToolFacts tools;
  tools.mpi_library = "Open MPI v4.1.4";
  tools.mpirun = "mpirun (Open MPI) 4.1.4";
  expect(check_launcher({}, tools), Verdict::Ok, "none");
  expect(check_launcher(running(4), tools), Verdict::Ok, "mpirun, 4 ranks over PMIx; Open MPI v4.1.4");
  RunPlan lonely = running(1);
  lonely.launch.num_tasks = 4;
  lonely.launch_problem = mpi::launch_problem(1, {{"PMI_SIZE", "4"}});
  expect(check_launcher(lonely, tools), Verdict::Fail, "one rank only", core::ExitCode::Internal);
  RunPlan other = running(3);
  other.launch.num_tasks = 4;
  expect(check_launcher(other, tools), Verdict::Fail, "started 4", core::ExitCode::Internal);
  expect(check_launcher(study_of(2), tools), Verdict::Ok, "mpirun (Open MPI)");
  tools.mpirun.clear();
  expect(check_launcher(study_of(2), tools), Verdict::Fail, "not in PATH", core::ExitCode::InputMissing);
  expect(check_launcher(study_of(2, study::LauncherKind::Srun), tools), Verdict::Ok, "srun");
}

TEST(DoctorChecks, Threads) {
  expect(check_threads({healthy()}, {}), Verdict::Ok, "1 rank x 1 thread on 4 usable cores");
  expect(check_threads({healthy()}, study_of(4)), Verdict::Ok, "4 ranks x 1 thread");
  expect(check_threads({healthy()}, study_of(5)), Verdict::Warn, "5 ranks x 1 thread on 4 usable cores");
  const Ranks two{healthy({0, 1}), healthy({2, 3})};
  expect(check_threads(two, running(2, 2)), Verdict::Ok, "2 ranks x 2 threads on 4 usable cores");
  expect(check_threads(two, running(2, 3)), Verdict::Warn, "more threads than cores");
  Ranks hosts{healthy(), healthy()};
  hosts[1].host = "node2";
  expect(check_threads(hosts, running(2, 4)), Verdict::Ok, "1 rank x 4 threads");
  hosts[1].quota = 2;
  expect(check_threads(hosts, running(2, 4)), Verdict::Warn, "node2: 1 rank x 4 threads on 2 usable cores");
  RankFacts hyperthreads = healthy();
  hyperthreads.num_cores = 2;
  expect(check_threads({hyperthreads}, study_of(4)), Verdict::Ok, "2 usable cores (4 hardware threads)");
}

TEST(DoctorChecks, Pinning) {
  expect(check_pinning({healthy()}, {}), Verdict::Ok, "one rank alone");
  expect(check_pinning({healthy({0}), healthy({1})}, running(2)), Verdict::Ok, "rank 0 on 0, rank 1 on 1");
  expect(check_pinning({healthy({0, 1}), healthy({1, 2})}, running(2)), Verdict::Warn, "ranks 0 and 1 of node1");
  expect(check_pinning({healthy(), healthy()}, running(2)), Verdict::Warn, "not bound");
  expect(check_pinning({healthy(), healthy()}, running(2, 3)), Verdict::Ok, "fewer cores than threads");
  RankFacts bound = healthy();
  bound.proc_bind = "close";
  expect(check_pinning({bound}, {}), Verdict::Warn, "OMP_PROC_BIND=close");
}

TEST(DoctorChecks, GemmRateNamesTheSlowRank) {
  RankFacts slow = healthy();
  slow.gemm_gflops = 30;
  expect(check_gemm({healthy()}, 1), Verdict::Ok, "80.0 GFLOP/s");
  expect(check_gemm({healthy(), slow}, 1), Verdict::Warn,
         "30.0 to 80.0 GFLOP/s a rank, float32, 1 thread; the slowest is rank 1");
}

TEST(DoctorChecks, MemoryIsSharedByTheRanksOfAHost) {
  expect(check_memory({healthy()}, study_of(8)), Verdict::Ok, "8.0 GiB of 16 GiB");
  expect(check_memory({healthy()}, study_of(9)), Verdict::Warn, "for 9 ranks");
  RankFacts small = healthy();
  small.host = "node2";
  small.available_bytes = kGibibyte / 2;
  expect(check_memory({healthy(), small}, running(2)), Verdict::Warn, "on node2 for 1 rank");
}

TEST(DoctorChecks, AllocatorAndFilesAndClock) {
  RankFacts other = healthy();
  other.allocator = "jemalloc";
  other.open_files = 100;
  other.clock += 60;
  other.host = "node2";
  expect(check_allocator({healthy(), other}), Verdict::Warn, "rank 1: jemalloc");
  expect(check_open_files({healthy()}), Verdict::Ok, "1024");
  expect(check_open_files({healthy(), other}), Verdict::Warn, "at most 100 on node2");
  expect(check_clock({healthy(), other}, good_directory()), Verdict::Warn, "node2 is 60.0 s ahead of node1");
  DirectoryFacts skewed = good_directory();
  expect(check_clock({healthy()}, skewed), Verdict::Ok, "agrees");
  skewed.clock_skew = -7;
  expect(check_clock({healthy()}, skewed), Verdict::Warn, "7.0 s");
  RankFacts past = healthy();
  past.clock = 0;
  expect(check_clock({past}, good_directory()), Verdict::Warn, "years behind");
}

TEST(DoctorChecks, Hdf5AndItsLocks) {
  ToolFacts tools;
  tools.hdf5 = "1.10.8";
  DirectoryFacts directory = good_directory();
  expect(check_hdf5(directory, tools), Verdict::Ok, "HDF5 1.10.8; file locks work");
  directory.lock_problem = "No locks available";
  expect(check_hdf5(directory, tools), Verdict::Ok, "not needed");
  tools.hdf5_locking = "TRUE";
  expect(check_hdf5(directory, tools), Verdict::Warn, "HDF5_USE_FILE_LOCKING=TRUE");
  EXPECT_EQ(check_hdf5(directory, tools).text.find("thread"), std::string::npos);
  tools.hdf5_is_thread_safe = false;
  expect(check_hdf5(directory, tools), Verdict::Warn, "not thread-safe");
}

TEST(DoctorChecks, Slurm) {
  ToolFacts tools;
  const RunPlan with_srun = study_of(2, study::LauncherKind::Srun);
  expect(check_slurm({}, tools), Verdict::Ok, "not here");
  expect(check_slurm(with_srun, tools), Verdict::Fail, "not in PATH", core::ExitCode::InputMissing);
  tools.slurm = "slurm-wlm 22.05.8";
  tools.slurm_mpi = "MPI plugin types are...\n\tnone\n\tpmi2\n";
  expect(check_slurm({}, tools), Verdict::Ok, "without PMIx");
  expect(check_slurm(with_srun, tools), Verdict::Warn, "outside a job");
  tools.in_allocation = true;
  expect(check_slurm(with_srun, tools), Verdict::Fail, "without PMIx", core::ExitCode::Config);
  tools.slurm_mpi += "\tpmix\n";
  expect(check_slurm(with_srun, tools), Verdict::Ok, "22.05.8, inside a job, with PMIx");
}

TEST(DoctorChecks, RunDirectory) {
  const Ranks ranks{healthy()};
  DirectoryFacts directory = good_directory();
  expect(check_directory(ranks, directory), Verdict::Ok, "/runs, ext4: writable, durable, this host only");
  directory.wanted = "/runs/new";
  expect(check_directory(ranks, directory), Verdict::Ok, "/runs/new (to be made in /runs)");
  directory.file_system = "tmpfs";
  expect(check_directory(ranks, directory), Verdict::Warn, "only in memory");
  directory.sync_problem = "Invalid argument";
  expect(check_directory(ranks, directory), Verdict::Fail, "fsync fails", core::ExitCode::IoError);
  directory.problem = "Permission denied";
  directory.code = core::ExitCode::Permission;
  expect(check_directory(ranks, directory), Verdict::Fail, "Permission denied", core::ExitCode::Permission);

  Ranks two{healthy(), healthy()};
  two[1].host = "node2";
  directory = good_directory();
  directory.file_system = "lustre";
  expect(check_directory(two, directory), Verdict::Ok, "seen by all nodes");
  two[1].sees_probe = false;
  expect(check_directory(two, directory), Verdict::Fail, "rank 1 on node2", core::ExitCode::CannotCreate);
}

TEST(DoctorChecks, FreeSpace) {
  DirectoryFacts directory = good_directory();
  expect(check_space(directory), Verdict::Ok, "100 GiB free");
  directory.free_bytes = kGibibyte;
  expect(check_space(directory), Verdict::Warn, "1.0 GiB free");
  directory.free_bytes = 1000;
  expect(check_space(directory), Verdict::Fail, "0.0 GiB free", core::ExitCode::IoError);
}

}  // namespace
}  // namespace graftage::app
