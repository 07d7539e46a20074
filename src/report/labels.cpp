#include "graftage/core/text.hpp"
#include "report/cells.hpp"

#include <algorithm>
#include <set>

namespace graftage::report {

namespace {

/// A compared parameter that has a column of its own in tables, and the fact that names its values.
struct Axis {
  const char* parameter;
  const char* fact;
};
constexpr Axis kAxes[] = {{"task.corpus", "task"}, {"encoder.source", "encoder"}, {"adapt.kind", "method"}};

/// JSON text without the quotes of a string.
std::string plain(const std::string& json) {
  return json.size() >= 2 && json.front() == '"' ? json.substr(1, json.size() - 2) : json;
}

std::string value_of(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto value = values.find(key);
  return value == values.end() ? "" : value->second;
}

/// The last `count` parts of a path.
std::string tail(const std::string& path, std::size_t count) {
  const auto parts = core::split(path, '/');
  const std::size_t first = parts.size() - std::min(count, parts.size());
  return core::join({parts.begin() + static_cast<std::ptrdiff_t>(first), parts.end()}, "/");
}

/// Label per value: its fact where a trial gave one, else the end of the path; longer where two values share it.
std::map<std::string, std::string> labels_of(const std::vector<Cell>& cells, const Axis& axis) {
  std::map<std::string, std::string> labels;
  for (const Cell& cell : cells) {
    const std::string value = value_of(cell.compared, axis.parameter);
    const std::string fact = value_of(cell.facts, axis.fact);
    std::string& label = labels[value];
    if (label.empty() || label == tail(plain(value), 1)) label = fact.empty() ? tail(plain(value), 1) : fact;
  }
  std::map<std::string, std::vector<std::string>> sharing;
  for (const auto& [value, label] : labels) sharing[label].push_back(value);
  for (const auto& [label, values] : sharing) {
    if (values.size() == 1) continue;
    std::size_t length = 0;
    std::set<std::string> distinct;
    while (distinct.size() < values.size() && length < 64) {
      ++length;
      distinct.clear();
      for (const auto& value : values) distinct.insert(tail(plain(value), length));
    }
    for (const auto& value : values) labels[value] = label + " (" + tail(plain(value), length) + ")";
  }
  return labels;
}

/// Compared parameters beside the axes that differ between cells: part of the method's label.
std::vector<std::string> extra_parameters(const std::vector<Cell>& cells) {
  std::map<std::string, std::set<std::string>> values;
  for (const Cell& cell : cells)
    for (const auto& [name, value] : cell.compared) values[name].insert(value);
  for (const Axis& axis : kAxes) values.erase(axis.parameter);
  std::vector<std::string> names;
  for (const auto& [name, distinct] : values)
    if (distinct.size() > 1) names.push_back(name);
  return names;
}

}  // namespace

void label_cells(std::vector<Cell>& cells) {
  const auto extras = extra_parameters(cells);
  std::map<std::string, std::map<std::string, std::string>> labels;
  for (const Axis& axis : kAxes) labels[axis.fact] = labels_of(cells, axis);
  for (Cell& cell : cells) {
    for (const Axis& axis : kAxes)
      cell.facts[axis.fact] = core::printable(labels[axis.fact][value_of(cell.compared, axis.parameter)]);
    for (const std::string& name : extras)
      if (const auto value = cell.compared.find(name); value != cell.compared.end())
        cell.facts["method"] +=
            " " + core::printable(name.substr(name.rfind('.') + 1) + "=" + tail(plain(value->second), 1));
  }
}

}  // namespace graftage::report
