#include "app/command.hpp"
#include "app/open_precision.hpp"
#include "app/trial_bridge.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/exit_code.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/text.hpp"
#include "graftage/mpi/agreement.hpp"
#include "graftage/sweep/launcher.hpp"
#include "graftage/train/numerics.hpp"
#include "graftage/train/tensor_memory.hpp"

#include <algorithm>
#include <iostream>

namespace graftage::app {

namespace {

std::vector<sweep::Trial> plan_trials(const sweep::SweepConfig& config, adapt::TrialRunner& runner,
                                      train::Precision auto_means) {
  return sweep::plan(
      config, [&](const config::Node& trial) { return resolve_trial(runner, trial, config.metric, auto_means); });
}

/// Ranks on other processors or with other files would plan, and run, other trials.
void check_same_trials(const mpi::Communicator& world, const std::vector<sweep::Trial>& trials) {
  std::string ids;
  for (const auto& trial : trials) ids += trial.id + "\n";
  const std::string digest = core::sha256_hex(ids);
  mpi::agree(world, [&, all = world.all_gather_text(digest)] {
    if (std::any_of(all.begin(), all.end(), [&](const std::string& other) { return other != digest; }))
      throw core::MpiError(
          "the ranks disagree about the trials (files, build or processor type); use nodes of one kind and one "
          "installation");
  });
}

void print_trials(const std::vector<sweep::Trial>& trials) {
  for (const auto& trial : trials) {
    std::cout << trial.id << "  seed " << trial.seed;
    for (const auto& [name, value] : trial.parameters) std::cout << "  " << name << '=' << value;
    std::cout << '\n';
  }
  std::cout << trials.size() << " trials" << std::endl;
}

void print_summary(const sweep::SweepConfig& config, const sweep::SweepSummary& summary) {
  std::cout << config.name << ": " << summary.planned << " trials, " << summary.already_done << " done before, "
            << summary.ran << " run in " << core::format_duration(summary.seconds);
  if (summary.failed > 0) std::cout << ", " << summary.failed << " failed (the same command runs them again)";
  std::cout << "\n  graftage report " << config.output.string() << std::endl;
}

}  // namespace

int run_sweep(const Invocation& invocation) {
  adapt::TrialRunner runner;
  if (invocation.dry_run) {
    const auto config = sweep::read_sweep_config(load_document(invocation));
    sweep::TrialStore(config.output).refuse_foreign_directory();
    const auto settled = train::settled_precision(config.output);
    print_trials(plan_trials(config, runner, settled.value_or(train::best_precision(core::cpu_features()))));
    return 0;
  }
  return with_ranks([&](const mpi::Communicator& world) {
    sweep::SweepConfig config;
    std::vector<sweep::Trial> trials;
    train::configure_tensor_memory();
    core::log_info(train::configure_numerics(1) + ", " + std::to_string(world.size()) + " ranks");
    bool open = false;
    parse_on_all_ranks(invocation, world, [&](const config::Node& document) {
      config = sweep::read_sweep_config(document);
      open = leaves_precision_open(document);
    });
    const sweep::TrialStore store(config.output);
    mpi::agree(world, [&] {
      if (world.is_root()) store.refuse_foreign_directory();
    });
    const auto precision =
        open ? train::settle_precision(train::Precision::Auto, config.output, world) : train::Precision::Fp32;
    mpi::agree(world, [&] { trials = plan_trials(config, runner, precision); });
    check_same_trials(world, trials);
    mpi::agree(world, [&] {
      if (world.is_root()) store.write_plan(config::dump(config).to_json(), trials);
    });
    const auto summary = sweep::run_trials(
        trials, store, [&](const sweep::Trial& trial) { return run_trial(runner, trial); }, world);
    if (world.is_root()) print_summary(config, summary);
    return static_cast<int>(summary.failed > 0 ? core::ExitCode::PartialResults : core::ExitCode::Done);
  });
}

}  // namespace graftage::app
