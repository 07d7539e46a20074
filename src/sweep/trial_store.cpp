#include "graftage/sweep/trial_store.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/quarantine.hpp"
#include "graftage/h5/file.hpp"
#include "sweep/trial_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace graftage::sweep {

namespace fs = std::filesystem;

namespace {

constexpr char kDoneNote = '+', kFailedNote = '-';

/// The values that differ from run to run, as JSON; empty if there are none.
std::string timings_json(const TrialResult& result) {
  nlohmann::ordered_json timings = nlohmann::ordered_json::object();
  for (const auto& [name, value] : result.values)
    if (is_timing(name)) timings[name] = value;
  return timings.empty() ? "" : timings.dump() + "\n";
}

}  // namespace

TrialStore::TrialStore(fs::path run_directory) : directory_(std::move(run_directory)) {}

fs::path TrialStore::file_of(const std::string& id) const { return directory_ / "trials" / (id + ".h5"); }

fs::path TrialStore::notes_of(const std::string& session) const { return directory_ / "claims" / (session + ".notes"); }

bool TrialStore::has_done(const std::string& id) const {
  if (!fs::exists(file_of(id))) return false;
  try {
    return read_trial_status(file_of(id)) == TrialStatus::Done;
  } catch (const core::DataError&) {
    return false;
  }
}

std::optional<TrialResult> TrialStore::read(const std::string& id) const {
  if (!fs::exists(file_of(id))) return std::nullopt;
  auto result = read_trial_file(file_of(id));
  if (result.trial.id != id)
    throw core::DataError(file_of(id).string(), "/@trial_id", "is of another trial: " + result.trial.id);
  return result;
}

std::map<std::string, double> TrialStore::read_timings(const std::string& id) const {
  const auto path = directory_ / "timings" / (id + ".json");
  std::map<std::string, double> timings;
  if (!fs::exists(path)) return timings;
  const auto document = nlohmann::json::parse(core::read_text(path), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return timings;
  for (const auto& [name, value] : document.items())
    if (value.is_number()) timings[name] = value.get<double>();
  return timings;
}

void TrialStore::write(const TrialResult& result) const { prepare_write(result)(); }

core::Publish TrialStore::prepare_write(const TrialResult& result) const {
  const std::string& id = result.trial.id;
  std::optional<TrialResult> stored;
  try {
    stored = read(id);
  } catch (const core::DataError& error) {
    core::log_warning(error.what());
    quarantine(id);
  }
  if (stored && stored->status == TrialStatus::Done) {
    if (result.status != TrialStatus::Done || same_content(*stored, result)) return [] {};
    const auto second = core::place_in_quarantine(directory_, id + ".second.h5");
    core::create_directories(second.parent_path());
    prepare_trial_file(second, result)();
    throw core::Error(core::ExitCode::ReproducibilityMismatch, "trial " + id +
                                                                   " gave another result when it ran again; compare " +
                                                                   file_of(id).string() + " with " + second.string());
  }
  core::create_directories(directory_ / "trials");
  return [publish = prepare_trial_file(file_of(id), result), timings = timings_json(result),
          path = directory_ / "timings" / (id + ".json")] {
    core::create_directories(path.parent_path());
    if (!timings.empty()) core::commit_text(path, timings);
    publish();
  };
}

core::Publish TrialStore::write_later(TrialResult result) const {
  if (!h5::is_thread_safe()) return prepare_write(result);
  return [store = *this, result = std::move(result)] { store.write(result); };
}

void TrialStore::quarantine(const std::string& id) const {
  const auto target = core::quarantine(file_of(id), directory_, id + ".damaged.h5");
  core::log_warning("a damaged result was moved to " + target.string() + "; its trial runs again");
}

bool TrialStore::claim(const std::string& session, const std::string& id) const {
  core::create_directories(directory_ / "claims" / session);
  return core::create_exclusive(directory_ / "claims" / session / id);
}

bool TrialStore::is_claimed(const std::string& session, const std::string& name) const {
  return fs::exists(directory_ / "claims" / session / name);
}

void TrialStore::note_finished(const std::string& session, TrialStatus status) const {
  std::ofstream(notes_of(session), std::ios::app) << (status == TrialStatus::Done ? kDoneNote : kFailedNote);
}

TrialStore::Finished TrialStore::count_finished(const std::string& session) const {
  std::ifstream file(notes_of(session));
  const std::string notes{std::istreambuf_iterator<char>(file), {}};
  return {static_cast<std::int64_t>(notes.size()), std::count(notes.begin(), notes.end(), kFailedNote)};
}

void TrialStore::release_all() const {
  std::error_code error;
  fs::remove_all(directory_ / "claims", error);
  if (error) throw core::IoError((directory_ / "claims").string() + " cannot be removed: " + error.message());
}

void TrialStore::prepare() const {
  for (const char* name : {"trials", "timings", "claims"}) {
    core::create_directories(directory_ / name);
    core::remove_stale_temporaries(directory_ / name);
  }
  core::remove_stale_temporaries(directory_);
}

}  // namespace graftage::sweep
