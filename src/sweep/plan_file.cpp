#include "graftage/config/load.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/sweep/trial_store.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace graftage::sweep {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "graftage-sweep-plan";
constexpr const char* kVersion = "1.0.0";

Json to_json(const Trial& trial) {
  Json parameters = Json::object();
  for (const auto& [name, value] : trial.parameters) parameters[name] = Json::parse(value);
  return {{"id", trial.id},
          {"setting", trial.setting},
          {"cell", trial.cell},
          {"number", trial.number},
          {"seed", trial.seed},
          {"parameters", parameters},
          {"config", Json::parse(trial.config.to_json())}};
}

Trial to_trial(const Json& json) {
  Trial trial;
  trial.id = json.at("id").get<std::string>();
  trial.setting = json.at("setting").get<std::string>();
  trial.cell = json.at("cell").get<std::string>();
  trial.number = json.at("number").get<std::int64_t>();
  trial.seed = json.at("seed").get<std::int64_t>();
  for (const auto& [name, value] : json.at("parameters").items())
    trial.parameters[name] = config::from_json(value.dump()).to_json();
  trial.config = config::from_json(json.at("config").dump());
  return trial;
}

Json read_document(const std::filesystem::path& path) {
  const std::string text = core::read_text(path, "it is the plan of a sweep: run graftage sweep first");
  Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || document.value("format", "") != kFormat)
    throw core::DataError(path.string(), "", "is no plan of a sweep; move it away and run graftage sweep again");
  if (!document.contains("sweep") || !document.contains("trials") || !document["trials"].is_array())
    throw core::DataError(path.string(), "", "is incomplete; move it away and run graftage sweep again");
  return document;
}

/// One trial per line, so that two plans can be compared by eye.
std::string plan_text(const std::string& sweep_json, const std::vector<Trial>& trials) {
  std::string text = std::string("{\"format\": \"") + kFormat + "\", \"format_version\": \"" + kVersion +
                     "\",\n\"sweep\": " + sweep_json + ",\n\"trials\": [\n";
  for (std::size_t i = 0; i < trials.size(); ++i)
    text += to_json(trials[i]).dump() + (i + 1 < trials.size() ? ",\n" : "\n");
  return text + "]}\n";
}

/// Files by which other stages' directories are known.
constexpr std::pair<const char*, const char*> kForeign[] = {{"index.h5", "a corpus"},
                                                            {"encoder.h5", "a pretraining run"},
                                                            {"manifest.yaml", "a pretraining run"},
                                                            {"checkpoints", "a pretraining run"},
                                                            {"report.h5", "a report without its sweep"}};

}  // namespace

void TrialStore::refuse_foreign_directory() const {
  for (const char* own : {"plan.json", "trials"})
    if (std::filesystem::exists(directory_ / own)) return;
  for (const auto& [name, owner] : kForeign)
    if (std::filesystem::exists(directory_ / name))
      throw core::ConfigError("", "output: " + directory_.string() + " holds " + owner + " (" + name +
                                      "); choose another output for the sweep");
}

void TrialStore::write_plan(const std::string& sweep_json, const std::vector<Trial>& trials) const {
  const auto path = directory_ / "plan.json";
  core::create_directories(directory_);
  const std::string text = plan_text(sweep_json, trials);
  if (std::filesystem::exists(path)) {
    if (core::read_text(path) == text) return;
    std::set<std::string> ids;
    for (const Trial& trial : trials) ids.insert(trial.id);
    const auto planned = read_plan();
    const auto lost =
        std::count_if(planned.begin(), planned.end(), [&](const Trial& trial) { return !ids.contains(trial.id); });
    if (lost > 0)
      throw core::ConfigError(
          "", "output: " + directory_.string() + " holds another sweep: " + std::to_string(lost) + " of its " +
                  std::to_string(planned.size()) +
                  " trials are not in this one (its configuration, a task, an encoder, the program's version "
                  "or the processor type changed); "
                  "choose another output, or move that directory away");
  }
  core::commit_text(path, text);
}

std::vector<Trial> TrialStore::read_plan() const {
  const auto path = directory_ / "plan.json";
  const Json document = read_document(path);
  std::vector<Trial> trials;
  try {
    for (const Json& json : document.at("trials")) trials.push_back(to_trial(json));
  } catch (const Json::exception& error) {
    throw core::DataError(path.string(), "trials[" + std::to_string(trials.size()) + "]",
                          core::printable(error.what()));
  }
  return trials;
}

std::string TrialStore::sweep_json() const {
  return config::from_json(read_document(directory_ / "plan.json").at("sweep").dump()).to_json();
}

}  // namespace graftage::sweep
