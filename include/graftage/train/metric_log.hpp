#pragma once

#include "graftage/train/trainer.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace graftage::train {

/// `metrics.jsonl` and `timings.jsonl` of a run directory, one JSON line per step; rank 0 writes.
///
/// What was learned and how long it took are kept apart: metrics.jsonl has the same bytes for any number of ranks and
/// after any number of restarts.
class MetricLog {
 public:
  /// Opens both files for appending; lines of steps after `steps_done` (of a run that went on after its last
  /// checkpoint) and torn lines are cut off. @throws IoError
  MetricLog(const std::filesystem::path& directory, std::int64_t steps_done);
  /// @throws IoError
  void add(const StepReport& report);

 private:
  std::filesystem::path directory_;
  std::ofstream metrics_;
  std::ofstream timings_;
};

}  // namespace graftage::train
