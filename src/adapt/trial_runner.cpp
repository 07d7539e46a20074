#include "graftage/adapt/trial_runner.hpp"

#include "adapt/adapt_task.hpp"
#include "adapt/encoder_shelf.hpp"
#include "adapt/evaluation.hpp"
#include "graftage/core/build_info.hpp"
#include "graftage/core/error.hpp"
#include "graftage/mpi/communicator.hpp"
#include "graftage/train/numerics.hpp"
#include "graftage/train/trainer.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <chrono>
#include <utility>

namespace graftage::adapt {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

template <config::NamedEnum T>
std::string name_of(T value) {
  return enum_names(static_cast<const T*>(nullptr)).at(static_cast<std::size_t>(value));
}

config::Node text_node(const std::string& text) { return config::Node::from_scalar(text, {}, /*quoted=*/true); }

/// Follows one training: the curves of an Outcome and the time spent on training alone.
class TrainingRecord {
 public:
  TrainingRecord(const AdaptTask& task, const EvaluationBatches& batches, graph::LabelKind kind, bool evaluate_train)
      : task_(task), batches_(batches), kind_(kind), evaluate_train_(evaluate_train) {}

  [[nodiscard]] train::TrainHooks hooks() {
    return {.after_step = [this](const train::StepReport& report) { add_step(report); },
            .after_epoch =
                [this](std::int64_t) {
                  end_epoch();
                  return true;
                },
            .on_stop = {}};
  }

  [[nodiscard]] double graphs_per_second(double seconds) const {
    return static_cast<double>(graphs_) / (seconds - evaluation_seconds_);
  }

  std::map<std::string, std::vector<double>> curves;

 private:
  void add_step(const train::StepReport& report) {
    graphs_ += report.num_graphs;
    for (const train::NamedSum& metric : report.metrics) {
      if (metric.name != "loss") continue;
      loss_sum_ += metric.sum;
      loss_count_ += metric.count;
    }
  }

  void end_epoch() {
    const Clock::time_point start = Clock::now();
    const std::string metric = metric_of(kind_).name;
    curves["train/loss"].push_back(loss_sum_ / loss_count_);
    if (evaluate_train_) curves["train/" + metric].push_back(evaluate(task_, batches_.train, kind_));
    curves["valid/" + metric].push_back(evaluate(task_, batches_.valid, kind_));
    curves["test/" + metric].push_back(evaluate(task_, batches_.test, kind_));
    loss_sum_ = loss_count_ = 0;
    evaluation_seconds_ += seconds_since(start);
  }

  const AdaptTask& task_;
  const EvaluationBatches& batches_;
  graph::LabelKind kind_;
  bool evaluate_train_;
  double loss_sum_ = 0;
  double loss_count_ = 0;
  double evaluation_seconds_ = 0;
  std::int64_t graphs_ = 0;
};

/// What of the outcome is known without training.
std::map<std::string, std::string> facts_of(const TrialConfig& config, const data::Corpus& corpus,
                                            const EncoderIdentity& encoder) {
  const MetricInfo metric = metric_of(corpus.labels().kind);
  return {{"task", corpus.name()},
          {"task_origin", corpus.labels().origin},
          {"task_sha256", corpus.content_sha256()},
          {"encoder", encoder.name},
          {"encoder_sha256", encoder.sha256},
          {"encoder_seed", encoder.seed},
          {"method", config.adapt.find("kind")->scalar},
          {"protocol", name_of(config.protocol)},
          {"metric", metric.name},
          {"goal", metric.goal}};
}

}  // namespace

struct TrialRunner::Cache {
  std::map<std::string, std::unique_ptr<TaskData>> tasks;  ///< by directory and split
  EncoderShelf encoders;
  RecentCache<nn::Parameters> statistics{32};  ///< buffers of frozen encoders, by encoder and task
  RecentCache<EmbeddingTable> embeddings{16};  ///< by encoder, task and readout

  TaskData& task(const TaskConfig& config) {
    const std::string key = std::filesystem::weakly_canonical(config.corpus).string() + "\n" + config.split;
    auto& entry = tasks[key];
    if (entry == nullptr) entry = std::make_unique<TaskData>(config.corpus, config.split);
    return *entry;
  }

  /// What depends on nothing but encoder and task is computed once: statistics and embeddings of frozen encoders.
  AdaptParts parts(const TrialConfig& config, TaskData& data, const TrialEncoder& encoder, const Method& method) {
    const EvaluationBatches& batches = data.batches(encoder.encoder.flow_options(config.train.flow));
    AdaptParts parts{encoder.encoder,
                     method,
                     encoder.parameters,
                     encoder.buffers,
                     data.corpus().labels(),
                     config.head,
                     config.protocol,
                     config.train.dropout,
                     config.train.flow,
                     train::matmul_precision(config.train.precision),
                     nullptr};
    if (!is_fixed(method, config.protocol)) return parts;
    const nn::SharedWeights weights(encoder.parameters, parts.precision);
    const std::string key = encoder.key + " " + data.corpus().content_sha256() + " " + config.task.split + " " +
                            name_of(config.train.flow) + " " + train::name_of(config.train.precision);
    parts.encoder_buffers = *statistics.get(
        key, [&] { return estimate_statistics(encoder.encoder, weights, encoder.buffers, batches.train); });
    if (method.has_constant_embeddings())
      parts.embeddings = embeddings.get(key + " " + name_of(config.head.readout), [&] {
        return EmbeddingTable(encoder.encoder, weights, parts.encoder_buffers, config.head.readout, batches);
      });
    return parts;
  }
};

TrialRunner::TrialRunner() : cache_(std::make_unique<Cache>()) {}
TrialRunner::~TrialRunner() = default;

TrialIdentity TrialRunner::identify(const TrialConfig& config) {
  GRAFTAGE_CHECK(config.train.precision != train::Precision::Auto);
  train::require_precision(config.train.precision, core::cpu_features());
  const data::Corpus& corpus = cache_->task(config.task).corpus();
  const EncoderIdentity encoder = cache_->encoders.identify(config.encoder, corpus);
  config::Node document = resolved(config);
  document.at_path("task.corpus") = text_node(corpus.content_sha256());
  document.at_path("encoder.source") = text_node(encoder.sha256.empty() ? encoder.name : encoder.sha256);
  document.at_path("encoder.architecture") = config::dump(encoder.architecture);
  document.entry("program") = text_node(core::build_info().version);
  document.entry("numerics") = text_node(train::reproducibility_class(config.train.precision));
  const MetricInfo metric = metric_of(corpus.labels().kind);
  return {document.to_json(), corpus.name(), encoder.name, metric.name, metric.goal};
}

Outcome TrialRunner::run(const TrialConfig& config) {
  const Clock::time_point start = Clock::now();
  at::set_num_threads(static_cast<int>(config.train.threads));
  TaskData& data = cache_->task(config.task);
  const data::Corpus& corpus = data.corpus();
  const core::SeedSequence seed(static_cast<std::uint64_t>(config.seed));
  const auto encoder = cache_->encoders.get(config.encoder, corpus, seed);
  MethodContext context{encoder->encoder, seed};
  const auto method = methods().create(config.adapt, "adapt", context);
  AdaptTask task(cache_->parts(config, data, *encoder, *method), seed);
  train::Adam optimizer(config.optimizer, task.trainable().values);
  const data::Sampler sampler(data.training_graphs(),
                              {.batch_size = config.train.batch_size, .virtual_shards = 1, .minimum_shard = 2},
                              seed.child("order"));
  TrainingRecord record(task, data.batches(encoder->encoder.flow_options(config.train.flow)), corpus.labels().kind,
                        config.train.evaluate_train);
  const mpi::Communicator self = mpi::Communicator::self();
  train::Trainer trainer(task, optimizer, data.store(), sampler, self);
  const Clock::time_point training_start = Clock::now();
  trainer.run({.epochs = config.train.epochs}, seed.child("training"), record.hooks());

  Outcome outcome;
  outcome.curves = std::move(record.curves);
  outcome.values = {{"num_encoder_parameters", static_cast<double>(task.num_encoder_parameters())},
                    {"num_prompt_parameters", static_cast<double>(task.num_prompt_parameters())},
                    {"num_head_parameters", static_cast<double>(task.num_head_parameters())},
                    {"graphs_per_second", record.graphs_per_second(seconds_since(training_start))},
                    {"seconds", seconds_since(start)}};
  outcome.facts = facts_of(config, corpus, cache_->encoders.identify(config.encoder, corpus));
  return outcome;
}

}  // namespace graftage::adapt
