#pragma once

#include "graftage/train/trainer.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace graftage::train {

/// Where the time of several steps went.
struct StepTimes {
  std::int64_t graphs = 0;
  double feed_seconds = 0;
  double compute_seconds = 0;
  double reduce_seconds = 0;
  double flops = 0;  ///< of matrix products, this rank's

  void add(const StepReport& report);
  [[nodiscard]] double seconds() const { return feed_seconds + compute_seconds + reduce_seconds; }
  /// Part of the measured rate of matrix products that was used over the whole time. @param gemm_gflops > 0
  [[nodiscard]] double gemm_share(double gemm_gflops) const;
  /// "2,345 graphs/s; feeding 0.2 %, reduction 1.3 % of the time; 61 % of 84.0 GFLOP/s in matrix products". Nothing
  /// without steps.
  [[nodiscard]] std::string summary(double gemm_gflops) const;
};

/// `metrics.jsonl` and `timings.jsonl` of a run directory, one JSON line per step; rank 0 writes.
///
/// What was learned and how long it took are kept apart: metrics.jsonl has the same bytes for any number of ranks and
/// after any number of restarts. timings.jsonl tells, as rank 0 saw them, the seconds of a step and of its parts (feed:
/// waiting for graphs; reduce: waiting for and adding up other ranks' gradients), graphs per second over all ranks, and
/// gemm_share, the step's matrix products per second as a part of what this machine was measured to do (null where the
/// objective does not count them).
class MetricLog {
 public:
  /// Opens both files for appending; lines of steps after `steps_done` (of a run that went on after its last
  /// checkpoint) and torn lines are cut off. @param gemm_gflops  gemm_rate() @throws IoError
  MetricLog(const std::filesystem::path& directory, std::int64_t steps_done, double gemm_gflops);
  /// @throws IoError
  void add(const StepReport& report);
  /// Times of all steps added since the log was opened, in one line; empty without any.
  [[nodiscard]] std::string summary() const { return times_.summary(gemm_gflops_); }

 private:
  std::filesystem::path directory_;
  double gemm_gflops_;
  StepTimes times_;
  std::ofstream metrics_;
  std::ofstream timings_;
};

}  // namespace graftage::train
