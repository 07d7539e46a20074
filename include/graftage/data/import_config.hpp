#pragma once

#include "graftage/config/fields.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace graftage::data {

/// How labels are read. One of: columns of the file itself, a second table joined by id, or computed alerts.
struct LabelConfig {
  std::vector<std::string> columns;  ///< by header name or 0-based index; ["*"] = every column but smiles/id/ignored
  std::vector<std::string> ignore;   ///< columns left out of "*"
  std::optional<double>
      active_at_least;        ///< threshold: label = value >= this (Binary); absent: values are used as they are
  std::string kind = "auto";  ///< auto | binary | real
  std::optional<std::filesystem::path> join_file;  ///< table that holds the labels
  std::string join_id = "0";                       ///< id column of the join file
  bool join_header = true;
  std::optional<std::string> computed;  ///< RDKit FilterCatalog name: "BRENK", "PAINS"; label = has an alert
  std::string name;                     ///< name of a joined or computed label ("" = column name)
};
template <class V>
void visit_fields(V& visit, LabelConfig& c) {
  visit("columns", c.columns, config::any(), "label columns by name or 0-based index; [\"*\"] takes all others");
  visit("ignore", c.ignore, config::any(), "columns left out of \"*\"");
  visit("active_at_least", c.active_at_least, config::any(), "threshold: label = value >= this");
  visit("kind", c.kind, config::any(), "auto, binary or real");
  visit("join_file", c.join_file, config::any(), "second table with the labels, joined by id");
  visit("join_id", c.join_id, config::any(), "id column of join_file");
  visit("join_header", c.join_header, config::any(), "join_file has a header line");
  visit("computed", c.computed, config::any(), "RDKit filter catalog whose alerts are the label (BRENK, PAINS)");
  visit("name", c.name, config::any(), "name of a joined or computed label");
}

/// One input table. `file` may start with "rdkit:" (RDKit's data package) and may be gzip-compressed.
struct SourceConfig {
  std::filesystem::path file;
  std::string format = "auto";  ///< auto | csv | smi | ogb
  bool header = true;
  std::string delimiter = "auto";         ///< auto | comma | tab | space
  std::string smiles = "smiles";          ///< column by name or 0-based index
  std::string id;                         ///< column by name or index; empty = row number
  std::optional<std::int64_t> first_row;  ///< 1-based data rows, inclusive
  std::optional<std::int64_t> last_row;
};
template <class V>
void visit_fields(V& visit, SourceConfig& c) {
  visit("file", c.file, config::required(), "input table; 'rdkit:' names RDKit's data package; .gz is read directly");
  visit("format", c.format, config::any(), "auto, csv, smi or ogb (raw directory)");
  visit("header", c.header, config::any(), "the first line names the columns");
  visit("delimiter", c.delimiter, config::any(), "auto, comma, tab or space");
  visit("smiles", c.smiles, config::any(), "SMILES column by name or 0-based index");
  visit("id", c.id, config::any(), "id column by name or index");
  visit("first_row", c.first_row, config::at_least(1), "first data row taken, 1-based");
  visit("last_row", c.last_row, config::at_least(1), "last data row taken, inclusive");
}

enum class Duplicates { Keep, Merge };
std::vector<std::string> enum_names(const Duplicates*);

/// Counts the user expects; import fails with 65 if one differs.
struct ExpectedCounts {
  std::optional<std::int64_t> rows, unparsable, unique, graphs, positives, removed;
};
template <class V>
void visit_fields(V& visit, ExpectedCounts& c) {
  visit("rows", c.rows, config::at_least(0), "input rows");
  visit("unparsable", c.unparsable, config::at_least(0), "rows that could not be parsed");
  visit("unique", c.unique, config::at_least(0), "distinct molecules, before any are removed");
  visit("graphs", c.graphs, config::at_least(0), "graphs written");
  visit("positives", c.positives, config::at_least(0), "positive labels of the first target");
  visit("removed", c.removed, config::at_least(0), "graphs removed because they occur in an excluded corpus");
}

/// `graftage import`: tables of molecules become one corpus directory.
struct ImportConfig {
  std::string name;
  std::filesystem::path output;
  std::string description;
  std::vector<SourceConfig> sources;
  std::string featurizer = "chem";
  LabelConfig labels;
  Duplicates duplicates = Duplicates::Keep;
  std::vector<std::filesystem::path> exclude;  ///< corpora whose molecules (canonical keys) are left out: no leakage
  std::vector<std::string> splits;             ///< "scaffold", "random", "ogb"
  std::string scaffold_from = "auto";          ///< SMILES the scaffold is taken from: auto | canonical | raw
  double train_fraction = 0.8;
  double valid_fraction = 0.1;
  std::int64_t seed = 0;
  std::int64_t shard_rows = 16384;
  ExpectedCounts expect;
  bool replace = false;
};
template <class V>
void visit_fields(V& visit, ImportConfig& c) {
  visit("name", c.name, config::required(), "name of the corpus");
  visit("output", c.output, config::required(), "corpus directory to write");
  visit("description", c.description, config::any(), "free text kept in the corpus");
  visit("sources", c.sources, config::required(), "input tables, in order");
  visit("featurizer", c.featurizer, config::any(), "how molecules become graphs (chem)");
  visit("labels", c.labels, config::any(), "labels; none by default");
  visit("duplicates", c.duplicates, config::any(), "keep every row, or merge rows of the same molecule");
  visit("exclude", c.exclude, config::any(), "corpora whose molecules are left out");
  visit("splits", c.splits, config::any(), "splits to compute: scaffold, random, ogb");
  visit("scaffold_from", c.scaffold_from, config::any(),
        "SMILES of the scaffold: canonical, raw, or auto (raw for OGB datasets, else canonical)");
  visit("train_fraction", c.train_fraction, config::in_range(0, 1), "training fraction of a split");
  visit("valid_fraction", c.valid_fraction, config::in_range(0, 1), "validation fraction of a split");
  visit("seed", c.seed, config::any(), "seed of the random split");
  visit("shard_rows", c.shard_rows, config::in_range(16, 1 << 24), "input rows per shard file");
  visit("expect", c.expect, config::any(), "counts that must come out");
  visit("replace", c.replace, config::any(), "put this corpus in the place of one made from other inputs or settings");
}

}  // namespace graftage::data
