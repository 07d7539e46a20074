#pragma once

#include "graftage/config/node.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace graftage::sweep {

/// One member of a sweep: a setting and a run seed.
struct Trial {
  std::string id;           ///< first 16 hex digits of SHA-256 over the identity text
  std::string setting;      ///< id of the setting (all but the seed)
  std::string cell;         ///< id of the compared parameters: one table row
  std::int64_t number = 0;  ///< position in the order of the sweep file, whatever order trials run in
  std::int64_t seed = 0;
  std::map<std::string, std::string> parameters;  ///< dotted name -> JSON value, of this setting
  config::Node config;                            ///< complete resolved trial configuration
};

/// Missing is of reports only: planned, but no result is stored.
enum class TrialStatus { Done, Failed, Missing };
[[nodiscard]] std::string status_name(TrialStatus status);

/// What is stored of a finished trial, in one file.
struct TrialResult {
  Trial trial;
  TrialStatus status = TrialStatus::Done;
  int exit_code = 0;   ///< of the failure
  std::string reason;  ///< of the failure
  std::map<std::string, double> values;
  std::map<std::string, std::vector<double>> curves;  ///< per epoch
  std::map<std::string, std::string> facts;
};

/// True for a value that differs from run to run ("seconds", "step_seconds", "graphs_per_second"): kept out of results.
[[nodiscard]] bool is_timing(const std::string& value_name);

}  // namespace graftage::sweep
