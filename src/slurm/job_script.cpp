#include "graftage/slurm/job_script.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>
#include <cstdio>

namespace graftage::slurm {

namespace {

constexpr std::size_t kMaxNameLength = 64;
constexpr std::size_t kMaxSiteNameLength = 256;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

/// Locale-independent, unlike <cctype> and <regex>.
bool consists_of(std::string_view text, const std::string& allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

const std::string& name_characters() {
  static const std::string characters = std::string(kLetters) + std::string(kDigits) + "._-";
  return characters;
}

bool starts_with_any(std::string_view text, const std::string& allowed) {
  return !text.empty() && allowed.find(text.front()) != std::string::npos;
}

[[noreturn]] void refuse(const std::string& field, std::string_view value, const std::string& allowed) {
  throw core::ConfigError("",
                          "job script: " + field + " '" + core::printable(value) + "' is not allowed; use " + allowed);
}

int checked_count(const std::string& field, int value, int lowest, int highest) {
  if (value < lowest || value > highest)
    refuse(field, std::to_string(value), std::to_string(lowest) + " to " + std::to_string(highest));
  return value;
}

/// A partition list or an account: words of name characters, separated by commas.
std::string site_name(const std::string& field, const std::string& value) {
  const std::string first = std::string(kLetters) + std::string(kDigits);
  const std::vector<std::string> parts = core::split(value, ',');
  const bool valid =
      value.size() <= kMaxSiteNameLength && std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
        return starts_with_any(part, first) && consists_of(part, name_characters());
      });
  if (!valid) refuse(field, value, "letters, digits, '.', '_' and '-', several separated by commas");
  return value;
}

std::string time_text(std::chrono::seconds time) {
  const long long total = time.count();
  char text[40];
  std::snprintf(text, sizeof text, "%lld-%02lld:%02lld:%02lld", total / 86400, total / 3600 % 24, total / 60 % 60,
                total % 60);
  return text;
}

void check_times(const Resources& resources) {
  const auto limit = resources.time_limit.count();
  if (limit < 60 || limit > 365LL * 86400) refuse("time limit of seconds", std::to_string(limit), "60 to 31536000");
  const auto warning = resources.warning.count();
  if (warning < 1 || warning > 65535 || warning >= limit)
    refuse("warning of seconds", std::to_string(warning), "1 to 65535, and less than the time limit");
}

std::string array_text(const ArrayRange& array) {
  checked_count("first array member", array.first, 0, 4'000'000);
  checked_count("last array member", array.last, array.first, 4'000'000);
  checked_count("array members at a time", array.parallel, 1, 4'000'001);
  return std::to_string(array.first) + "-" + std::to_string(array.last) + "%" + std::to_string(array.parallel);
}

std::string directives(const JobScript& script) {
  const Resources& resources = script.resources;
  check_times(resources);
  const auto count = [](const std::string& field, int value) {
    return std::to_string(checked_count(field, value, 1, 1'000'000));
  };
  std::string text = "#SBATCH --job-name=" + script.name.text() + "\n";
  text += "#SBATCH --nodes=" + count("nodes", resources.nodes) +
          " --ntasks-per-node=" + count("tasks per node", resources.tasks_per_node) +
          " --cpus-per-task=" + count("cpus per task", resources.cpus_per_task) + "\n";
  const int requeues = checked_count("requeues", resources.max_requeues, 0, 1000);
  text += "#SBATCH --time=" + time_text(resources.time_limit) + " --signal=B:USR1@" +
          std::to_string(resources.warning.count()) + (requeues > 0 ? " --requeue\n" : " --no-requeue\n");
  text += std::string("#SBATCH --output=") + (resources.array ? "%x-%A_%a.out" : "%x-%j.out") +
          " --open-mode=append --kill-on-invalid-dep=yes\n";
  if (!resources.partition.empty()) text += "#SBATCH --partition=" + site_name("partition", resources.partition) + "\n";
  if (!resources.account.empty()) text += "#SBATCH --account=" + site_name("account", resources.account) + "\n";
  if (resources.array) text += "#SBATCH --array=" + array_text(*resources.array) + "\n";
  if (!script.environment.empty()) text += "#SBATCH --export=NONE\n";
  return text;
}

std::string exports(const std::map<std::string, std::string>& environment) {
  const std::string first = std::string(kLetters) + "_";
  std::string text;
  for (const auto& [name, value] : environment) {
    if (!starts_with_any(name, first) || !consists_of(name, first + std::string(kDigits)))
      refuse("environment variable", name, "letters, digits and '_', not a digit first");
    text += "export " + name + "=" + shell_quoted(value) + "\n";
  }
  return text;
}

std::string command_line(const JobScript& script) {
  if (script.command.empty() || script.command.front().empty()) refuse("command", "", "at least the program's name");
  std::string text = "command=(";
  if (script.launch == Launch::EveryTask)
    text += "srun --mpi=pmix --cpus-per-task=\"${SLURM_CPUS_PER_TASK:-1}\" --kill-on-bad-exit=1\n  ";
  for (std::size_t i = 0; i < script.command.size(); ++i) text += (i == 0 ? "" : " ") + shell_quoted(script.command[i]);
  return text + ")\n";
}

}  // namespace

JobName::JobName(std::string text) : text_(std::move(text)) {
  if (text_.size() > kMaxNameLength || !starts_with_any(text_, std::string(kLetters) + std::string(kDigits)) ||
      !consists_of(text_, name_characters()))
    refuse("name", text_, "a letter or digit, then up to 63 letters, digits, '.', '_' or '-'");
}

std::string shell_quoted(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) refuse("word", text, "no NUL bytes: a program cannot receive them");
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string render(const JobScript& script) {
  return "#!/bin/bash\n" + directives(script) + "set -uo pipefail\n" +
         "max_requeues=" + std::to_string(script.resources.max_requeues) + "\n" + exports(script.environment) +
         command_line(script) + "\n" + std::string(job_body());
}

}  // namespace graftage::slurm
