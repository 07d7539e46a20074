#include "data/importers/label_columns.hpp"
#include "data/importers/molecule_reader.hpp"
#include "data/importers/record_source.hpp"
#include "data/importers/table_reader.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/importer.hpp"

#include <algorithm>

namespace graftage::data {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::size_t kMaximumListedText = 1000;

bool is_smi(const SourceConfig& source) {
  std::filesystem::path name = source.file;
  if (name.extension() == ".gz") name = name.stem();
  return source.format == "smi" || (source.format == "auto" && name.extension() == ".smi");
}

TableFormat table_format(const SourceConfig& source, const std::filesystem::path& path, const std::string& place) {
  if (is_smi(source)) return {.delimiter = ' ', .header = false};
  if (source.delimiter == "comma") return {.delimiter = ',', .header = source.header};
  if (source.delimiter == "tab") return {.delimiter = '\t', .header = source.header};
  if (source.delimiter == "space") return {.delimiter = ' ', .header = source.header};
  if (source.delimiter != "auto")
    throw core::ConfigError("", place + ".delimiter: unknown delimiter '" + core::printable(source.delimiter) + "'" +
                                    core::did_you_mean(source.delimiter, {"auto", "comma", "tab", "space"}) +
                                    "; known: auto, comma, tab, space");
  return {.delimiter = detect_delimiter(path), .header = source.header};
}

/// Rows of a table with a SMILES column.
class SmilesSource : public RecordSource {
 public:
  SmilesSource(const ImportConfig& config, std::size_t index)
      : source_(config.sources.at(index)),
        place_("sources[" + std::to_string(index) + "]"),
        path_(resolve_input_path(source_.file)),
        table_(path_, table_format(source_, path_, place_)),
        molecules_({.scaffold = scaffold_from(config), .alerts = config.labels.computed.value_or("")}) {
    if (config.featurizer != "chem")
      throw core::ConfigError("", "featurizer: unknown featurizer '" + core::printable(config.featurizer) + "'" +
                                      core::did_you_mean(config.featurizer, {"chem"}) + "; known: chem");
    choose_columns();
    choose_labels(config.labels);
    const std::int64_t first = source_.first_row.value_or(1);
    std::vector<std::string> fields;
    while (table_.row() + 1 < first && table_.next(fields)) continue;
  }

  [[nodiscard]] std::string file_name() const override { return path_.filename().string(); }
  [[nodiscard]] graph::FeatureSchema schema() const override { return graph::chem_schema(); }
  [[nodiscard]] std::vector<std::string> label_names() const override { return label_names_; }

  bool skip() override { return read_fields(); }

  bool next(Record& record) override {
    if (!read_fields()) return false;
    record = Record{};
    record.row = table_.row();
    record.id = id_ < fields_.size() ? std::string(core::trim(fields_[id_])) : std::to_string(table_.row());
    if (!table_.header().empty() && fields_.size() != table_.header().size()) {
      record.text = core::join(fields_, ",").substr(0, kMaximumListedText);
      record.reason =
          std::to_string(fields_.size()) + " columns where the header has " + std::to_string(table_.header().size());
      return true;
    }
    if (smiles_ >= fields_.size()) {
      record.reason = "no SMILES column";
      return true;
    }
    record.text = std::string(core::trim(fields_[smiles_]));
    Molecule molecule;
    record.reason = molecules_.read(record.text, molecule);
    record.parsed = record.reason.empty();
    if (!record.parsed) {
      record.text.resize(std::min(record.text.size(), kMaximumListedText));
      return true;
    }
    record.graph = std::move(molecule.graph);
    record.key = core::key_of(molecule.canonical);
    record.scaffold = core::key_of(molecule.scaffold);
    read_labels(molecule.has_alert, record);
    return true;
  }

 private:
  static ScaffoldFrom scaffold_from(const ImportConfig& config) {
    if (!wants_scaffolds(config)) return ScaffoldFrom::None;
    return config.scaffold_from == "raw" ? ScaffoldFrom::Raw : ScaffoldFrom::Canonical;
  }

  void choose_columns() {
    const SourceConfig defaults;
    const bool smi = is_smi(source_);
    smiles_ = table_.column(smi && source_.smiles == defaults.smiles ? "0" : source_.smiles, place_ + ".smiles");
    if (!source_.id.empty())
      id_ = table_.column(source_.id, place_ + ".id");
    else if (smi)
      id_ = 1;
  }

  void choose_labels(const LabelConfig& labels) {
    const int kinds = (labels.join_file.has_value() ? 1 : 0) + (labels.computed.has_value() ? 1 : 0);
    if (kinds > 1 || (labels.computed.has_value() && !labels.columns.empty()))
      throw core::ConfigError("",
                              "labels: columns, join_file and computed exclude each other; a computed label has "
                              "neither columns nor a join_file");
    if (labels.computed.has_value()) {
      computed_ = true;
      label_names_ = {labels.name.empty() ? *labels.computed : labels.name};
    } else if (labels.join_file.has_value()) {
      if (id_ == kNone) throw core::ConfigError("", place_ + ".id: labels.join_file needs an id column to join by");
      joined_ = std::make_unique<JoinedLabels>(labels);
      label_names_ = joined_->names();
    } else if (!labels.columns.empty()) {
      columns_ = std::make_unique<LabelColumns>(labels, table_, std::vector<std::size_t>{smiles_, id_});
      label_names_ = columns_->names();
    }
  }

  void read_labels(bool has_alert, Record& record) const {
    if (computed_) {
      record.graph.labels = {has_alert ? 1.0F : 0.0F};
      record.graph.label_mask = {1};
    } else if (joined_ != nullptr) {
      joined_->read(record.id, record.graph);
    } else if (columns_ != nullptr) {
      columns_->read(fields_, table_, record.graph);
    }
  }

  bool read_fields() {
    if (source_.last_row.has_value() && table_.row() >= *source_.last_row) return false;
    return table_.next(fields_);
  }

  SourceConfig source_;
  std::string place_;
  std::filesystem::path path_;
  TableReader table_;
  MoleculeReader molecules_;
  std::vector<std::string> fields_;
  std::size_t smiles_ = 0;
  std::size_t id_ = kNone;
  bool computed_ = false;
  std::unique_ptr<JoinedLabels> joined_;
  std::unique_ptr<LabelColumns> columns_;
  std::vector<std::string> label_names_;
};

}  // namespace

std::unique_ptr<RecordSource> open_smiles_source(const ImportConfig& config, std::size_t index) {
  return std::make_unique<SmilesSource>(config, index);
}

std::vector<std::filesystem::path> source_files(const ImportConfig& config, std::size_t index) {
  const auto path = resolve_input_path(config.sources.at(index).file);
  if (!is_ogb(config.sources[index])) return {path};
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"raw", "mapping", "split"}) {
    if (!std::filesystem::is_directory(path / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path / folder))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace graftage::data
