#include "app/command.hpp"
#include "graftage/adapt/method.hpp"
#include "graftage/adapt/trial_config.hpp"
#include "graftage/config/reference.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/pretrain/objective.hpp"
#include "graftage/pretrain/run.hpp"
#include "graftage/study/study_config.hpp"
#include "graftage/sweep/sweep_config.hpp"

namespace graftage::app {

namespace {

std::vector<config::FieldInfo> source_fields() {
  auto fields = config::list_fields<data::SourceConfig>();
  for (auto& field : fields) field.path.insert(0, "sources[].");
  return fields;
}

/// One line per component of a registry: its name, its keys and their defaults.
template <class Registry>
std::vector<config::FieldInfo> kinds_of(const Registry& registry, const std::string& section) {
  std::vector<config::FieldInfo> lines;
  for (const std::string& kind : registry.names()) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : registry.resolve(config::Node::from_scalar(kind), section).entries)
      if (key != "kind") keys.push_back(key + " [" + value.scalar + "]");
    lines.push_back({section + ".kind: " + kind, "", "", "", keys.empty() ? "no keys" : core::join(keys, ", ")});
  }
  return lines;
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> table{
      {.name = "study",
       .summary = "run a whole study: import, pretrain, sweep, report; skips what is finished",
       .description =
           "Starts each stage as a child process under mpirun or srun, in order. Run the same command again after\n"
           "anything stopped it: finished stages are skipped, interrupted ones go on.\n\n"
           "  graftage study configs/studies/quickstart.yaml\n"
           "  graftage study configs/studies/quickstart.yaml --set launcher.ranks=4\n",
       .positional = "STUDY.yaml",
       .takes_config = true,
       .run = run_study,
       .fields = [] { return config::list_fields<study::StudyConfig>(); }},
      {.name = "import",
       .summary = "turn tables of molecules or raw graphs into a checksummed HDF5 corpus",
       .description = "Reads SMILES tables (CSV, TSV, SMI, also gzip) through RDKit, or OGB's raw layout. Rows that "
                      "cannot be parsed\n"
                      "are counted and listed in the corpus. Any number of ranks writes the same bytes.\n\n"
                      "  graftage import --config configs/corpora/bbbp.yaml\n"
                      "  mpirun -n 2 graftage import --config configs/corpora/zinc250k.yaml\n",
       .positional = "",
       .takes_config = true,
       .run = run_import,
       .fields = [] { return config::list_fields<data::ImportConfig>(); },
       .choices = source_fields},
      {.name = "pretrain",
       .summary = "train an encoder self-supervised on a corpus, data-parallel and resumable",
       .description =
           "Any number of ranks gives the same bytes. SIGTERM or SIGUSR1 writes a checkpoint and exits 75; the same\n"
           "command goes on from it.\n\n"
           "  mpirun -n 2 graftage pretrain --config configs/pretrain/l2p_gin.yaml --set train.epochs=2\n",
       .positional = "",
       .takes_config = true,
       .run = run_pretrain,
       .fields = [] { return config::list_fields<pretrain::PretrainConfig>(); },
       .choices = [] { return kinds_of(pretrain::objectives(), "objective"); }},
      {.name = "adapt",
       .summary = "adapt one encoder to one task with one seed and print the result",
       .description = "The same as one trial of a sweep.\n\n"
                      "  graftage adapt --config configs/adapt/bbbp_full_scratch.yaml --set seed=1\n",
       .positional = "",
       .takes_config = true,
       .run = run_adapt,
       .fields = [] { return config::list_fields<adapt::TrialConfig>(); },
       .choices = [] { return kinds_of(adapt::methods(), "adapt"); }},
      {.name = "sweep",
       .summary = "run settings x seeds of adaptations; only what is missing",
       .description =
           "Reads W&B sweep keys (method, metric, parameters) with graftage's extensions (replicates, compare, "
           "trial).\n"
           "All members are enumerated first; ranks take trials dynamically; a failing trial is recorded and the "
           "others\n"
           "go on. Ends with 81 if a trial failed; the same command runs the failed ones again.\n\n"
           "  mpirun -n 2 graftage sweep --config configs/sweeps/prompt_vs_finetune.yaml\n"
           "  graftage sweep --config configs/sweeps/prompt_vs_finetune.yaml --dry-run      # the list of trials\n",
       .positional = "",
       .takes_config = true,
       .run = run_sweep,
       .fields = [] { return config::list_fields<sweep::SweepConfig>(); }},
      {.name = "report",
       .summary = "aggregate a sweep into report.h5, CSV and a table",
       .description =
           "Settings and epochs are chosen on validation; test is read for the chosen ones only. Also works while\n"
           "trials are missing, and says how many.\n\n"
           "  graftage report runs/quickstart/sweep\n",
       .positional = "RUN_DIR",
       .takes_config = false,
       .run = run_report,
       .fields = nullptr},
      {.name = "inspect",
       .summary = "say what a file of ours is, what it was made from, and whether it is intact",
       .description = "Recomputes the content digest. Exits 65 if the file is damaged.\n\n"
                      "  graftage inspect runs/quickstart/pretrain/l2p/encoder.h5\n"
                      "  graftage inspect runs/quickstart/corpora/nav        # a corpus: its index and every shard\n",
       .positional = "FILE.h5",
       .takes_config = false,
       .run = run_inspect,
       .fields = nullptr},
      {.name = "doctor",
       .summary = "say whether this machine, its launcher and a run directory are all right",
       .description =
           "Prints one line per check: ok, or warn or FAIL with what to do. Changes nothing. Exits 0 if nothing\n"
           "fails, else with the code that a run would end with.\n\n"
           "  graftage doctor                                  # this machine and the current directory\n"
           "  graftage doctor --config configs/studies/quickstart.yaml\n"
           "  mpirun -n 2 graftage doctor --output runs/mine   # also what the ranks see of each other\n",
       .positional = "",
       .takes_config = true,
       .run = run_doctor,
       .fields = nullptr},
  };
  return table;
}

}  // namespace graftage::app
