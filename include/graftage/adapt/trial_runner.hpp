#pragma once

#include "graftage/adapt/trial_config.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace graftage::adapt {

/// What one adaptation gave. Metric names: "roc_auc" (Binary) or "rmse" (Real) behind "train/", "valid/", "test/".
struct Outcome {
  std::map<std::string, double> values;  ///< "num_prompt_parameters", "num_head_parameters", "num_encoder_parameters"
                                         ///< (trained), "seconds", "graphs_per_second"
  std::map<std::string, std::vector<double>>
      curves;  ///< per epoch: "train/loss", "train/roc_auc", "valid/roc_auc", "test/roc_auc"
  std::map<std::string, std::string> facts;  ///< "task", "task_origin", "task_sha256", "encoder", "encoder_sha256",
                                             ///< "encoder_seed", "method", "protocol", "metric", "goal"
};

/// Identity of a trial's inputs: its configuration with paths replaced by content digests.
struct TrialIdentity {
  std::string digest_text;  ///< canonical JSON: equal text = same trial
  std::string task_name;
  std::string encoder_name;  ///< "random" or the objective's name
  std::string metric;        ///< of the task: "roc_auc" or "rmse"
  std::string goal;          ///< "maximize" or "minimize"
};

/// Runs adaptations one after another in this process, sharing decoded data sets and encoders between them.
class TrialRunner {
 public:
  TrialRunner();
  ~TrialRunner();
  /// Opens the task and the encoder and checks that they fit. @throws MissingInput, DataError, ConfigError (a split
  /// that lacks a class in validation or test is refused by task, split and target name)
  [[nodiscard]] TrialIdentity identify(const TrialConfig& config);
  /// @throws NumericError for a diverging trial; the caller records it and goes on
  [[nodiscard]] Outcome run(const TrialConfig& config);

 private:
  struct Cache;
  std::unique_ptr<Cache> cache_;
};

}  // namespace graftage::adapt
