#include "graftage/core/machine.hpp"

#include "graftage/core/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <set>
#include <sstream>
#include <unistd.h>

namespace graftage::core {

namespace {

/// A limit beyond any machine is how version 1 spells "none".
constexpr std::uint64_t kNoMemoryLimit = std::uint64_t{1} << 60;

std::optional<std::int64_t> integer(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> integer_in(const std::filesystem::path& path) {
  const auto text = read_kernel_text(path);
  return text ? integer(*text) : std::nullopt;
}

template <class T>
void take_smaller(std::optional<T>& limit, T value) {
  if (!limit || value < *limit) limit = value;
}

void take_processors(GroupLimits& limits, double quota, double period) {
  if (quota > 0 && period > 0) take_smaller(limits.processors, quota / period);
}

void take_memory(GroupLimits& limits, std::int64_t bytes) {
  if (bytes > 0 && static_cast<std::uint64_t>(bytes) < kNoMemoryLimit)
    take_smaller(limits.memory_bytes, static_cast<std::uint64_t>(bytes));
}

/// One directory of either version; files that are not there limit nothing.
void read_group(GroupLimits& limits, const std::filesystem::path& directory) {
  if (const auto text = read_kernel_text(directory / "cpu.max")) {  // "200000 100000" or "max 100000"
    const auto parts = split(trim(*text), ' ');
    const auto quota = integer(parts[0]);
    const auto period = parts.size() > 1 ? integer(parts[1]) : std::nullopt;
    if (quota && period) take_processors(limits, static_cast<double>(*quota), static_cast<double>(*period));
  }
  const auto quota = integer_in(directory / "cpu.cfs_quota_us");  // -1 = none
  const auto period = integer_in(directory / "cpu.cfs_period_us");
  if (quota && period) take_processors(limits, static_cast<double>(*quota), static_cast<double>(*period));
  for (const char* name : {"memory.max", "memory.limit_in_bytes"})
    if (const auto bytes = integer_in(directory / name)) take_memory(limits, *bytes);
}

/// A group and all above it up to the mount; inside a container the group's own path may not be there.
void read_hierarchy(GroupLimits& limits, const std::filesystem::path& mount, std::string_view group) {
  std::filesystem::path directory = mount;
  read_group(limits, directory);
  for (const std::string& name : split(group, '/')) {
    if (name.empty() || name == "..") continue;
    directory /= name;
    read_group(limits, directory);
  }
}

int count_cores(const std::vector<int>& cpus) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const auto siblings =
        read_kernel_text("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    cores.insert(siblings ? *siblings : std::to_string(cpu));
  }
  return std::max(1, static_cast<int>(cores.size()));
}

std::vector<int> affinity() {
  std::vector<int> cpus;
  for (int size = CPU_SETSIZE; size <= 1 << 20; size *= 4) {  // the kernel refuses masks shorter than its own
    cpu_set_t* const set = CPU_ALLOC(static_cast<std::size_t>(size));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
    CPU_ZERO_S(bytes, set);
    const bool known = ::sched_getaffinity(0, bytes, set) == 0;
    for (int cpu = 0; known && cpu < size; ++cpu)
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set)) cpus.push_back(cpu);
    CPU_FREE(set);
    if (known) break;
  }
  return cpus;
}

int limited(std::size_t count, const std::optional<double>& quota) {
  const int all = std::max(1, static_cast<int>(count));
  return quota ? std::clamp(static_cast<int>(std::floor(*quota)), 1, all) : all;
}

}  // namespace

int Processors::usable_cores() const { return limited(static_cast<std::size_t>(num_cores), quota); }
int Processors::usable_threads() const { return limited(allowed.size(), quota); }

Processors processors_of_this_process() {
  Processors result;
  result.allowed = affinity();
  result.num_cores = count_cores(result.allowed);
  result.num_online = std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
  result.quota = group_limits_of_this_process().processors;
  return result;
}

std::vector<int> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  for (const std::string& range : split(trim(text), ',')) {
    const std::size_t dash = range.find('-');
    const auto first = integer(std::string_view(range).substr(0, dash));
    const auto last = dash == std::string::npos ? first : integer(std::string_view(range).substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= 1 << 20) return {};
    for (std::int64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

std::string format_cpu_list(const std::vector<int>& cpus) {
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t end = i + 1;
    while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1) ++end;
    ranges.push_back(std::to_string(cpus[i]) + (end - i > 1 ? "-" + std::to_string(cpus[end - 1]) : ""));
    i = end;
  }
  return join(ranges, ",");
}

GroupLimits read_group_limits(std::string_view membership, const std::filesystem::path& root) {
  GroupLimits limits;
  for (const std::string& line : split(membership, '\n')) {  // "4:memory:/user" or, version 2, "0::/user"
    const auto parts = split(line, ':');
    if (parts.size() < 3) continue;
    if (parts[1].empty()) read_hierarchy(limits, root, parts[2]);
    for (const std::string& controller : split(parts[1], ','))
      if (controller == "cpu" || controller == "memory") {
        read_hierarchy(limits, root / controller, parts[2]);
        if (parts[1] != controller) read_hierarchy(limits, root / parts[1], parts[2]);  // "cpu,cpuacct"
      }
  }
  return limits;
}

GroupLimits group_limits_of_this_process() {
  const auto membership = read_kernel_text("/proc/self/cgroup");
  return membership ? read_group_limits(*membership) : GroupLimits{};
}

std::optional<std::string> read_kernel_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace graftage::core
