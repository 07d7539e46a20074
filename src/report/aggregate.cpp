#include "graftage/report/aggregate.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/build_info.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/sweep/trial_store.hpp"
#include "report/cells.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace graftage::report {

namespace {

using Json = nlohmann::ordered_json;
using sweep::TrialResult;
using sweep::TrialStatus;

/// @throws Error (65) saying how a damaged result is replaced
std::optional<TrialResult> read_result(const sweep::TrialStore& store, const std::string& id) {
  try {
    return store.read(id);
  } catch (const core::DataError& error) {
    throw core::Error(error.exit_code(), std::string(error.what()) +
                                             "; graftage sweep with the same configuration moves it to quarantine/ and "
                                             "runs that trial again");
  }
}

/// Every planned trial with its result, in the order of the sweep file.
std::vector<TrialResult> read_members(const sweep::TrialStore& store) {
  auto trials = store.read_plan();
  std::stable_sort(trials.begin(), trials.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  std::vector<TrialResult> members;
  for (auto& trial : trials) {
    TrialResult member;
    if (auto stored = read_result(store, trial.id)) {
      member = std::move(*stored);
    } else {
      member.status = TrialStatus::Missing;
      member.reason = "has not run";
    }
    member.trial = std::move(trial);
    members.push_back(std::move(member));
  }
  return members;
}

std::string count_of(std::int64_t count, const std::string& what) {
  return core::group_thousands(count) + " " + what + (count == 1 ? "" : "s");
}

/// True if the trial says that larger values of the selecting metric are better and the sweep file says smaller, or the
/// other way round.
bool contradicts(const TrialResult& member, const sweep::MetricConfig& metric) {
  const auto name = member.facts.find("metric"), goal = member.facts.find("goal");
  return name != member.facts.end() && goal != member.facts.end() && metric.name == "valid/" + name->second &&
         metric.goal != goal->second;
}

/// Missing and failed trials, and done ones without the curve that selects or with another goal.
std::vector<std::string> notes_of(const std::vector<TrialResult>& members, const sweep::MetricConfig& config) {
  const std::string& metric = config.name;
  std::int64_t failed = 0, missing = 0, blind = 0;
  std::string curves;
  for (const TrialResult& member : members) {
    failed += member.status == TrialStatus::Failed ? 1 : 0;
    missing += member.status == TrialStatus::Missing ? 1 : 0;
    if (member.status != TrialStatus::Done || member.curves.contains(metric)) continue;
    if (blind++ > 0) continue;
    for (const auto& [name, curve] : member.curves) curves += (curves.empty() ? "" : ", ") + name;
  }
  const std::string total = " of " + count_of(static_cast<std::int64_t>(members.size()), "trial");
  std::vector<std::string> notes;
  if (failed > 0)
    notes.push_back(core::group_thousands(failed) + total + " failed; the sweep's command runs them again");
  if (missing > 0)
    notes.push_back(core::group_thousands(missing) + total + " have not run yet: this report is partial");
  if (blind > 0)
    notes.push_back(core::group_thousands(blind) + total + " have no curve '" + metric +
                    "' to select by (they have: " + core::printable(curves) + "); set metric.name in the sweep file");
  if (std::any_of(members.begin(), members.end(), [&](const TrialResult& m) { return contradicts(m, config); }))
    notes.push_back("metric.goal is " + config.goal + ", so the worst validation values of '" + metric +
                    "' were chosen; correct it in the sweep file, then run sweep and report again");
  return notes;
}

/// Digests of tasks and encoders as the trials saw them.
Json inputs_of(const std::vector<TrialResult>& members) {
  Json inputs{{"tasks", Json::object()}, {"encoders", Json::object()}};
  const auto fact = [](const TrialResult& member, const char* name) {
    const auto value = member.facts.find(name);
    return value == member.facts.end() ? std::string() : value->second;
  };
  const auto scalar = [](const TrialResult& member, const char* path) {
    const auto* value = member.trial.config.find_path(path);
    return value == nullptr ? std::string() : value->scalar;
  };
  for (const TrialResult& member : members) {
    if (member.status != TrialStatus::Done) continue;
    inputs["tasks"][scalar(member, "task.corpus")] = {{"name", fact(member, "task")},
                                                      {"sha256", fact(member, "task_sha256")}};
    inputs["encoders"][scalar(member, "encoder.source")] = {{"name", fact(member, "encoder")},
                                                            {"sha256", fact(member, "encoder_sha256")},
                                                            {"seed", fact(member, "encoder_seed")}};
  }
  return inputs;
}

Json software() {
  const auto& build = core::build_info();
  Json libraries = Json::object();
  for (const auto& [name, version] : build.libraries) libraries[name] = version;
  return {{"graftage", build.version},      {"git_revision", build.git_revision},
          {"compiler", build.compiler},     {"compile_flags", build.compile_flags},
          {"build_type", build.build_type}, {"libraries", libraries}};
}

}  // namespace

Report aggregate(const std::filesystem::path& run_directory) {
  const sweep::TrialStore store(run_directory);
  Report report;
  report.members = read_members(store);
  const std::string sweep_json = store.sweep_json();
  const auto config = config::read<sweep::SweepConfig>(config::from_json(sweep_json));
  report.title = core::printable(config.name);
  report.metric = config.metric.name.substr(std::min(config.metric.name.size(), std::string("valid/").size()));
  report.goal = goal_of(config);
  report.seeds = config.replicates.seeds;
  report.notes = notes_of(report.members, config.metric);
  report.cells = make_cells(report.members, config);
  label_cells(report.cells);
  compare_cells(report.cells);
  Json sweep = Json::parse(sweep_json);
  sweep.erase("output");  // where a sweep lies is no part of what it found
  const Json provenance{{"sweep", sweep}, {"inputs", inputs_of(report.members)}, {"software", software()}};
  report.provenance_json = provenance.dump();
  return report;
}

}  // namespace graftage::report
