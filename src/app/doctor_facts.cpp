#include "app/doctor_facts.hpp"

#include "graftage/core/allocator.hpp"
#include "graftage/core/build_info.hpp"
#include "graftage/core/cpu_features.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <ATen/Version.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <regex>
#include <sys/resource.h>
#include <unistd.h>

namespace graftage::app {

// Outside the unnamed namespace, where the library finds it.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RankFacts, host, program, processor, isa, has_avx2, has_avx512, has_amx, amx_granted,
                                   torch_isa, libraries, mkl_path, openmp, allowed_cpus, num_cores, num_online, quota,
                                   proc_bind, allocator, memory_bytes, available_bytes, open_files, clock, gemm_gflops,
                                   sees_probe)

namespace {

/// Text after "name :" of the first such line.
std::string field(std::string_view text, std::string_view name) {
  for (const std::string& line : core::split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && core::trim(std::string_view(line).substr(0, colon)) == name)
      return std::string(core::trim(std::string_view(line).substr(colon + 1)));
  }
  return {};
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string first_version(const std::string& text) {
  std::smatch match;
  return std::regex_search(text, match, std::regex("[0-9]+(\\.[0-9]+)+")) ? match.str() : "";
}

std::string name_libraries() {
  std::string text;
  for (const auto& [name, version] : core::build_info().libraries)
    if (name == "libtorch") text = "LibTorch " + version;
  const std::string mkl = first_version(at::get_mkl_version());
  const std::string onednn = first_version(at::get_mkldnn_version());
  return text + (mkl.empty() ? ", BLAS without MKL" : ", MKL " + mkl) +
         (onednn.empty() ? ", no oneDNN" : ", oneDNN " + onednn);
}

/// The allocator and the variables that steer it.
std::string name_allocator(std::string_view maps) {
  std::string text = allocator_of(maps);
  if (text == "glibc") text += ", " + core::configure_allocator();
  for (const char* name : {"GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_",
                           "MALLOC_CONF", "LD_PRELOAD"})
    if (const std::string value = environment(name); !value.empty()) text += std::string(", ") + name + "=" + value;
  return text;
}

std::uint64_t kibibytes(const std::string& text) { return 1024 * std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

core::Processors RankFacts::processors() const {
  return {.allowed = allowed_cpus,
          .num_cores = num_cores,
          .num_online = num_online,
          .quota = quota > 0 ? std::optional(quota) : std::nullopt};
}

std::string RankFacts::to_text() const {
  return nlohmann::json(*this).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RankFacts RankFacts::from_text(const std::string& text) { return nlohmann::json::parse(text).get<RankFacts>(); }

RankFacts gather_rank_facts() {
  RankFacts facts;
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  facts.host = host.data();
  const core::BuildInfo& build = core::build_info();
  facts.program = build.version + " (" + build.git_revision + ")";
  const ProcessorInfo processor = parse_cpuinfo(core::read_kernel_text("/proc/cpuinfo").value_or(""));
  facts.processor = processor.model;
  const core::CpuFeatures& cpu = core::cpu_features();
  facts.isa = cpu.describe();
  facts.has_avx2 = cpu.avx2;
  facts.has_avx512 = cpu.avx512;
  facts.has_amx = processor.has_amx || cpu.amx_bf16;
  facts.amx_granted = cpu.amx_bf16;
  facts.torch_isa = at::get_cpu_capability();
  facts.libraries = name_libraries();
  facts.mkl_path = environment("MKL_CBWR");
  const std::string maps = core::read_kernel_text("/proc/self/maps").value_or("");
  facts.openmp = openmp_runtimes(maps);
  const core::Processors processors = core::processors_of_this_process();
  facts.allowed_cpus = processors.allowed;
  facts.num_cores = processors.num_cores;
  facts.num_online = processors.num_online;
  facts.quota = processors.quota.value_or(0);
  facts.proc_bind = environment("OMP_PROC_BIND");
  facts.allocator = name_allocator(maps);
  const MemoryInfo memory = parse_meminfo(core::read_kernel_text("/proc/meminfo").value_or(""));
  const auto limit = core::group_limits_of_this_process().memory_bytes;
  facts.memory_bytes = limit && *limit < memory.total ? *limit : memory.total;
  facts.available_bytes = std::min(memory.available, facts.memory_bytes);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) facts.open_files = files.rlim_cur;
  return facts;
}

ProcessorInfo parse_cpuinfo(std::string_view text) {
  ProcessorInfo info;
  info.model = field(text, "model name");
  if (info.model.empty()) info.model = "unknown processor";
  const std::vector<std::string> flags = core::split(field(text, "flags"), ' ');
  info.has_amx = std::find(flags.begin(), flags.end(), "amx_bf16") != flags.end();
  return info;
}

std::vector<std::string> openmp_runtimes(std::string_view maps) {
  static const std::regex runtime("lib(gomp|iomp5|omp5?|kmp)(-[0-9a-f]+)?\\.so[.0-9]*");
  std::vector<std::string> files;
  for (const std::string& line : core::split(maps, '\n')) {
    const std::size_t slash = line.find('/');
    if (slash == std::string::npos) continue;
    const std::string file = line.substr(slash);
    const bool is_runtime = std::regex_match(std::filesystem::path(file).filename().string(), runtime);
    if (is_runtime && std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  return files;
}

std::string allocator_of(std::string_view maps) {
  for (const char* name : {"jemalloc", "tcmalloc", "mimalloc"})
    if (maps.find(std::string("lib") + name) != std::string_view::npos) return name;
  return "glibc";
}

MemoryInfo parse_meminfo(std::string_view text) {
  return {kibibytes(field(text, "MemTotal")), kibibytes(field(text, "MemAvailable"))};
}

}  // namespace graftage::app
