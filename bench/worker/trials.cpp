// What a sweep spends beside its trials: planned trials that do nothing, or only wait, through sweep::run_trials.
//
// spec: directory. request: seconds: how long each trial takes (a list), a fresh sweep per block; operation: "run" or
// "commit" (store the same results one by one, nothing else).

#include "contender.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/sweep/launcher.hpp"

#include <filesystem>
#include <numeric>
#include <stdexcept>
#include <thread>

namespace graftage::bench {

namespace {

std::vector<sweep::Trial> make_trials_of(const std::vector<double>& seconds) {
  std::vector<sweep::Trial> trials;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    sweep::Trial trial;
    trial.id = core::sha256_hex("bench " + std::to_string(i)).substr(0, 16);
    trial.number = static_cast<std::int64_t>(i);
    trial.seed = static_cast<std::int64_t>(i);
    trial.config.kind = config::Node::Kind::Mapping;
    trials.push_back(std::move(trial));
  }
  return trials;
}

/// As much as a real trial stores: 3 curves of 100 epochs.
sweep::TrialResult result_of(const sweep::Trial& trial) {
  sweep::TrialResult result;
  result.trial = trial;
  result.values = {{"num_head_parameters", 301.0}};
  for (const char* name : {"train/loss", "valid/roc_auc", "test/roc_auc"}) {
    std::vector<double> curve(100);
    std::iota(curve.begin(), curve.end(), static_cast<double>(trial.seed));
    result.curves[name] = curve;
  }
  result.facts = {{"task", "bench"}, {"method", "nothing"}, {"metric", "roc_auc"}, {"goal", "maximize"}};
  return result;
}

class Trials final : public Contender {
 public:
  Trials(const Json& spec, const mpi::Communicator& ranks)
      : ranks_(ranks), directory_(spec.at("directory").get<std::string>()) {}

  Json block(const Json& request) override {
    const auto seconds = request.at("seconds").get<std::vector<double>>();
    const std::vector<sweep::Trial> trials = make_trials_of(seconds);
    if (ranks_.is_root()) std::filesystem::remove_all(directory_);
    ranks_.barrier();
    const sweep::TrialStore store(directory_);
    double slept = 0;
    if (request.value("operation", "run") == "commit") {
      store.prepare();
      const Stopwatch watch;
      for (const sweep::Trial& trial : trials) store.write(result_of(trial));
      return watch.block(static_cast<double>(trials.size()));
    }
    const Stopwatch watch;
    const auto run = [&](const sweep::Trial& trial) {
      const double duration = seconds[static_cast<std::size_t>(trial.number)];
      if (duration > 0) {
        const Stopwatch trial_watch;
        std::this_thread::sleep_for(std::chrono::duration<double>(duration));
        slept += trial_watch.seconds();
      }
      return result_of(trial);
    };
    const auto summary = sweep::run_trials(trials, store, run, ranks_);
    Json answer = watch.block(static_cast<double>(summary.ran));
    answer["busy_seconds"] = ranks_.max(slept);
    double all = 0;
    for (const double s : ranks_.all_gather<double>({&slept, 1})) all += s;
    answer["all_busy_seconds"] = all;
    return answer;
  }

 private:
  const mpi::Communicator& ranks_;
  std::filesystem::path directory_;
};

}  // namespace

std::unique_ptr<Contender> make_trials(const Json& spec, const mpi::Communicator& ranks) {
  return std::make_unique<Trials>(spec, ranks);
}

}  // namespace graftage::bench
