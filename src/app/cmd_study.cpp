#include "app/command.hpp"
#include "app/open_precision.hpp"
#include "app/study_stages.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/study/run.hpp"

#include <iostream>

namespace graftage::app {

int run_study(const Invocation& invocation) {
  Invocation study = invocation;
  if (!study.config && study.arguments.size() == 1)
    study.config = study.arguments.front();
  else if (!study.arguments.empty() || !study.config)
    throw core::UsageError("study takes one file, e.g. graftage study configs/studies/quickstart.yaml");
  const auto config = config::read<study::StudyConfig>(load_document(study));
  check_upstream(study::plan_stages(config));
  if (study.dry_run) {
    std::cout << config::dump(config).to_yaml();
    for (const auto& stage : study::plan_stages(config))
      std::cout << "# " << stage.name << ": " << describe_stage(stage) << '\n';
    return 0;
  }
  core::create_directories(config.output);  // before any work, if it cannot be made
  core::install_stop_signal_handlers();
  return study::run_study(config, {.executable = study.executable,
                                   .inputs = input_files,
                                   .describe = describe_stage,
                                   .print = [](const std::string& line) { std::cout << line << std::endl; },
                                   .before = carry_precision});
}

}  // namespace graftage::app
