#include "graftage/train/trainer.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/stop_signal.hpp"
#include "support/graphs.hpp"
#include "support/tiny_task.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace graftage::train {
namespace {

/// Fits w to (1, nodes) of each graph: loss = sum over graphs of |w - (1, nodes)|^2.
class MeanTask final : public LearningTask {
 public:
  MeanTask() {
    nn::Parameters parameters;
    parameters.add("w", at::zeros({2}));
    flat_ = nn::flatten(parameters);
    buffers_.add("batch_norms.0.running_mean", at::zeros({1}));
    buffers_.add("batch_norms.0.running_var", at::ones({1}));
    buffers_.add("batch_norms.0.num_batches_tracked", at::zeros({}, at::kLong));
  }
  nn::FlatParameters& trainable() override { return flat_; }
  nn::Parameters& buffers() override { return buffers_; }
  ShardComputation prepare(graph::GraphBatch shard, const core::SeedSequence& seed) const override {
    return [this, shard = std::move(shard), seed] {
      ++num_losses;
      seeds.push_back(seed.value());
      return loss_of(shard);
    };
  }
  ShardLoss loss_of(const graph::GraphBatch& shard) const {
    at::Tensor sum = at::zeros({});
    at::Tensor nodes = at::empty({shard.num_graphs(), 1});
    for (std::int64_t g = 0; g < shard.num_graphs(); ++g) {
      const auto i = static_cast<std::size_t>(g);
      const auto count = static_cast<double>(shard.node_ptr[i + 1] - shard.node_ptr[i]);
      nodes[g][0].fill_(count);
      sum = sum + (flat_.parameters["w"] - at::tensor({1.0f, static_cast<float>(count)})).square().sum();
      if (!shard.ids.empty() && shard.ids[i].value == poisoned_graph)
        sum = sum * std::numeric_limits<float>::infinity();
    }
    return {{sum, unlabelled ? 0.0 : static_cast<double>(shard.num_graphs())},
            {{"graphs", static_cast<double>(shard.num_graphs()), 1.0}},
            {nn::batch_statistics(nodes, {})}};
  }
  mutable int num_losses = 0;
  mutable std::vector<std::uint64_t> seeds;
  std::int64_t poisoned_graph = -1;
  bool unlabelled = false;

 private:
  nn::FlatParameters flat_;
  nn::Parameters buffers_;
};

/// 20 graphs of 3 to 12 nodes on disk.
class TrainerTest : public testing::Test {
 protected:
  TrainerTest() : scratch_("trainer") {
    support::TinyTask task;
    for (std::int64_t g = 0; g < 20; ++g) {
      task.graphs.push_back(support::path_graph(3 + g / 2, static_cast<std::uint64_t>(g)));
      task.graphs.back().labels = {0.0F};
      task.graphs.back().label_mask = {1};
      task.split.train.emplace_back(g);
      members_.emplace_back(g);
    }
    support::write_task(scratch_ / "corpus", task);
    corpus_ = data::Corpus::open(scratch_ / "corpus");
  }

  void run(MeanTask& task, std::int64_t virtual_shards, const TrainSpan& span, const TrainHooks& hooks = {}) {
    data::SampleStore store(corpus_, data::SampleStore::options_for(*corpus_, 1, 1 << 20));
    const data::Sampler sampler(members_, {8, virtual_shards, 2}, core::SeedSequence(4));
    const auto self = mpi::Communicator::self();
    Trainer(task, optimizer(task), store, sampler, self).run(span, core::SeedSequence(9), hooks);
  }
  Adam& optimizer(MeanTask& task) {
    optimizer_ = std::make_unique<Adam>(AdamConfig{.lr = 0.1}, task.trainable().values);
    return *optimizer_;
  }

  support::ScratchDirectory scratch_;
  std::shared_ptr<const data::Corpus> corpus_;
  std::vector<core::GraphId> members_;
  std::unique_ptr<Adam> optimizer_;
};

TEST_F(TrainerTest, GradientIsThatOfTheMeanOverTheGlobalBatch) {
  MeanTask whole;
  MeanTask halves;
  MeanTask thirds;  // shards of 2, 3 and 3 graphs
  std::vector<double> losses;
  TrainHooks hooks;
  hooks.after_step = [&](const StepReport& report) { losses.push_back(report.loss); };
  run(whole, 1, {.epochs = 3}, hooks);
  run(halves, 2, {.epochs = 3});
  run(thirds, 3, {.epochs = 3, .max_steps = 2});

  // The same by hand: batches of 8, 8 and 4 graphs in the sampler's order.
  at::Tensor w = at::zeros({2});
  Adam adam({.lr = 0.1}, w);
  const data::Sampler sampler(members_, {8, 1, 2}, core::SeedSequence(4));
  for (std::int64_t step = 0; step < 9; ++step) {
    double nodes = 0;
    double loss = 0;
    const auto batch = sampler.shards(step / 3, step % 3).at(0);
    for (const auto id : batch) {
      const auto n = static_cast<double>(3 + id.value / 2);
      nodes += n;
      loss += std::pow(w[0].item<double>() - 1, 2) + std::pow(w[1].item<double>() - n, 2);
    }
    const auto size = static_cast<double>(batch.size());
    EXPECT_NEAR(losses.at(static_cast<std::size_t>(step)), loss / size, 1e-4);
    adam.step(w, (2 * (w - at::tensor({1.0, nodes / size}, at::kFloat))));
    if (step == 1) {
      EXPECT_TRUE(at::allclose(thirds.trainable().values, w, 1e-5, 1e-5));
    }
  }
  EXPECT_TRUE(at::allclose(whole.trainable().values, w, 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(halves.trainable().values, w, 1e-5, 1e-5));
}

TEST_F(TrainerTest, RunningStatisticsGetOnePooledUpdatePerStep) {
  MeanTask whole;
  MeanTask cut;
  run(whole, 1, {.epochs = 1, .max_steps = 2});
  run(cut, 3, {.epochs = 1, .max_steps = 2});

  EXPECT_EQ(cut.buffers()["batch_norms.0.num_batches_tracked"].item<std::int64_t>(), 2);
  for (const char* name : {"batch_norms.0.running_mean", "batch_norms.0.running_var"}) {
    EXPECT_TRUE(at::allclose(whole.buffers()[name], cut.buffers()[name], 1e-5)) << name;
    EXPECT_GT(whole.buffers()[name].item<double>(), 1.05) << name;
  }
}

TEST_F(TrainerTest, ShardsTooSmallAreDropped) {
  MeanTask task;
  run(task, 3, {.epochs = 1});  // batches of 8, 8, 4 in three shards: 2+3+3, 2+3+3, 1+1+2

  EXPECT_EQ(task.num_losses, 3 + 3 + 1);
}

TEST_F(TrainerTest, RandomStreamsDependOnStepAndShardAndNotOnWhereTheRunBegan) {
  MeanTask whole;
  MeanTask resumed;
  run(whole, 2, {.epochs = 2});
  run(resumed, 2, {.epochs = 2, .first_step = 4});

  ASSERT_EQ(whole.seeds.size(), 12u);
  EXPECT_EQ(std::vector(whole.seeds.end() - 4, whole.seeds.end()), resumed.seeds);
  std::sort(whole.seeds.begin(), whole.seeds.end());
  EXPECT_EQ(std::unique(whole.seeds.begin(), whole.seeds.end()), whole.seeds.end());
}

TEST_F(TrainerTest, ALossThatIsNotFiniteNamesItsStepAndMovesNothing) {
  MeanTask task;
  const data::Sampler sampler(members_, {8, 2, 2}, core::SeedSequence(4));
  task.poisoned_graph = sampler.shards(0, 1).at(1).at(0).value;  // of the second step

  try {
    run(task, 2, {.epochs = 1});
    FAIL() << "trained on";
  } catch (const core::NumericError& error) {
    EXPECT_EQ(std::string(error.what()).find("step 2: the loss is inf"), 0u);
  }
  EXPECT_EQ(optimizer_->num_steps, 1);
}

TEST_F(TrainerTest, ABatchWithoutAnyLabelIsNoStep) {
  MeanTask task;
  task.unlabelled = true;
  run(task, 2, {.epochs = 1});

  EXPECT_EQ(optimizer_->num_steps, 0);
  EXPECT_TRUE(at::equal(task.trainable().values, at::zeros({2})));
}

TEST_F(TrainerTest, AStopRequestEndsAfterTheStepWithCode75) {
  MeanTask task;
  std::int64_t stopped_after = -1;
  TrainHooks hooks;
  hooks.after_step = [](const StepReport& report) {
    if (report.step == 1) core::request_stop();
  };
  hooks.on_stop = [&](std::int64_t step) { stopped_after = step; };

  EXPECT_THROW(run(task, 2, {.epochs = 2}, hooks), core::Interrupted);
  core::clear_stop_request();

  EXPECT_EQ(stopped_after, 2);
}

TEST_F(TrainerTest, EndsAtMaxStepsOrWhenTheEpochHookSaysSo) {
  MeanTask short_run;
  run(short_run, 1, {.epochs = 2, .max_steps = 4});
  EXPECT_EQ(short_run.num_losses, 4);

  MeanTask ended;
  TrainHooks hooks;
  hooks.after_epoch = [](std::int64_t epoch) { return epoch < 1; };
  run(ended, 1, {.epochs = 5}, hooks);
  EXPECT_EQ(ended.num_losses, 6);
}

}  // namespace
}  // namespace graftage::train
