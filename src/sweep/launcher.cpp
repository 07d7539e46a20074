#include "graftage/sweep/launcher.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/progress.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/core/text.hpp"
#include "graftage/mpi/agreement.hpp"
#include "sweep/committer.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <new>
#include <optional>
#include <random>
#include <sstream>

namespace graftage::sweep {

namespace {

constexpr const char* kStop = "stop";
constexpr std::size_t kMostCommits = 16;  ///< results a rank may be ahead of the disk
constexpr std::chrono::milliseconds kShowInterval{200};

/// Tells this call's claims from those of other drivers of the same sweep; it never reaches a result.
std::string random_session_name() {
  std::random_device device;
  std::ostringstream name;
  name << std::hex << device() << '-' << device();
  return name.str();
}

/// What has to run, by id; damaged results are moved away. Root only.
std::vector<std::string> find_pending(const std::vector<Trial>& trials, const TrialStore& store) {
  std::vector<std::string> pending;
  for (const Trial& trial : trials) {
    std::optional<TrialResult> stored;
    try {
      stored = store.read(trial.id);
    } catch (const core::DataError& error) {
      core::log_warning(error.what());
      store.quarantine(trial.id);
    }
    if (!stored || stored->status != TrialStatus::Done) pending.push_back(trial.id);
  }
  return pending;
}

std::string first_line(const std::string& text) { return core::printable(text.substr(0, text.find('\n'))); }

TrialResult failed_result(core::ExitCode code, const std::string& reason) {
  TrialResult result;
  result.status = TrialStatus::Failed;
  result.exit_code = static_cast<int>(code);
  result.reason = reason;
  return result;
}

/// Runs one trial; its failure is a result. @throws Interrupted
TrialResult attempt(const Trial& trial, const RunTrial& run) {
  const auto start = std::chrono::steady_clock::now();
  TrialResult result;
  try {
    core::failpoint("sweep.trial");
    result = run(trial);
  } catch (const core::Interrupted&) {
    throw;
  } catch (const core::Error& error) {
    result = failed_result(error.exit_code(), first_line(error.what()));
  } catch (const std::bad_alloc&) {
    result = failed_result(core::ExitCode::Internal, "out of memory");
  } catch (const std::exception& error) {  // LibTorch's errors among them
    result = failed_result(core::ExitCode::Internal, "internal error: " + first_line(error.what()));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  result.values.emplace("seconds", seconds.count());
  result.trial = trial;
  return result;
}

/// One rank's part of a sweep.
class Worker {
 public:
  Worker(const std::vector<Trial>& trials, const TrialStore& store, const RunTrial& run, std::string session,
         bool shows_progress)
      : store_(store), run_(run), session_(std::move(session)), shows_progress_(shows_progress) {
    for (const Trial& trial : trials) trials_.emplace(trial.id, &trial);
  }

  void work(const std::vector<std::string>& pending, core::Progress& progress) {
    const auto already_done = static_cast<std::int64_t>(trials_.size() - pending.size());
    progress.update(already_done);
    committer_.emplace(kMostCommits);
    for (const std::string& id : pending) {
      if (must_stop()) break;
      if (!store_.claim(session_, id)) continue;
      if (!store_.has_done(id)) run_one(*trials_.at(id));
      if (interrupted) break;
      if (shows_progress_) show(progress, already_done);
    }
    committer_->drain();
  }

  /// This rank cannot go on: the others finish their trial and take no more, instead of running the rest first.
  void stop_others() noexcept {
    try {
      (void)store_.claim(session_, kStop);
    } catch (const std::exception& error) {  // the disk is full: they will find out
      core::log_warning(error.what());
    }
  }

  bool interrupted = false;
  std::int64_t ran = 0;
  std::int64_t failed = 0;
  std::optional<core::Error> mismatch;  ///< reported when everything else has run; the committer's until it is drained

 private:
  /// The signal may have reached one rank only; the others see its mark.
  bool must_stop() {
    if (!core::stop_requested() && !store_.is_claimed(session_, kStop)) return false;
    (void)store_.claim(session_, kStop);
    return interrupted = true;
  }

  void run_one(const Trial& trial) {
    TrialResult result;
    try {
      result = attempt(trial, run_);
    } catch (const core::Interrupted&) {
      (void)must_stop();
      interrupted = true;
      return;
    }
    ++ran;
    const bool is_failed = result.status != TrialStatus::Done;
    if (is_failed) {
      ++failed;
      core::log_warning("trial " + trial.id + " (seed " + std::to_string(trial.seed) + ") failed: " + result.reason);
    }
    const TrialStatus status = result.status;
    core::Publish write = [] {};
    note_mismatch([&] { write = store_.write_later(std::move(result)); });
    committer_->push([this, write = std::move(write), status] {
      try {
        note_mismatch(write);
        store_.note_finished(session_, status);
      } catch (...) {
        stop_others();  // this rank may be in a long trial before it sees the exception
        throw;
      }
    });
  }

  void note_mismatch(const core::Publish& step) {
    try {
      step();
    } catch (const core::Error& error) {
      if (error.exit_code() != core::ExitCode::ReproducibilityMismatch) throw;
      core::log_error(error.what());
      mismatch = error;
    }
  }

  /// What all ranks have finished; looked up now and then, not after each of many short trials.
  void show(core::Progress& progress, std::int64_t already_done) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_shown_ < kShowInterval) return;
    last_shown_ = now;
    const auto finished = store_.count_finished(session_);
    progress.update(already_done + finished.all,
                    finished.failed > 0 ? std::to_string(finished.failed) + " failed" : "");
  }

  std::map<std::string, const Trial*> trials_;
  const TrialStore& store_;
  const RunTrial& run_;
  std::string session_;
  bool shows_progress_;  ///< counting what all ranks have finished is one rank's job
  std::chrono::steady_clock::time_point last_shown_;
  std::optional<Committer> committer_;  ///< last: its tasks use the members above
};

}  // namespace

SweepSummary run_trials(const std::vector<Trial>& trials, const TrialStore& store, const RunTrial& run,
                        const mpi::Communicator& communicator) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> pending;
  mpi::agree(communicator, [&] {
    if (!communicator.is_root()) return;
    store.release_all();
    store.prepare();
    pending = find_pending(trials, store);
  });
  const std::string listed = communicator.broadcast_text(core::join(pending, "\n"));
  pending = listed.empty() ? std::vector<std::string>{} : core::split(listed, '\n');
  const std::string session = communicator.broadcast_text(communicator.is_root() ? random_session_name() : "");

  const bool shows_progress = communicator.is_root() && !pending.empty();
  Worker worker(trials, store, run, session, shows_progress);
  const auto total = static_cast<std::int64_t>(trials.size());
  core::Progress progress({.label = "sweep", .unit = "trials", .total = total, .enabled = shows_progress});
  mpi::agree(communicator, [&] {
    try {
      worker.work(pending, progress);
    } catch (const std::exception&) {
      worker.stop_others();
      throw;
    }
  });
  mpi::agree(communicator, [&] {
    if (communicator.is_root()) store.release_all();
    if (worker.mismatch) throw core::Error(*worker.mismatch);
  });
  SweepSummary summary;
  summary.planned = total;
  summary.already_done = summary.planned - static_cast<std::int64_t>(pending.size());
  summary.ran = communicator.sum(worker.ran);
  summary.failed = communicator.sum(worker.failed);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  summary.seconds = communicator.max(seconds.count());
  const bool interrupted = mpi::any_of(communicator, worker.interrupted);
  if (!interrupted) {
    progress.update(total, summary.failed > 0 ? std::to_string(summary.failed) + " failed" : "");
    progress.finish();
  }
  if (interrupted)
    throw core::Interrupted("the sweep was stopped with " + std::to_string(summary.already_done + summary.ran) +
                            " of " + std::to_string(summary.planned) +
                            " trials stored; the same command runs the rest");
  return summary;
}

}  // namespace graftage::sweep
