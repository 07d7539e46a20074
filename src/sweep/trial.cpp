#include "graftage/sweep/trial.hpp"

namespace graftage::sweep {

std::string status_name(TrialStatus status) {
  switch (status) {
    case TrialStatus::Done:
      return "done";
    case TrialStatus::Failed:
      return "failed";
    case TrialStatus::Missing:
      return "missing";
  }
  return "";
}

bool is_timing(const std::string& value_name) {
  return value_name == "seconds" || value_name.ends_with("_seconds") || value_name.ends_with("_per_second");
}

}  // namespace graftage::sweep
