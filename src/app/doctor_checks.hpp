#pragma once

#include "app/doctor_directory.hpp"
#include "app/doctor_facts.hpp"
#include "app/doctor_finding.hpp"
#include "graftage/mpi/session.hpp"
#include "graftage/study/study_config.hpp"

#include <string>
#include <vector>

namespace graftage::app {

/// How ranks are, or will be, started.
struct RunPlan {
  mpi::Launch launch;              ///< of this process
  int world_size = 1;              ///< ranks that MPI sees
  std::string launch_problem;      ///< mpi::launch_problem
  bool has_study = false;          ///< --config named a study
  study::LauncherConfig launcher;  ///< of the study
  std::int64_t threads = 1;        ///< LibTorch threads per rank
  /// Ranks that compute together: those that run now, else those that the study will start, else one.
  [[nodiscard]] std::int64_t num_ranks() const;
};

/// What programs beside this one say; empty = not found.
struct ToolFacts {
  std::string mpi_library;
  std::string mpirun;     ///< first line of mpirun --version
  std::string slurm;      ///< of srun --version
  std::string slurm_mpi;  ///< of srun --mpi=list
  std::string hdf5;
  std::string hdf5_locking;  ///< HDF5_USE_FILE_LOCKING
  bool hdf5_is_thread_safe = true;
  bool in_allocation = false;
};

using Ranks = std::vector<RankFacts>;  ///< by rank, never empty
[[nodiscard]] Finding check_processor(const Ranks& ranks);
[[nodiscard]] Finding check_libraries(const Ranks& ranks);
[[nodiscard]] Finding check_same_program(const Ranks& ranks);
[[nodiscard]] Finding check_openmp(const Ranks& ranks);
[[nodiscard]] Finding check_launcher(const RunPlan& plan, const ToolFacts& tools);
[[nodiscard]] Finding check_threads(const Ranks& ranks, const RunPlan& plan);
[[nodiscard]] Finding check_pinning(const Ranks& ranks, const RunPlan& plan);
[[nodiscard]] Finding check_gemm(const Ranks& ranks, std::int64_t threads);
[[nodiscard]] Finding check_allocator(const Ranks& ranks);
[[nodiscard]] Finding check_memory(const Ranks& ranks, const RunPlan& plan);
[[nodiscard]] Finding check_hdf5(const DirectoryFacts& directory, const ToolFacts& tools);
[[nodiscard]] Finding check_slurm(const RunPlan& plan, const ToolFacts& tools);
[[nodiscard]] Finding check_directory(const Ranks& ranks, const DirectoryFacts& directory);
[[nodiscard]] Finding check_space(const DirectoryFacts& directory);
[[nodiscard]] Finding check_open_files(const Ranks& ranks);
[[nodiscard]] Finding check_clock(const Ranks& ranks, const DirectoryFacts& directory);

}  // namespace graftage::app
