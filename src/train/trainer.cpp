#include "graftage/train/trainer.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/core/text.hpp"
#include "train/shard_sums.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <future>

namespace graftage::train {

namespace {

using Clock = std::chrono::steady_clock;

/// Seconds since `start`, which moves to now.
double lap(Clock::time_point& start) {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - start).count();
  start = now;
  return seconds;
}

/// Gradients in the order of the flat buffer; a parameter that the loss did not reach has zeros.
std::vector<float> flat_gradient(const at::Tensor& loss, const nn::FlatParameters& trainable) {
  std::vector<float> flat(static_cast<std::size_t>(trainable.values.numel()));
  if (!loss.requires_grad()) return flat;
  const auto gradients = torch::autograd::grad({loss}, trainable.parameters.tensors(), {}, /*retain_graph=*/false,
                                               /*create_graph=*/false, /*allow_unused=*/true);
  float* out = flat.data();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const std::int64_t count = trainable.parameters.entries()[i].tensor.numel();
    if (gradients[i].defined()) {
      const at::Tensor dense = gradients[i].contiguous();
      std::memcpy(out, dense.const_data_ptr<float>(), static_cast<std::size_t>(count) * sizeof(float));
    }
    out += count;
  }
  return flat;
}

bool all_finite(const std::vector<float>& values) {
  constexpr std::uint32_t kExponent = 0x7f800000u;
  std::uint32_t found = 0;
  for (const float value : values) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    found |= static_cast<std::uint32_t>((bits & kExponent) == kExponent);
  }
  return found == 0;
}

}  // namespace

Trainer::Trainer(LearningTask& task, Adam& optimizer, data::SampleStore& store, const data::Sampler& sampler,
                 const mpi::Communicator& communicator)
    : task_(task),
      optimizer_(optimizer),
      store_(store),
      sampler_(sampler),
      communicator_(communicator),
      reducer_(communicator, sampler.options().virtual_shards) {
  GRAFTAGE_CHECK(task.trainable().values.scalar_type() == at::kFloat, task.trainable().values.scalar_type());
}

Trainer::Feed Trainer::feed(std::int64_t step, const core::SeedSequence& seed) const {
  const std::int64_t per_epoch = sampler_.steps_per_epoch();
  const auto lists = sampler_.shards(step / per_epoch, step % per_epoch);
  Feed result;
  for (const auto& list : lists) result.num_graphs += static_cast<std::int64_t>(list.size());
  const core::SeedSequence step_seed = seed.child("step").child(step);
  const auto [first, last] = reducer_.local_range();
  for (std::int64_t leaf = first; leaf < last; ++leaf) {
    const auto& ids = lists[static_cast<std::size_t>(leaf)];
    result.shards.push_back(ids.empty() ? std::nullopt
                                        : std::optional(task_.prepare(store_.batch(ids), step_seed.child(leaf))));
  }
  return result;
}

Contribution Trainer::contribution(const ShardComputation& shard, bool stop, StepReport& report) {
  const ShardLoss loss = shard();
  report.flops += loss.flops;
  if (metric_names_.empty())
    for (const NamedSum& metric : loss.metrics) metric_names_.push_back(metric.name);
  const double value = loss.loss.sum.item<double>();
  return {flat_gradient(loss.loss.sum, task_.trainable()), pack_sums(loss, value, stop)};
}

Trainer::Outcome Trainer::step(std::int64_t step, const Feed& feed, bool heed_stop_signal) {
  Outcome outcome;
  StepReport& report = outcome.report;
  report.step = step + 1;
  report.epoch = step / sampler_.steps_per_epoch();
  report.num_graphs = feed.num_graphs;
  Clock::time_point clock = Clock::now();
  const bool stop = heed_stop_signal && core::stop_requested();
  std::vector<std::optional<Contribution>> leaves;
  for (const auto& shard : feed.shards)
    leaves.push_back(shard ? std::optional(contribution(*shard, stop, report)) : std::nullopt);
  report.compute_seconds = lap(clock);
  Contribution total = reducer_.reduce(std::move(leaves));
  if (!metric_names_agreed_) agree_on_metric_names();
  report.reduce_seconds = lap(clock);
  if (!total.sums.empty()) {
    outcome.stop = total.sums[1] > 0;
    apply(total, report);
  }
  report.compute_seconds += lap(clock);
  return outcome;
}

/// Every rank holds the same totals, so each finds the same failures without another message.
void Trainer::apply(Contribution& total, StepReport& report) {
  StepTotals totals = unpack_sums(total.sums, task_.buffers());
  if (!std::isfinite(totals.loss_sum))
    throw core::NumericError("step " + std::to_string(report.step) + ": the loss is " +
                             (std::isnan(totals.loss_sum) ? "NaN" : "infinite") + "; lower optimizer.lr");
  if (!all_finite(total.gradient))
    throw core::NumericError("step " + std::to_string(report.step) +
                             ": the gradient is not finite; lower optimizer.lr");
  report.metrics = std::move(totals.metrics);
  for (std::size_t m = 0; m < report.metrics.size(); ++m) report.metrics[m].name = metric_names_.at(m);
  if (totals.loss_count == 0) return;  // nothing labelled in this batch
  report.loss = totals.loss_sum / totals.loss_count;
  at::Tensor gradient =
      at::from_blob(total.gradient.data(), {static_cast<std::int64_t>(total.gradient.size())}, at::kFloat);
  gradient.div_(totals.loss_count);
  optimizer_.step(task_.trainable().values, gradient);
  for (std::size_t layer = 0; layer < totals.statistics.size(); ++layer)
    nn::update_running_statistics(task_.buffers(), "batch_norms." + std::to_string(layer), totals.statistics[layer]);
}

/// A rank whose shards were all dropped learns the names from the others. Collective, until some rank knows them.
void Trainer::agree_on_metric_names() {
  for (const std::string& text : communicator_.all_gather_text(core::join(metric_names_, "\n"))) {
    if (text.empty()) continue;
    metric_names_ = core::split(text, '\n');
    metric_names_agreed_ = true;
    return;
  }
}

void Trainer::run(const TrainSpan& span, const core::SeedSequence& seed, const TrainHooks& hooks) {
  const std::int64_t per_epoch = sampler_.steps_per_epoch();
  const std::int64_t all_steps = span.epochs * per_epoch;
  const std::int64_t last = span.max_steps > 0 ? std::min(span.max_steps, all_steps) : all_steps;
  std::future<Feed> next;
  for (std::int64_t s = span.first_step; s < last; ++s) {
    Clock::time_point clock = Clock::now();
    const Feed current = next.valid() ? next.get() : feed(s, seed);
    double feed_seconds = lap(clock);
    core::failpoint("train.step", s + 1);
    if (s + 1 < last) next = std::async(std::launch::async, [this, s, &seed] { return feed(s + 1, seed); });
    Outcome outcome = step(s, current, span.heed_stop_signal);
    // HDF5 is not thread-safe: the loader is at rest before a hook may write a checkpoint.
    clock = Clock::now();
    if (next.valid()) next.wait();
    outcome.report.feed_seconds = feed_seconds + lap(clock);
    if (hooks.after_step) hooks.after_step(outcome.report);
    if (outcome.stop) {
      if (hooks.on_stop) hooks.on_stop(s + 1);
      throw core::Interrupted("stopped after step " + std::to_string(s + 1) + " of " + std::to_string(last) +
                              "; run the same command again to continue");
    }
    if ((s + 1) % per_epoch == 0 && hooks.after_epoch && !hooks.after_epoch(s / per_epoch)) return;
  }
}

}  // namespace graftage::train
