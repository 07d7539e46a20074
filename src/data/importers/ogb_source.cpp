#include "data/importers/label_columns.hpp"
#include "data/importers/molecule_reader.hpp"
#include "data/importers/record_source.hpp"
#include "data/importers/table_reader.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/importer.hpp"

#include <charconv>
#include <limits>

namespace graftage::data {
namespace {

/// `name`.csv.gz or `name`.csv in a folder. @throws MissingInput
std::filesystem::path find_table(const std::filesystem::path& folder, const std::string& name) {
  for (const char* extension : {".csv.gz", ".csv"})
    if (std::filesystem::exists(folder / (name + extension))) return folder / (name + extension);
  throw core::MissingInput((folder / (name + ".csv.gz")).string(),
                           "give the dataset directory that holds raw/, mapping/ and split/");
}

/// A headerless table of integers.
class IntegerTable {
 public:
  IntegerTable(const std::filesystem::path& folder, const std::string& name, std::size_t columns)
      : table_(find_table(folder, name), {.delimiter = ',', .header = false}), columns_(columns) {}

  bool next(std::vector<std::int64_t>& values) {
    if (!table_.next(fields_)) return false;
    if (fields_.size() != columns_)
      fail("has " + std::to_string(fields_.size()) + " columns where " + std::to_string(columns_) + " are expected");
    values.resize(columns_);
    for (std::size_t c = 0; c < columns_; ++c) {
      const std::string_view cell = core::trim(fields_[c]);
      const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), values[c]);
      if (error != std::errc{} || end != cell.data() + cell.size() || values[c] < 0)
        fail("'" + core::printable(cell) + "' is not a count or code");
    }
    return true;
  }

  std::vector<std::int64_t> need() {
    std::vector<std::int64_t> values;
    if (!next(values))
      throw core::DataError(table_.file().string(), "", "ends before the last graph; the dataset is incomplete");
    return values;
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw core::DataError(table_.file().string(), "line " + std::to_string(table_.line()), problem);
  }

 private:
  TableReader table_;
  std::size_t columns_;
  std::vector<std::string> fields_;
};

void append_codes(IntegerTable& table, const std::vector<graph::FeatureColumn>& columns,
                  std::vector<std::uint16_t>& codes, std::size_t copies) {
  const auto row = table.need();
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (row[c] >= columns[c].cardinality)
      table.fail("code " + std::to_string(row[c]) + " of " + columns[c].name + " is outside 0.." +
                 std::to_string(columns[c].cardinality - 1));
  for (std::size_t copy = 0; copy < copies; ++copy)
    for (const auto code : row) codes.push_back(static_cast<std::uint16_t>(code));
}

/// Raw layout of an OGB molecule dataset: features as stored, one line per bond.
class OgbSource : public RecordSource {
 public:
  OgbSource(const ImportConfig& config, std::size_t index)
      : place_("sources[" + std::to_string(index) + "]"),
        directory_(resolve_input_path(config.sources.at(index).file)),
        schema_(ogb_molecule_schema()),
        num_nodes_(directory_ / "raw", "num-node-list", 1),
        num_edges_(directory_ / "raw", "num-edge-list", 1),
        node_features_(directory_ / "raw", "node-feat", schema_.node.size()),
        edges_(directory_ / "raw", "edge", 2),
        edge_features_(directory_ / "raw", "edge-feat", schema_.edge.size()),
        labels_(find_table(directory_ / "raw", "graph-label"), {.delimiter = ',', .header = false}),
        mapping_(find_table(directory_ / "mapping", "mol"), {.delimiter = ',', .header = true}) {
    const LabelConfig& labels = config.labels;
    const bool all = labels.columns.empty() || labels.columns == std::vector<std::string>{"*"};
    if (!all || labels.join_file.has_value() || labels.computed.has_value() || labels.active_at_least.has_value())
      throw core::ConfigError("",
                              "labels: an OGB dataset brings its labels; leave columns, join_file, computed and "
                              "active_at_least out");
    if (config.sources[index].first_row.has_value() || config.sources[index].last_row.has_value())
      throw core::ConfigError("", place_ + ": first_row and last_row do not apply to an OGB dataset");
    smiles_ = mapping_.column("smiles", place_ + ".file");
    id_ = mapping_.column("mol_id", place_ + ".file");
    for (std::size_t c = 0; c < mapping_.header().size(); ++c)
      if (c != smiles_ && c != id_) label_names_.push_back(mapping_.header()[c]);
    if (MoleculeReader::is_available()) {
      const bool canonical = config.scaffold_from == "canonical";
      const ScaffoldFrom from = canonical ? ScaffoldFrom::Canonical : ScaffoldFrom::Raw;
      molecules_ = std::make_unique<MoleculeReader>(
          MoleculeReader::Options{.scaffold = wants_scaffolds(config) ? from : ScaffoldFrom::None, .alerts = ""});
    } else if (wants_scaffolds(config)) {
      throw core::ConfigError("", "splits: 'scaffold' needs RDKit, and this graftage was built without it; use 'ogb'");
    }
  }

  [[nodiscard]] std::string file_name() const override { return directory_.filename().string(); }
  [[nodiscard]] graph::FeatureSchema schema() const override { return schema_; }
  [[nodiscard]] std::vector<std::string> label_names() const override { return label_names_; }

  bool skip() override {
    Record record;
    return read_graph(record);
  }

  bool next(Record& record) override {
    record = Record{};
    if (!read_graph(record)) return false;
    record.parsed = true;
    Molecule molecule;
    const bool is_molecule = molecules_ != nullptr && molecules_->read(record.text, molecule).empty();
    record.key = core::key_of(is_molecule ? molecule.canonical : record.text);
    record.scaffold = core::key_of(molecule.scaffold);
    return true;
  }

 private:
  bool read_graph(Record& record) {
    std::vector<std::int64_t> size;
    if (!num_nodes_.next(size)) return false;
    record.row = ++row_;
    graph::Graph& graph = record.graph;
    graph.num_nodes = size[0];
    const std::int64_t num_bonds = num_edges_.need()[0];
    for (std::int64_t v = 0; v < graph.num_nodes; ++v)
      append_codes(node_features_, schema_.node, graph.node_features, 1);
    for (std::int64_t b = 0; b < num_bonds; ++b) {
      const auto bond = edges_.need();
      if (bond[0] >= graph.num_nodes || bond[1] >= graph.num_nodes)
        edges_.fail("names a node outside its graph of " + std::to_string(graph.num_nodes));
      const auto from = static_cast<std::int32_t>(bond[0]);
      const auto to = static_cast<std::int32_t>(bond[1]);
      graph.edge_index.insert(graph.edge_index.end(), {from, to, to, from});
      append_codes(edge_features_, schema_.edge, graph.edge_features, 2);
    }
    read_labels(graph);
    if (!mapping_.next(fields_) || smiles_ >= fields_.size() || id_ >= fields_.size())
      throw core::DataError(mapping_.file().string(), "", "ends before the last graph; the dataset is incomplete");
    record.text = std::string(core::trim(fields_[smiles_]));
    record.id = fields_[id_];
    return true;
  }

  void read_labels(graph::Graph& graph) {
    if (!labels_.next(fields_) || fields_.size() != label_names_.size())
      throw core::DataError(labels_.file().string(), "line " + std::to_string(labels_.line()),
                            "does not hold " + std::to_string(label_names_.size()) + " labels for each graph");
    for (const auto& field : fields_) {
      double value = 0;
      const bool known = parse_label(field, labels_.file().string(), "line " + std::to_string(labels_.line()), value);
      graph.labels.push_back(static_cast<float>(value));
      graph.label_mask.push_back(known ? 1 : 0);
    }
  }

  std::string place_;
  std::filesystem::path directory_;
  graph::FeatureSchema schema_;
  IntegerTable num_nodes_;
  IntegerTable num_edges_;
  IntegerTable node_features_;
  IntegerTable edges_;
  IntegerTable edge_features_;
  TableReader labels_;
  TableReader mapping_;
  std::unique_ptr<MoleculeReader> molecules_;
  std::size_t smiles_ = 0;
  std::size_t id_ = 0;
  std::int64_t row_ = 0;
  std::vector<std::string> label_names_;
  std::vector<std::string> fields_;
};

}  // namespace

graph::FeatureSchema ogb_molecule_schema() {
  // Columns and cardinalities of ogb.utils.features ("misc" included); atomic_num has one code more for hidden atoms,
  // bond_type one more for self-loops.
  return {.name = "ogb-mol",
          .node = {{"atomic_num", 120},
                   {"chirality", 5},
                   {"degree", 12},
                   {"formal_charge", 12},
                   {"num_hydrogens", 10},
                   {"num_radical_electrons", 6},
                   {"hybridization", 6},
                   {"is_aromatic", 2},
                   {"is_in_ring", 2}},
          .edge = {{"bond_type", 6}, {"bond_stereo", 6}, {"is_conjugated", 2}},
          .self_loop = {5, 0, 0},
          .node_mask = {119, 0, 0, 0, 0, 0, 0, 0, 0},
          .num_maskable_types = 119};
}

std::unique_ptr<RecordSource> open_ogb_source(const ImportConfig& config, std::size_t index) {
  return std::make_unique<OgbSource>(config, index);
}

std::vector<std::int64_t> read_ogb_split(const std::filesystem::path& directory, const std::string& part) {
  IntegerTable table(directory / "split" / "scaffold", part, 1);
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> values;
  while (table.next(values)) rows.push_back(values[0]);
  return rows;
}

}  // namespace graftage::data
