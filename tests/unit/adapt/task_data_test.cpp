#include "adapt/task_data.hpp"

#include "graftage/core/error.hpp"
#include "support/tiny_task.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace graftage::adapt {
namespace {

std::string refusal(const support::TinyTask& task, const std::string& split = "scaffold") {
  const support::ScratchDirectory directory("task-data");
  support::write_task(directory / "task", task);
  try {
    const TaskData data(directory / "task", split);
  } catch (const core::DataError& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::BadData);
    return error.what();
  }
  return "";
}

void expect_parts(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
}

TEST(TaskData, RefusesAPartWithOneClassByName) {
  for (const bool in_test : {false, true}) {
    support::TinyTask task = support::visible_task(20, 1);
    task.name = "nav";
    for (const core::GraphId id : in_test ? task.split.test : task.split.valid)
      task.graphs[static_cast<std::size_t>(id.value)].labels = {1.0F};

    expect_parts(refusal(task), {"task 'nav'", "split 'scaffold'", in_test ? "the test part" : "the valid part",
                                 "target 'active' (4 positive, 0 negative)", "choose another split"});
  }
}

TEST(TaskData, RefusesAPartWithoutLabels) {
  support::TinyTask task = support::visible_task(20, 1);
  for (const core::GraphId id : task.split.test) task.graphs[static_cast<std::size_t>(id.value)].label_mask = {0};

  expect_parts(refusal(task), {"the test part (4 graphs) has no labels"});
}

TEST(TaskData, RefusesACorpusWithoutLabelsAndAnUnknownSplit) {
  support::TinyTask task = support::visible_task(20, 1);
  task.labels = {};
  for (auto& graph : task.graphs) graph.labels = {}, graph.label_mask = {};

  expect_parts(refusal(task), {"corpus 'tiny' has no labels"});
  expect_parts(refusal(support::visible_task(20, 1), "scafold"), {"scaffold"});
}

TEST(TaskData, SeveralTargetsAreRefusedOnlyIfEachLacksAClass) {
  support::TinyTask task = support::visible_task(20, 1);
  task.labels.names = {"active", "always"};
  for (auto& graph : task.graphs) graph.labels = {graph.labels[0], 1.0F}, graph.label_mask = {1, 1};

  EXPECT_EQ(refusal(task), "");
  for (const core::GraphId id : task.split.valid) task.graphs[static_cast<std::size_t>(id.value)].labels = {0.0F, 1.0F};
  expect_parts(refusal(task), {"target 'active' (0 positive, 4 negative)", "target 'always' (4 positive, 0 negative)"});
}

TEST(TaskData, RealLabelsNeedNoClasses) {
  support::TinyTask task = support::visible_task(20, 1);
  task.labels.kind = graph::LabelKind::Real;
  for (auto& graph : task.graphs) graph.labels = {1.5F};

  EXPECT_EQ(refusal(task), "");
}

TEST(TaskData, UnlabelledGraphsAreEvaluatedButDoNotTrain) {
  const support::ScratchDirectory directory("task-data");
  support::TinyTask task = support::visible_task(20, 1);
  task.graphs[3].label_mask = {0};
  support::write_task(directory / "task", task);

  TaskData data(directory / "task", "scaffold");

  EXPECT_EQ(data.training_graphs().size(), 11u);
  for (const core::GraphId id : data.training_graphs()) EXPECT_NE(id.value, 3);
  const EvaluationBatches& batches = data.batches({.num_layers = 2});
  ASSERT_EQ(batches.train.size(), 1u);
  EXPECT_EQ(batches.train[0].ids.size(), 12u);
  EXPECT_EQ(batches.train[0].label_mask.sum().item<std::int64_t>(), 11);
  EXPECT_EQ(batches.test[0].flow.num_graphs, 4);
  EXPECT_EQ(&data.batches({.num_layers = 2}), &batches);
}

}  // namespace
}  // namespace graftage::adapt
