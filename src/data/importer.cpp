#include "graftage/data/importer.hpp"

#include "data/import_phases.hpp"
#include "data/import_provenance.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/mpi/agreement.hpp"

#include <nlohmann/json.hpp>

#include <chrono>

namespace graftage::data {

std::vector<std::string> enum_names(const Duplicates*) { return {"keep", "merge"}; }

std::filesystem::path resolve_input_path(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (text.rfind("rdkit:", 0) != 0) return path;
#ifdef GRAFTAGE_RDKIT_DATA_DIR
  return std::filesystem::path(GRAFTAGE_RDKIT_DATA_DIR) / text.substr(6);
#else
  throw core::MissingInput(text, "install RDKit's data (Debian: rdkit-data) and build again");
#endif
}

namespace {

using Json = nlohmann::json;

/// Somebody's work of hours may hang on a corpus: one that was made from something else stays.
[[noreturn]] void refuse_to_replace(const Corpus& corpus, const ImportConfig& config) {
  throw core::IoError(config.output.string() + " holds another corpus, " + core::printable(corpus.name()) + " of " +
                          core::group_thousands(corpus.num_graphs()) +
                          " graphs, made from other inputs or settings; choose another output, remove it, or say "
                          "replace: true (--set replace=true)",
                      core::ExitCode::CannotCreate);
}

/// Counts and digest, as JSON, of an intact corpus made from the same inputs; empty if there is none.
/// @throws IoError 73 for an intact corpus made from something else, unless it may be replaced
std::string find_existing(const ImportConfig& config, const std::string& provenance) {
  if (!std::filesystem::exists(config.output / "index.h5")) return "";
  std::shared_ptr<const Corpus> corpus;
  try {
    corpus = Corpus::open(config.output);
    corpus->verify();
  } catch (const core::Error& error) {
    core::log_warning("importing again: " + std::string(error.what()));
    return "";
  }
  if (corpus->provenance_json() == provenance) {
    const auto& labels = corpus->labels();
    const auto binary_labels = labels.kind == graph::LabelKind::Binary ? labels.names.size() : 0;
    return Json{{"counts", corpus->counts()}, {"binary_labels", binary_labels}, {"sha256", corpus->content_sha256()}}
        .dump();
  }
  if (!config.replace) refuse_to_replace(*corpus, config);
  return "";
}

ImportSummary summary_of(const std::string& existing) {
  const auto json = Json::parse(existing);
  const auto count = [&json](const char* name) { return json.at("counts").value(name, std::int64_t{0}); };
  ImportSummary summary;
  summary.rows = count("rows");
  summary.unparsable = count("unparsable");
  summary.unique = count("unique");
  summary.duplicates = count("duplicates");
  summary.removed = count("removed");
  summary.graphs = count("graphs");
  summary.positives = count("positives");
  summary.label_conflicts = count("label_conflicts");
  summary.binary_labels = json.at("binary_labels").get<std::int64_t>();
  summary.already_imported = true;
  summary.content_sha256 = json.at("sha256").get<std::string>();
  return summary;
}

}  // namespace

ImportConfig read_import_config(const config::Node& document) {
  auto config = config::read<ImportConfig>(document);
  check_import_config(config);
  return config;
}

ImportSummary run_import(const ImportConfig& config, const mpi::Communicator& communicator) {
  const auto start = std::chrono::steady_clock::now();
  std::string provenance;
  std::string existing;  // counts and digest as JSON, or empty
  mpi::agree(communicator, [&] {
    check_import_config(config);
    if (!communicator.is_root()) return;
    provenance = import_provenance(config);
    existing = find_existing(config, provenance);
  });
  provenance = communicator.broadcast_text(provenance);
  existing = communicator.broadcast_text(existing);
  ImportSummary summary;
  if (!existing.empty()) {
    summary = summary_of(existing);
    mpi::agree(communicator, [&] { check_expectations(config, summary); });
    if (communicator.is_root())
      core::log_info(config.name + ": already imported, intact and made from the same inputs");
  } else {
    summary = Import(config, communicator).run(provenance);
  }
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return summary;
}

}  // namespace graftage::data
