#pragma once

#include "graftage/report/selection.hpp"
#include "graftage/report/statistics.hpp"
#include "graftage/sweep/trial.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace graftage::report {

/// One table row: a (task, encoder, method) cell after selection of setting and epoch on validation.
struct Cell {
  std::string id;
  std::map<std::string, std::string> facts;     ///< task, task_origin, encoder, method (labels, distinct), protocol
  std::map<std::string, std::string> compared;  ///< compared parameters: dotted name -> JSON value
  std::map<std::string, std::string> setting;   ///< chosen tuned parameters: dotted name -> JSON value
  std::int64_t num_settings = 0;                ///< planned
  std::vector<std::int64_t> seeds;              ///< all planned seeds
  std::int64_t planned = 0;                     ///< trials of this cell
  std::int64_t failures = 0;                    ///< of them: failed or missing
  std::int64_t epoch = 0;  ///< 1-based, chosen by mean validation over seeds; 0 = nothing to choose
  std::int64_t epochs = 0;
  std::vector<double> valid;                 ///< per seed at the chosen epoch; NaN = missing
  std::vector<double> test;                  ///< per seed at the chosen epoch
  std::vector<double> test_best_validation;  ///< per seed at its own best validation epoch
  std::vector<double> test_last;             ///< per seed at the last epoch
  Summary valid_summary;
  Summary test_summary;
  Summary best_validation_summary;
  Summary last_summary;
  double prompt_parameters = kNotANumber;
  double head_parameters = kNotANumber;
  double encoder_parameters = kNotANumber;  ///< trained ones
  std::int64_t pretrain_seed = -1;          ///< -1 for a random encoder
  PairedDifference against_random;          ///< same method on a random encoder
  PairedDifference against_scratch;         ///< full training from scratch (random encoder, full)
  double holm_against_random = kNotANumber;
  double holm_against_scratch = kNotANumber;
};

struct Report {
  std::string title;
  std::string metric;  ///< "roc_auc"
  Goal goal = Goal::Maximize;
  std::vector<std::int64_t> seeds;  ///< run seeds of the sweep
  std::vector<sweep::TrialResult>
      members;                     ///< every planned trial, in the order of the sweep file; failed ones included
  std::vector<Cell> cells;         ///< in that order, too
  std::vector<std::string> notes;  ///< what a reader must know: missing trials, missing curves
  std::string provenance_json;     ///< sweep, digests of tasks and encoders, software
};

/// Reads a sweep's run directory. Works on a partial sweep, too: what is missing is counted.
/// @throws MissingInput, Error 65 (a damaged result)
[[nodiscard]] Report aggregate(const std::filesystem::path& run_directory);

/// report.h5 (graftage-report): /members, /metrics/<name>, /final, /replicates, /stats/…, /provenance. Atomic, and
/// equal results give equal bytes.
void write_report(const Report& report, const std::filesystem::path& path);

}  // namespace graftage::report
