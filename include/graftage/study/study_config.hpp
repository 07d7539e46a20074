#pragma once

#include "graftage/config/fields.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace graftage::study {

enum class LauncherKind { Mpirun, Srun };
std::vector<std::string> enum_names(const LauncherKind*);

struct LauncherConfig {
  LauncherKind kind = LauncherKind::Mpirun;
  std::int64_t ranks = 2;
  std::vector<std::string> arguments;  ///< more arguments of mpirun or srun
};
template <class V>
void visit_fields(V& visit, LauncherConfig& c) {
  visit("kind", c.kind, config::any(), "mpirun or srun (--mpi=pmix)");
  visit("ranks", c.ranks, config::in_range(1, 1 << 20), "MPI ranks of each stage");
  visit("arguments", c.arguments, config::any(), "more arguments of the launcher");
}

/// `graftage study`: the stages of one study, each a configuration file of its own command.
struct StudyConfig {
  std::string name;
  std::filesystem::path output;  ///< logs and state of the study
  LauncherConfig launcher;
  std::vector<std::filesystem::path> import;
  std::vector<std::filesystem::path> pretrain;
  std::vector<std::filesystem::path> sweep;
  bool report = true;
  double budget_minutes = 0;  ///< expected wall time, shown at the start; 0 = not stated
};
template <class V>
void visit_fields(V& visit, StudyConfig& c) {
  visit("name", c.name, config::required(), "name of the study");
  visit("output", c.output, config::required(), "directory for the study's state and logs");
  visit("launcher", c.launcher, config::any(), "how stages are started");
  visit("import", c.import, config::any(), "configurations of graftage import, in order");
  visit("pretrain", c.pretrain, config::any(), "configurations of graftage pretrain");
  visit("sweep", c.sweep, config::any(), "configurations of graftage sweep");
  visit("report", c.report, config::any(), "report each sweep at the end");
  visit("budget_minutes", c.budget_minutes, config::at_least(0),
        "expected minutes, printed at the start; 0 = not stated");
}

}  // namespace graftage::study
