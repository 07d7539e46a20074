#pragma once

#include "data/importers/table_reader.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/graph/graph.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace graftage::data {

/// A number in a table's cell. @return false if the cell is empty or NaN @throws DataError for anything else
bool parse_label(const std::string& text, const std::string& file, const std::string& place, double& value);

/// Columns of a table that hold labels.
class LabelColumns {
 public:
  /// @param taken  columns that are no labels under "*": SMILES, id, the join's id
  LabelColumns(const LabelConfig& config, const TableReader& table, const std::vector<std::size_t>& taken);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Appends the labels of a row to a graph. @throws DataError
  void read(const std::vector<std::string>& fields, const TableReader& table, graph::Graph& graph) const;

 private:
  std::vector<std::size_t> columns_;
  std::vector<std::string> names_;
  std::optional<double> threshold_;
};

/// Labels of a second table, by id, held in memory.
class JoinedLabels {
 public:
  /// @throws MissingInput, DataError (unknown column, an id twice)
  explicit JoinedLabels(const LabelConfig& config);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Labels of `id`; all missing if the table does not have it.
  void read(const std::string& id, graph::Graph& graph) const;

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, graph::Graph> rows_;
};

}  // namespace graftage::data
