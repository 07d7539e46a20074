#include "data/importers/label_columns.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/importer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace graftage::data {

bool parse_label(const std::string& text, const std::string& file, const std::string& place, double& value) {
  std::string_view cell = core::trim(text);
  value = std::numeric_limits<double>::quiet_NaN();
  if (!cell.empty() && cell.front() == '+') cell.remove_prefix(1);
  if (cell.empty()) return false;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size() || std::isinf(value))
    throw core::DataError(
        file, place,
        "label '" + core::printable(cell) + "' is not a number; an empty cell or 'nan' stands for a missing label");
  return !std::isnan(value);
}

LabelColumns::LabelColumns(const LabelConfig& config, const TableReader& table, const std::vector<std::size_t>& taken)
    : threshold_(config.active_at_least) {
  const auto& header = table.header();
  std::vector<std::size_t> ignored = taken;
  for (const auto& name : config.ignore) ignored.push_back(table.column(name, "labels.ignore"));
  if (config.columns == std::vector<std::string>{"*"}) {
    if (header.empty())
      throw core::DataError(table.file().string(), "labels.columns", "'*' needs a header line; give 0-based indices");
    for (std::size_t c = 0; c < header.size(); ++c)
      if (std::find(ignored.begin(), ignored.end(), c) == ignored.end()) columns_.push_back(c);
  } else {
    for (const auto& name : config.columns) columns_.push_back(table.column(name, "labels.columns"));
  }
  for (const std::size_t c : columns_) names_.push_back(c < header.size() ? header[c] : "column_" + std::to_string(c));
  if (columns_.size() == 1 && !config.name.empty()) names_[0] = config.name;
}

void LabelColumns::read(const std::vector<std::string>& fields, const TableReader& table, graph::Graph& graph) const {
  for (std::size_t t = 0; t < columns_.size(); ++t) {
    double value = std::numeric_limits<double>::quiet_NaN();
    const bool known =
        columns_[t] < fields.size() &&
        parse_label(fields[columns_[t]], table.file().string(),
                    "line " + std::to_string(table.line()) + ", column '" + core::printable(names_[t]) + "'", value);
    if (known && threshold_.has_value()) value = value >= *threshold_ ? 1.0 : 0.0;
    graph.labels.push_back(static_cast<float>(value));
    graph.label_mask.push_back(known ? 1 : 0);
  }
}

JoinedLabels::JoinedLabels(const LabelConfig& config) {
  const auto path = resolve_input_path(*config.join_file);
  TableReader table(path, {.delimiter = detect_delimiter(path), .header = config.join_header});
  const std::size_t id = table.column(config.join_id, "labels.join_id");
  LabelConfig columns = config;
  if (columns.columns.empty()) columns.columns = {config.join_header ? "*" : "1"};
  const LabelColumns labels(columns, table, {id});
  names_ = labels.names();
  std::vector<std::string> fields;
  while (table.next(fields)) {
    if (id >= fields.size()) continue;
    graph::Graph row;
    labels.read(fields, table, row);
    const std::string key(core::trim(fields[id]));
    if (!rows_.emplace(key, std::move(row)).second)
      throw core::DataError(path.string(), "line " + std::to_string(table.line()),
                            "id '" + core::printable(key) + "' occurs twice; labels must be joined by a unique id");
  }
}

void JoinedLabels::read(const std::string& id, graph::Graph& graph) const {
  const auto found = rows_.find(id);
  if (found != rows_.end()) {
    graph.labels = found->second.labels;
    graph.label_mask = found->second.label_mask;
    return;
  }
  graph.labels.assign(names_.size(), std::numeric_limits<float>::quiet_NaN());
  graph.label_mask.assign(names_.size(), 0);
}

}  // namespace graftage::data
