#include "graftage/train/metric_log.hpp"

#include "graftage/core/atomic_file.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace graftage::train {
namespace {

StepReport report(std::int64_t step, double seconds) {
  StepReport result;
  result.step = step;
  result.num_graphs = 64;
  result.loss = 1.0 / static_cast<double>(step);
  result.metrics = {{"accuracy", 3, 4}, {"node_loss", 0, 0}};
  result.compute_seconds = seconds;
  return result;
}

TEST(MetricLog, WritesOneLinePerStepWithTimesApart) {
  const graftage::testing::TemporaryDirectory scratch;

  MetricLog(scratch.path(), 0).add(report(2, 0.5));

  EXPECT_EQ(core::read_text(scratch.path() / "metrics.jsonl"),
            "{\"step\":2,\"epoch\":0,\"graphs\":64,\"loss\":0.5,\"accuracy\":0.75,\"node_loss\":null}\n");
  EXPECT_EQ(core::read_text(scratch.path() / "timings.jsonl"),
            "{\"step\":2,\"step_seconds\":0.5,\"feed_seconds\":0.0,\"compute_seconds\":0.5,\"reduce_seconds\":0.0,"
            "\"graphs_per_second\":128.0}\n");
}

TEST(MetricLog, ResumingCutsLaterAndTornLinesAndGoesOn) {
  const graftage::testing::TemporaryDirectory scratch;
  {
    MetricLog log(scratch.path(), 0);
    for (int step = 1; step <= 5; ++step) log.add(report(step, 0.1));
  }
  std::ofstream(scratch.path() / "metrics.jsonl", std::ios::app) << "{\"step\":6,\"lo";
  {
    MetricLog log(scratch.path(), 3);
    for (int step = 4; step <= 6; ++step) log.add(report(step, 0.2));
  }

  const graftage::testing::TemporaryDirectory uninterrupted;
  MetricLog log(uninterrupted.path(), 0);
  for (int step = 1; step <= 6; ++step) log.add(report(step, 0.3));

  EXPECT_EQ(core::read_text(scratch.path() / "metrics.jsonl"), core::read_text(uninterrupted.path() / "metrics.jsonl"));
}

TEST(MetricLog, AFreshRunStartsEmpty) {
  const graftage::testing::TemporaryDirectory scratch;
  MetricLog(scratch.path(), 0).add(report(1, 0.5));

  const MetricLog again(scratch.path(), 0);

  EXPECT_EQ(core::read_text(scratch.path() / "metrics.jsonl"), "");
}

}  // namespace
}  // namespace graftage::train
