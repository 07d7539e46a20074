// Training steps of an objective through train::Trainer, feeding included.
//
// spec: objective (a section; {kind: graph_regression} is the bench's own), corpus, graphs, batch, virtual_shards,
// width, flow, dump (optional: weights, first batches with what the objective drew, gradient of the first),
// dumped_batches.

#include "corpus.hpp"
#include "dump.hpp"
#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/pretrain/objective.hpp"
#include "graftage/train/gemm_rate.hpp"
#include "graftage/train/trainer.hpp"
#include "graph_regression.hpp"
#include "pretrain/attribute_masking.hpp"
#include "pretrain/link_pairs.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace graftage::bench {

namespace {

nn::EncoderConfig architecture(const Json& spec) {
  nn::EncoderConfig config;
  config.width = spec.value("width", std::int64_t{300});
  return config;
}

std::unique_ptr<pretrain::Objective> make_objective(const Json& section, pretrain::ObjectiveContext& context) {
  if (section.at("kind") == "graph_regression") return std::make_unique<GraphRegression>(context);
  return pretrain::objectives().create(config::from_json(section.dump()), "objective", context);
}

Json resolved(const Json& section) {
  if (section.at("kind") == "graph_regression") return section;
  return Json::parse(pretrain::objectives().resolve(config::from_json(section.dump()), "objective").to_json());
}

data::Sampler::Options sampling(const Json& spec, std::int64_t minimum_shard) {
  return {.batch_size = spec.at("batch"),
          .virtual_shards = spec.value("virtual_shards", std::int64_t{1}),
          .minimum_shard = minimum_shard,
          .packing = data::Packing::Balanced};
}

std::vector<std::int32_t> sizes(const BenchCorpus& corpus) {
  const auto& all = corpus.corpus->num_nodes();
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(corpus.members.size())};
}

void write_links(h5::File& file, const std::string& prefix, const pretrain::LinkSet& links) {
  write_integers(file, prefix + "first", links.first);
  write_integers(file, prefix + "second", links.second);
  write_integers(file, prefix + "negative_first", links.negative_first);
  write_integers(file, prefix + "negative_second", links.negative_second);
  write_integers(file, prefix + "child", links.child);
}

class Pretraining final : public Contender {
 public:
  Pretraining(const Json& spec, const mpi::Communicator& ranks)
      : spec_(spec),
        ranks_(ranks),
        corpus_(spec, ranks),
        encoder_(architecture(spec), corpus_.corpus->schema()),
        context_{encoder_, core::SeedSequence(0), flow_kind(spec),
                 spec.value("precision", "fp32") == "bf16" ? graph::MatmulPrecision::BFloat16
                                                           : graph::MatmulPrecision::Float32},
        section_(resolved(spec.at("objective"))),
        objective_(make_objective(section_, context_)),
        optimizer_({}, objective_->trainable().values),
        sampler_(corpus_.members, sampling(spec, objective_->minimum_shard()), seed_, sizes(corpus_)),
        trainer_(*objective_, optimizer_, corpus_.store, sampler_, ranks) {}

  Json first() override {
    Json facts = corpus_.facts();
    facts["objective"] = section_;
    graph::GraphBatch batch = seen(0).first;
    facts["rows_left"] =
        rows_left(graph::make_flow(batch, corpus_.corpus->schema(), encoder_.flow_options(context_.flow)));
    facts["nodes"] = batch.num_nodes();
    facts["gemm_rate"] = train::gemm_rate(context_.precision);
    if (spec_.contains("dump") && ranks_.is_root()) dump();
    return facts;
  }

  Json block(const Json& request) override {
    const auto steps = request.at("steps").get<std::int64_t>();
    double graphs = 0;
    train::StepReport last;
    double feed = 0;
    double reduce = 0;
    double compute = 0;
    double flops = 0;
    train::TrainHooks hooks;
    bool first = steps > 1;  // nothing was loaded ahead for the first step of a block, as for the first of a run
    hooks.after_step = [&](const train::StepReport& report) {
      graphs += static_cast<double>(report.num_graphs);
      flops += report.flops;
      if (std::exchange(first, false)) return;
      feed += report.feed_seconds;
      reduce += report.reduce_seconds;
      compute += report.compute_seconds;
      last = report;
    };
    const Stopwatch watch;
    trainer_.run({.epochs = 1 << 20, .max_steps = done_ + steps, .first_step = done_, .heed_stop_signal = false}, seed_,
                 hooks);
    done_ += steps;
    Json answer = watch.block(graphs);
    answer["cpu_seconds"] = sum(answer["cpu_seconds"].get<double>());
    answer["peak_mebibytes"] = sum(answer["peak_mebibytes"].get<double>());
    answer["loss"] = last.loss;
    answer["flops"] = sum(flops);
    answer["feed_seconds"] = feed;
    answer["reduce_seconds"] = reduce;
    answer["compute_seconds"] = compute;
    answer["imbalance"] = ranks_.max(compute) * ranks_.size() / sum(compute) - 1;
    return answer;
  }

 private:
  /// Over all ranks.
  [[nodiscard]] double sum(double value) const {
    const auto all = ranks_.all_gather<double>({&value, 1});
    return std::accumulate(all.begin(), all.end(), 0.0);
  }

  /// The batch of a step as the objective sees it, and the key that the trainer gives to its first virtual shard.
  std::pair<graph::GraphBatch, core::SeedSequence> seen(std::int64_t step) {
    graph::GraphBatch batch = corpus_.store.batch(sampler_.shards(0, step).front());
    const core::SeedSequence key = seed_.child("step").child(step).child(std::int64_t{0});
    masked_ = {};
    if (section_.at("kind") == "attribute_masking")
      masked_ = pretrain::mask_nodes(batch, corpus_.corpus->schema(), section_.at("mask_rate").get<double>(), key);
    return {std::move(batch), key};
  }

  void dump() {
    auto file = h5::File::create(spec_.at("dump").get<std::string>());
    write_parameters(file, "/parameters/", objective_->trainable().parameters);
    const std::string kind = section_.at("kind");
    const std::int64_t wanted = std::min(spec_.value("dumped_batches", std::int64_t{8}), sampler_.steps_per_epoch());
    for (std::int64_t step = 0; step < wanted; ++step) {
      const auto [batch, key] = seen(step);
      const std::string group = "/batch/" + std::to_string(step) + "/";
      write_graphs(file, group, batch);
      if (kind == "attribute_masking") {
        write_integers(file, group + "masked_node", masked_.node);
        write_integers(file, group + "masked_type", masked_.type);
      } else if (kind == "l2p") {
        const auto links = pretrain::draw_links(
            batch, {section_.at("children"), section_.at("support_pairs"), section_.at("query_pairs")}, key);
        write_links(file, group + "support_", links.support);
        write_links(file, group + "query_", links.query);
      } else if (kind == "graph_regression") {
        write_tensor(file, group + "target", GraphRegression::targets(batch.ids));
      } else {
        throw core::UsageError("no peer is written for objective '" + kind + "'");
      }
    }
    const core::SeedSequence key = seed_.child("step").child(std::int64_t{0}).child(std::int64_t{0});
    const auto result = objective_->loss(corpus_.store.batch(sampler_.shards(0, 0).front()), key);
    write_first_step(file, result.loss.sum / result.loss.count, objective_->trainable().parameters);
    file.close();
  }

  Json spec_;
  const mpi::Communicator& ranks_;
  core::SeedSequence seed_{1};
  BenchCorpus corpus_;
  nn::Encoder encoder_;
  pretrain::ObjectiveContext context_;
  Json section_;
  std::unique_ptr<pretrain::Objective> objective_;
  train::Adam optimizer_;
  data::Sampler sampler_;
  train::Trainer trainer_;
  pretrain::MaskedNodes masked_;
  std::int64_t done_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_pretraining(const Json& spec, const mpi::Communicator& ranks) {
  return std::make_unique<Pretraining>(spec, ranks);
}

}  // namespace graftage::bench
