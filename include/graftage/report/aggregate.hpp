#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "graftage/report/statistics.hpp"
#include "graftage/sweep/trial.hpp"

namespace graftage::report {

/// One table row: a (task, encoder, method) cell after selection of setting and epoch on validation.
struct Cell {
  std::string id;
  std::map<std::string, std::string> facts;        ///< task, task_origin, encoder, method, protocol, metric
  std::map<std::string, std::string> setting;      ///< chosen tuned parameters
  std::int64_t num_settings = 0;                   ///< tried
  std::vector<std::int64_t> seeds;                 ///< all planned seeds
  std::int64_t failures = 0;                       ///< planned trials of this cell that failed or are missing
  std::int64_t epoch = 0;                          ///< 1-based, chosen by mean validation over seeds
  std::int64_t epochs = 0;
  std::vector<double> valid;                       ///< per seed at the chosen epoch; NaN = missing
  std::vector<double> test;                        ///< per seed at the chosen epoch
  std::vector<double> test_best_validation;        ///< per seed at its own best validation epoch
  std::vector<double> test_last;                   ///< per seed at the last epoch
  Summary test_summary;
  Summary valid_summary;
  Summary best_validation_summary;
  Summary last_summary;
  double prompt_parameters = 0;
  double head_parameters = 0;
  double encoder_parameters = 0;                   ///< trained ones
  std::int64_t pretrain_seed = -1;                 ///< -1 for a random encoder
  PairedDifference against_random;                 ///< same method on a random encoder
  PairedDifference against_scratch;                ///< full training from scratch (random encoder, full)
  double holm_against_random = 0;
  double holm_against_scratch = 0;
};

struct Report {
  std::string title;
  std::vector<sweep::TrialResult> members;  ///< every planned trial, in plan order; failed ones included
  std::vector<Cell> cells;                  ///< in plan order
  std::string provenance_json;
};

/// Reads a sweep's run directory. Works on a partial sweep too: what is missing is counted.
/// @throws MissingInput, DataError
[[nodiscard]] Report aggregate(const std::filesystem::path& run_directory);

/// report.h5 (graftage-report): /members, /metrics/<name>, /final, /stats/…, /provenance. Atomic.
void write_report(const Report& report, const std::filesystem::path& path);

}  // namespace graftage::report
