#include "graftage/study/state.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/h5/artifact.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace graftage::study {

namespace {

constexpr const char* kStateVersion = "1";

/// Directories below a stage's output that hold no results.
bool is_scratch(const std::filesystem::path& directory) {
  static const std::set<std::string> names{"checkpoints", "claims", "quarantine"};
  return names.contains(directory.filename().string());
}

std::vector<std::filesystem::path> result_files(const Stage& stage) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(stage.output)) return files;
  if (stage.kind == StageKind::Report) {
    const auto report = stage.output / "report.h5";
    if (std::filesystem::exists(report)) files.push_back(report);
    return files;
  }
  for (auto entry = std::filesystem::recursive_directory_iterator(stage.output); entry != std::filesystem::end(entry);
       ++entry) {
    if (entry->is_directory() && is_scratch(entry->path())) entry.disable_recursion_pending();
    const bool is_own_result = entry->path().extension() == ".h5" && entry->path().filename() != "report.h5";
    if (entry->is_regular_file() && is_own_result) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string output_digest(const Stage& stage) {
  const auto files = result_files(stage);
  if (files.empty()) return "";
  core::Sha256 digest;
  for (const auto& file : files) {
    std::string content;
    try {
      content = h5::read_header(h5::File::open(file)).content_sha256;
    } catch (const core::Error&) {
      content = "damaged";  // differs from what was recorded, so the stage runs again
    }
    digest.update(std::filesystem::relative(file, stage.output).string() + "\n" + content + "\n");
  }
  return digest.hex();
}

StudyState::StudyState(std::filesystem::path directory) : file_(std::move(directory) / "study.json") {
  if (!std::filesystem::exists(file_)) return;
  try {
    const auto document = nlohmann::json::parse(core::read_text(file_));
    if (document.at("version") != kStateVersion)
      throw core::DataError(file_.string(), "/version", "is of another version; move it away to run all stages again");
    for (const auto& [name, entry] : document.at("stages").items())
      entries_[name] = {entry.at("key").get<std::string>(), entry.at("output_digest").get<std::string>()};
  } catch (const nlohmann::json::exception&) {
    throw core::DataError(file_.string(), "", "is not the state of a study; move it away to run all stages again");
  }
}

bool StudyState::is_finished(const Stage& stage, const std::string& key) const {
  const auto entry = entries_.find(stage.name);
  return entry != entries_.end() && entry->second.key == key && !entry->second.output_digest.empty() &&
         entry->second.output_digest == output_digest(stage);
}

void StudyState::record(const Stage& stage, const std::string& key) {
  entries_[stage.name] = {key, output_digest(stage)};
  nlohmann::json document{{"version", kStateVersion}, {"stages", nlohmann::json::object()}};
  for (const auto& [name, entry] : entries_)
    document["stages"][name] = {{"key", entry.key}, {"output_digest", entry.output_digest}};
  core::create_directories(file_.parent_path());
  core::commit_text(file_, document.dump(2) + "\n");
}

}  // namespace graftage::study
