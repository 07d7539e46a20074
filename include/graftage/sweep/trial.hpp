#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graftage/config/node.hpp"

namespace graftage::sweep {

/// One member of a sweep: a setting and a run seed.
struct Trial {
  std::string id;                                 ///< first 16 hex digits of SHA-256 over the identity text
  std::string setting;                            ///< id of the setting (all but the seed)
  std::string cell;                               ///< id of the compared parameters: one table row
  std::int64_t seed = 0;
  std::map<std::string, std::string> parameters;  ///< dotted name -> JSON value, of this setting
  config::Node config;                            ///< complete resolved trial configuration
};

enum class TrialStatus { Done, Failed };

/// What is stored of a finished trial, in one file.
struct TrialResult {
  Trial trial;
  TrialStatus status = TrialStatus::Done;
  int exit_code = 0;   ///< of the failure
  std::string reason;  ///< of the failure
  std::map<std::string, double> values;
  std::map<std::string, std::vector<double>> curves;
  std::map<std::string, std::string> facts;
};

}  // namespace graftage::sweep
