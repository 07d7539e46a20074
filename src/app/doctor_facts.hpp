#pragma once

#include "graftage/core/machine.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace graftage::app {

/// What `graftage doctor` finds out on each rank; travels as text.
struct RankFacts {
  std::string host;
  std::string program;    ///< version and revision
  std::string processor;  ///< model
  std::string isa;        ///< core::CpuFeatures::describe
  bool has_avx2 = false;
  bool has_avx512 = false;
  bool has_amx = false;               ///< the processor has AMX
  bool amx_granted = false;           ///< and the kernel lets this process use it
  std::string torch_isa;              ///< what LibTorch's kernels were chosen for: "AVX512", "AVX2", "DEFAULT"
  std::string libraries;              ///< LibTorch, BLAS and oneDNN with versions
  std::string mkl_path;               ///< MKL_CBWR, MKL's fixed code path
  std::vector<std::string> openmp;    ///< OpenMP runtimes that are loaded
  std::vector<int> allowed_cpus;      ///< affinity mask
  int num_cores = 1;                  ///< physical cores of it
  int num_online = 1;                 ///< hardware threads of the host
  double quota = 0;                   ///< processors granted by the control group; 0 = no limit
  std::string proc_bind;              ///< OMP_PROC_BIND
  std::string allocator;              ///< library and settings
  std::uint64_t memory_bytes = 0;     ///< of the host, or the control group's limit
  std::uint64_t available_bytes = 0;  ///< of it, now
  std::uint64_t open_files = 0;       ///< soft limit; 0 = none
  double clock = 0;                   ///< seconds since 1970, read on all ranks at about the same moment
  double gemm_gflops = 0;             ///< train::measure_gemm_rate
  bool sees_probe = false;            ///< the root's file in the run directory is visible here

  /// Of `allowed_cpus`, `num_cores` and `quota`.
  [[nodiscard]] core::Processors processors() const;
  [[nodiscard]] std::string to_text() const;
  static RankFacts from_text(const std::string& text);
};

/// After train::configure_numerics. Everything but clock, gemm_gflops and sees_probe, which take a collective moment.
[[nodiscard]] RankFacts gather_rank_facts();

/// Of /proc/cpuinfo.
struct ProcessorInfo {
  std::string model;
  bool has_amx = false;  ///< also where the kernel does not grant it to this process
};
[[nodiscard]] ProcessorInfo parse_cpuinfo(std::string_view text);
/// Files of OpenMP runtimes mapped into a process, each once. @param maps  text of /proc/self/maps
[[nodiscard]] std::vector<std::string> openmp_runtimes(std::string_view maps);
/// "glibc", "jemalloc" or "tcmalloc", of /proc/self/maps.
[[nodiscard]] std::string allocator_of(std::string_view maps);
/// MemTotal and MemAvailable in bytes, of /proc/meminfo; 0 where absent.
struct MemoryInfo {
  std::uint64_t total = 0;
  std::uint64_t available = 0;
};
[[nodiscard]] MemoryInfo parse_meminfo(std::string_view text);

}  // namespace graftage::app
