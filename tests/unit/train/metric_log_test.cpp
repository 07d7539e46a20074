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
  result.flops = 1e9;
  return result;
}

TEST(MetricLog, WritesOneLinePerStepWithTimesApart) {
  const graftage::testing::TemporaryDirectory scratch;

  MetricLog(scratch.path(), 0, 4.0).add(report(2, 0.5));

  EXPECT_EQ(core::read_text(scratch.path() / "metrics.jsonl"),
            "{\"step\":2,\"epoch\":0,\"graphs\":64,\"loss\":0.5,\"accuracy\":0.75,\"node_loss\":null}\n");
  EXPECT_EQ(core::read_text(scratch.path() / "timings.jsonl"),
            "{\"step\":2,\"step_seconds\":0.5,\"feed_seconds\":0.0,\"compute_seconds\":0.5,\"reduce_seconds\":0.0,"
            "\"graphs_per_second\":128.0,\"gemm_share\":0.5}\n");
}

TEST(MetricLog, SumsUpWhereTheTimeWent) {
  const graftage::testing::TemporaryDirectory scratch;
  MetricLog log(scratch.path(), 0, 10.0);
  EXPECT_EQ(log.summary(), "");
  StepReport slow = report(1, 0.75);
  slow.feed_seconds = 0.05;
  slow.reduce_seconds = 0.2;

  log.add(slow);
  log.add(report(2, 1.0));

  EXPECT_EQ(log.summary(),
            "64 graphs/s; feeding 2.5 %, reduction 10.0 % of the time; 10 % of 10.0 GFLOP/s in matrix products");
}

TEST(MetricLog, AnObjectiveThatCountsNothingHasNoShare) {
  const graftage::testing::TemporaryDirectory scratch;
  MetricLog log(scratch.path(), 0, 10.0);
  StepReport uncounted = report(1, 0.5);
  uncounted.flops = 0;

  log.add(uncounted);

  EXPECT_NE(core::read_text(scratch.path() / "timings.jsonl").find("\"gemm_share\":null}"), std::string::npos);
  EXPECT_EQ(log.summary(), "128 graphs/s; feeding 0.0 %, reduction 0.0 % of the time");
}

TEST(MetricLog, ResumingCutsLaterAndTornLinesAndGoesOn) {
  const graftage::testing::TemporaryDirectory scratch;
  {
    MetricLog log(scratch.path(), 0, 1.0);
    for (int step = 1; step <= 5; ++step) log.add(report(step, 0.1));
  }
  std::ofstream(scratch.path() / "metrics.jsonl", std::ios::app) << "{\"step\":6,\"lo";
  {
    MetricLog log(scratch.path(), 3, 1.0);
    for (int step = 4; step <= 6; ++step) log.add(report(step, 0.2));
  }

  const graftage::testing::TemporaryDirectory uninterrupted;
  MetricLog log(uninterrupted.path(), 0, 1.0);
  for (int step = 1; step <= 6; ++step) log.add(report(step, 0.3));

  EXPECT_EQ(core::read_text(scratch.path() / "metrics.jsonl"), core::read_text(uninterrupted.path() / "metrics.jsonl"));
}

TEST(MetricLog, AFreshRunStartsEmpty) {
  const graftage::testing::TemporaryDirectory scratch;
  MetricLog(scratch.path(), 0, 1.0).add(report(1, 0.5));

  const MetricLog again(scratch.path(), 0, 1.0);

  EXPECT_EQ(core::read_text(scratch.path() / "metrics.jsonl"), "");
}

}  // namespace
}  // namespace graftage::train
