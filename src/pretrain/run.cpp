#include "graftage/pretrain/run.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/progress.hpp"
#include "graftage/core/quarantine.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/sample_store.hpp"
#include "graftage/data/sampler.hpp"
#include "graftage/mpi/agreement.hpp"
#include "graftage/pretrain/objective.hpp"
#include "graftage/train/checkpoint.hpp"
#include "graftage/train/gemm_rate.hpp"
#include "graftage/train/metric_log.hpp"
#include "graftage/train/numerics.hpp"
#include "graftage/train/trainer.hpp"
#include "pretrain/run_record.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <system_error>

namespace graftage::pretrain {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<core::GraphId> all_graphs(const data::Corpus& corpus) {
  std::vector<core::GraphId> members;
  for (std::int64_t i = 0; i < corpus.num_graphs(); ++i) members.emplace_back(i);
  return members;
}

/// Copies values by name. The identity of a run fixes names and shapes, so a difference is a bug.
void restore(const nn::Parameters& from, const nn::Parameters& into) {
  const at::NoGradGuard no_grad;
  GRAFTAGE_CHECK(from.entries().size() == into.entries().size(), from.entries().size(), into.entries().size());
  for (const auto& [name, tensor] : into.entries()) {
    GRAFTAGE_CHECK(from[name].sizes() == tensor.sizes(), name);
    tensor.detach().copy_(from[name]);
  }
}

/// One pretraining run on one rank: what is trained, on what, and what it leaves behind.
class Run {
 public:
  Run(const PretrainConfig& config, const mpi::Communicator& communicator, std::shared_ptr<const data::Corpus> corpus,
      RunIdentity identity)
      : config_(config),
        communicator_(communicator),
        identity_(std::move(identity)),
        seed_(static_cast<std::uint64_t>(config.seed)),
        encoder_(config.encoder, corpus->schema()),
        context_{encoder_, seed_.child("weights"), config.train.flow, train::matmul_precision(config.train.precision)},
        objective_(objectives().create(config.objective, "objective", context_)),
        optimizer_(config.optimizer, objective_->trainable().values),
        store_(corpus,
               data::SampleStore::options_for(*corpus, communicator.size(),
                                              static_cast<std::int64_t>(config.train.cache_mebibytes * 1048576))),
        sampler_(all_graphs(*corpus),
                 {config.batch.size, config.batch.virtual_shards, objective_->minimum_shard(), config.batch.packing},
                 seed_.child("sampler"), corpus->num_nodes()),
        checkpoints_(config.output / "checkpoints") {
    const std::int64_t all_steps = config.train.epochs * sampler_.steps_per_epoch();
    last_step_ = config.train.max_steps > 0 ? std::min(config.train.max_steps, all_steps) : all_steps;
    if (last_step_ == 0)
      throw core::ConfigError("", "corpus " + corpus->name() + " has " + std::to_string(corpus->num_graphs()) +
                                      " graphs, too few for one batch of " + std::to_string(config.batch.size) +
                                      " in " + std::to_string(config.batch.virtual_shards) + " virtual shards");
  }

  /// Continues from the newest checkpoint. Root first: it alone moves damaged files away.
  void resume() {
    const auto load = [&] {
      if (const auto checkpoint = checkpoints_.load_newest(identity_.digest)) restore_from(*checkpoint);
    };
    mpi::agree(communicator_, [&] {
      if (communicator_.is_root()) load();
    });
    mpi::agree(communicator_, [&] {
      if (!communicator_.is_root()) load();
    });
    const std::int64_t furthest = communicator_.max(first_step_);
    mpi::agree(communicator_, [&] {
      if (first_step_ != furthest)
        throw core::ConfigError("", "output: the ranks see different checkpoints in " +
                                        checkpoints_.directory().string() +
                                        "; choose a directory on a file system that all nodes share");
    });
    if (first_step_ > 0)
      core::log_info("continuing after step " + std::to_string(first_step_) + " of " + std::to_string(last_step_));
  }

  void train() {
    std::unique_ptr<train::MetricLog> log;
    if (communicator_.is_root())
      log = std::make_unique<train::MetricLog>(config_.output, first_step_, train::gemm_rate(context_.precision));
    core::Progress progress({.label = "pretrain " + config_.name,
                             .unit = "graphs",
                             .total = last_step_ * config_.batch.size,
                             .enabled = communicator_.is_root()});
    Clock::time_point last_checkpoint = Clock::now();
    train::TrainHooks hooks;
    hooks.after_step = [&](const train::StepReport& report) {
      if (!communicator_.is_root()) return;
      log->add(report);
      progress.update(report.step * config_.batch.size, "loss " + core::format_fixed(report.loss, 4));
      if (seconds_since(last_checkpoint) < config_.train.checkpoint_seconds || report.step == last_step_) return;
      write_checkpoint(report.step);
      last_checkpoint = Clock::now();
    };
    hooks.on_stop = [&](std::int64_t step) { write_agreed([&] { write_checkpoint(step); }); };
    train::Trainer trainer(*objective_, optimizer_, store_, sampler_, communicator_);
    trainer.run({config_.train.epochs, config_.train.max_steps, first_step_}, seed_.child("train"), hooks);
    progress.finish();
    if (log && !log->summary().empty()) core::log_info("speed: " + log->summary());
  }

  /// The last checkpoint, then encoder.h5: its presence means that the run is complete.
  void finish() {
    write_agreed([&] {
      if (first_step_ < last_step_) write_checkpoint(last_step_);
      train::EncoderFile file;
      file.config = config_.encoder;
      file.schema = encoder_.schema();
      file.parameters = objective_->encoder_parameters();
      file.buffers = objective_->buffers();
      file.name = config_.name;
      file.provenance_json = provenance_of(config_, store_.corpus(), identity_, last_step_);
      train::write_encoder(config_.output / "encoder.h5", file);
    });
    core::log_info("encoder written to " + (config_.output / "encoder.h5").string() + " after " +
                   core::group_thousands(last_step_) + " steps");
  }

 private:
  void restore_from(const train::Checkpoint& checkpoint) {
    restore(checkpoint.parameters, objective_->trainable().parameters);
    restore(checkpoint.buffers, objective_->buffers());
    optimizer_.first_moment.copy_(checkpoint.first_moment);
    optimizer_.second_moment.copy_(checkpoint.second_moment);
    optimizer_.num_steps = checkpoint.adam_steps;
    first_step_ = checkpoint.step;
  }

  void write_checkpoint(std::int64_t step) {
    checkpoints_.write({identity_.digest, step, objective_->trainable().parameters, objective_->buffers(),
                        optimizer_.first_moment, optimizer_.second_moment, optimizer_.num_steps});
  }

  /// Writes on the root; a failure is every rank's.
  void write_agreed(const std::function<void()>& write) {
    mpi::agree(communicator_, [&] {
      if (communicator_.is_root()) write();
    });
  }

  const PretrainConfig& config_;
  const mpi::Communicator& communicator_;
  RunIdentity identity_;
  core::SeedSequence seed_;
  nn::Encoder encoder_;
  ObjectiveContext context_;
  std::unique_ptr<Objective> objective_;
  train::Adam optimizer_;
  data::SampleStore store_;
  data::Sampler sampler_;
  train::CheckpointStore checkpoints_;
  std::int64_t first_step_ = 0;
  std::int64_t last_step_ = 0;
};

/// True if encoder.h5 is there, intact and of this run. A damaged one is set aside and made again.
bool is_complete(const PretrainConfig& config, const RunIdentity& identity) {
  const auto path = config.output / "encoder.h5";
  if (!std::filesystem::exists(path)) return false;
  try {
    const std::string found = identity_in(train::read_encoder(path).provenance_json);
    if (found == identity.digest) return true;
    throw core::ConfigError("", path.string() +
                                    " was made by another run (configuration, corpus or build): its identity is " +
                                    found.substr(0, 16) + ", this one's " + identity.digest.substr(0, 16) +
                                    "; give this run another output directory, or remove that one");
  } catch (const core::DataError& error) {
    const auto aside = core::quarantine(path, config.output, "encoder.damaged.h5");
    core::log_warning(std::string(error.what()) + "; moved to " + aside.string() + " and made again");
    return false;
  }
}

/// Ranks that read different files or run different builds must not start together.
void check_same_run(const mpi::Communicator& communicator, const RunIdentity& identity) {
  for (const std::string& other : communicator.all_gather_text(identity.digest))
    if (other != identity.digest)
      throw core::MpiError(
          "the ranks disagree about the run (configuration, corpus or build): " + identity.digest.substr(0, 16) +
          " and " + other.substr(0, 16) + "; start all of them from the same installation and directory");
}

}  // namespace

PretrainConfig read_pretrain_config(const config::Node& document) {
  auto config = config::read<PretrainConfig>(document);
  config.objective = objectives().resolve(config.objective, "objective");
  if (config.name.empty()) config.name = config.objective.find("kind")->scalar;
  // An objective may refuse a value in its constructor: find out now, with the smallest encoder there is.
  const nn::Encoder probe({.num_layers = 2, .width = 1}, graph::chem_schema());
  ObjectiveContext context{probe, core::SeedSequence(0)};
  (void)objectives().create(config.objective, "objective", context);
  return config;
}

bool run_pretrain(const PretrainConfig& wanted, const mpi::Communicator& communicator) {
  PretrainConfig config = wanted;
  config.train.precision = train::settle_precision(wanted.train.precision, wanted.output, communicator);
  const std::string numerics = train::configure_numerics(static_cast<int>(config.train.threads));
  std::shared_ptr<const data::Corpus> corpus;
  mpi::agree(communicator, [&] { corpus = data::Corpus::open(config.corpus); });
  RunIdentity identity = identity_of(config, *corpus);
  check_same_run(communicator, identity);
  bool complete = false;
  mpi::agree(communicator, [&] {
    if (communicator.is_root()) complete = is_complete(config, identity);
  });
  if (mpi::any_of(communicator, complete)) {
    core::log_info("pretraining " + config.name + " is already complete: " + (config.output / "encoder.h5").string());
    return false;
  }
  std::unique_ptr<Run> run;
  mpi::agree(communicator, [&] {
    run = std::make_unique<Run>(config, communicator, corpus, identity);
    if (!communicator.is_root()) return;
    core::create_directories(config.output);
    core::remove_stale_temporaries(config.output);
    core::remove_stale_temporaries(config.output / "checkpoints");
    core::commit_text(config.output / "manifest.yaml", manifest_of(config, *corpus, identity, communicator.size()));
  });
  core::log_info("pretraining " + config.name + " on " + core::group_thousands(corpus->num_graphs()) + " graphs of " +
                 corpus->name() + ", " + std::to_string(communicator.size()) +
                 (communicator.size() == 1 ? " rank, " : " ranks, ") + numerics);
  run->resume();
  run->train();
  run->finish();
  return true;
}

}  // namespace graftage::pretrain
