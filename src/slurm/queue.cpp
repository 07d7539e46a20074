#include "graftage/slurm/queue.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/process.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace graftage::slurm {

namespace {

constexpr std::array<std::pair<std::string_view, JobState>, 24> kStates = {{
    {"PENDING", JobState::Pending},       {"REQUEUED", JobState::Pending},     {"REQUEUE_HOLD", JobState::Pending},
    {"REQUEUE_FED", JobState::Pending},   {"SPECIAL_EXIT", JobState::Pending}, {"RESV_DEL_HOLD", JobState::Pending},
    {"RUNNING", JobState::Running},       {"CONFIGURING", JobState::Running},  {"RESIZING", JobState::Running},
    {"SIGNALING", JobState::Running},     {"SUSPENDED", JobState::Suspended},  {"STOPPED", JobState::Suspended},
    {"COMPLETING", JobState::Completing}, {"STAGE_OUT", JobState::Completing}, {"COMPLETED", JobState::Ended},
    {"CANCELLED", JobState::Ended},       {"FAILED", JobState::Ended},         {"TIMEOUT", JobState::Ended},
    {"NODE_FAIL", JobState::Ended},       {"PREEMPTED", JobState::Ended},      {"BOOT_FAIL", JobState::Ended},
    {"DEADLINE", JobState::Ended},        {"OUT_OF_MEMORY", JobState::Ended},  {"REVOKED", JobState::Ended},
}};

template <class Integer>
bool read_integer(std::string_view text, Integer& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() && value >= 0;
}

/// "12" or "12_3".
bool read_job(std::string_view text, QueueEntry& entry) {
  const std::size_t underscore = text.find('_');
  if (!read_integer(text.substr(0, underscore), entry.job.value)) return false;
  if (underscore == std::string_view::npos) return true;
  int member = 0;
  if (!read_integer(text.substr(underscore + 1), member)) return false;
  entry.member = member;
  return true;
}

QueueEntry read_line(const std::string& line) {
  const std::vector<std::string> fields = core::split(line, '|');
  QueueEntry entry;
  if (fields.size() == 3 && read_job(fields[0], entry)) {
    const auto* state =
        std::find_if(kStates.begin(), kStates.end(), [&](const auto& s) { return s.first == fields[1]; });
    if (state != kStates.end()) {
      entry.state = state->second;
      entry.reason = core::printable(fields[2]);
      return entry;
    }
  }
  throw core::DataError("squeue", "", "cannot read '" + core::printable(line) + "', expected 'id|STATE|reason'");
}

}  // namespace

std::vector<QueueEntry> parse_queue(std::string_view answer) {
  std::vector<QueueEntry> entries;
  for (const std::string& line : core::split(answer, '\n'))
    if (!core::trim(line).empty()) entries.push_back(read_line(line));
  return entries;
}

std::vector<QueueEntry> queue(const JobName& name) {
  core::ProcessOptions process;
  process.capture = true;
  const core::ProcessResult result = core::run_process(
      {"squeue", "--me", "--noheader", "--array", "--name=" + name.text(), "--format=%i|%T|%r"}, process);
  if (result.exit_code != 0)
    throw core::IoError("squeue failed: " + core::printable(core::trim(result.err)) + "; try again later");
  return parse_queue(result.out);
}

}  // namespace graftage::slurm
