#include "graftage/study/placement.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace graftage::study {

namespace {

constexpr std::array<std::string_view, 3> kPlacing = {"--bind-to", "--map-by", "--rankfile"};
constexpr std::array<std::string_view, 5> kNamingHosts = {"--host", "-host", "-H", "--hostfile", "--machinefile"};

template <std::size_t N>
bool has_any(const std::vector<std::string>& arguments, const std::array<std::string_view, N>& options) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return std::find(options.begin(), options.end(), argument) != options.end();
  });
}

std::string crowd_text(const LauncherConfig& launcher, std::int64_t threads, std::int64_t usable) {
  return std::to_string(launcher.ranks) + " ranks x " + std::to_string(threads) + " threads take turns on " +
         std::to_string(usable) + (usable == 1 ? " processor" : " processors") +
         "; launcher.ranks=" + std::to_string(std::max<std::int64_t>(1, usable / threads)) + " would be faster";
}

}  // namespace

Placement place_ranks(const LauncherConfig& launcher, std::int64_t threads, const core::Processors& processors) {
  if (has_any(launcher.arguments, kPlacing)) return {};
  if (has_any(launcher.arguments, kNamingHosts)) return {{"--bind-to", "none"}, ""};
  const std::int64_t wanted = launcher.ranks * threads;
  if (!processors.is_bound() && wanted <= processors.usable_cores()) {
    const std::int64_t cores = std::min(processors.usable_cores() / launcher.ranks, threads + 1);
    return {{"--bind-to", "core:if-supported", "--map-by", "slot:PE=" + std::to_string(cores)}, ""};
  }
  // Slots are hardware threads: many machines of two have a single core.
  Placement placement{{"--bind-to", "none", "--use-hwthread-cpus"}, ""};
  const std::int64_t usable = processors.usable_threads();
  if (launcher.ranks > static_cast<std::int64_t>(processors.allowed.size()))
    placement.arguments.emplace_back("--oversubscribe");
  if (wanted > usable) placement.warning = crowd_text(launcher, threads, usable);
  return placement;
}

}  // namespace graftage::study
