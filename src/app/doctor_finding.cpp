#include "app/doctor_finding.hpp"

#include "graftage/core/text.hpp"

#include <algorithm>
#include <utility>

namespace graftage::app {

namespace {

constexpr std::size_t kTopicWidth = 14;

}  // namespace

std::string format(const Finding& finding) {
  constexpr const char* kNames[] = {"ok    ", "warn  ", "FAIL  "};
  std::string topic = finding.topic;
  topic.resize(std::max(kTopicWidth, topic.size() + 1), ' ');
  std::string line = kNames[static_cast<int>(finding.verdict)] + topic + core::printable(finding.text);
  if (!finding.remedy.empty())
    line += "\n" + std::string(6 + kTopicWidth, ' ') + "-> " + core::printable(finding.remedy);
  return line + "\n";
}

core::ExitCode exit_code_of(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings)
    if (finding.verdict == Verdict::Fail) return finding.code;
  return core::ExitCode::Done;
}

Finding ok(std::string topic, std::string text) { return {Verdict::Ok, std::move(topic), std::move(text), "", {}}; }

Finding warn(std::string topic, std::string text, std::string remedy) {
  return {Verdict::Warn, std::move(topic), std::move(text), std::move(remedy), {}};
}

Finding failure(std::string topic, std::string text, std::string remedy, core::ExitCode code) {
  return {Verdict::Fail, std::move(topic), std::move(text), std::move(remedy), code};
}

std::string count_text(std::int64_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace graftage::app
