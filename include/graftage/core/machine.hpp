#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graftage::core {

/// Where this process may run.
struct Processors {
  std::vector<int> allowed;     ///< hardware threads of its affinity mask, ascending
  int num_cores = 1;            ///< physical cores these belong to
  int num_online = 1;           ///< hardware threads of the machine
  std::optional<double> quota;  ///< processors' worth of time that its control groups grant

  /// Cores and hardware threads that can really be busy at once; at least 1.
  [[nodiscard]] int usable_cores() const;
  [[nodiscard]] int usable_threads() const;
  /// True if the mask leaves out a part of the machine.
  [[nodiscard]] bool is_bound() const { return static_cast<int>(allowed.size()) < num_online; }
};
[[nodiscard]] Processors processors_of_this_process();

/// "0-3,8" -> 0, 1, 2, 3, 8; nothing for a text that is no such list.
[[nodiscard]] std::vector<int> parse_cpu_list(std::string_view text);
/// 0, 1, 2, 5 -> "0-2,5".
[[nodiscard]] std::string format_cpu_list(const std::vector<int>& cpus);

/// What the control groups of a process allow, the smallest of all levels; empty = no limit.
struct GroupLimits {
  std::optional<double> processors;
  std::optional<std::uint64_t> memory_bytes;
};
/// Reads both versions of control groups.
/// @param membership  text of /proc/self/cgroup @param root  where they are mounted
[[nodiscard]] GroupLimits read_group_limits(std::string_view membership,
                                            const std::filesystem::path& root = "/sys/fs/cgroup");
[[nodiscard]] GroupLimits group_limits_of_this_process();

/// Text of a file of the kernel (/proc, /sys), or nothing if it cannot be read.
[[nodiscard]] std::optional<std::string> read_kernel_text(const std::filesystem::path& path);

}  // namespace graftage::core
