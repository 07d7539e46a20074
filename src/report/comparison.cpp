#include "report/cells.hpp"

#include <algorithm>

namespace graftage::report {

namespace {

constexpr const char* kEncoder = "encoder.source";
constexpr const char* kMethod = "adapt.kind";

bool has(const Cell& cell, const std::string& name, const std::string& json) {
  const auto value = cell.compared.find(name);
  return value != cell.compared.end() && value->second == json;
}

bool is_random(const Cell& cell) { return has(cell, kEncoder, "\"random\""); }
bool is_scratch(const Cell& cell) { return is_random(cell) && has(cell, kMethod, "\"full\""); }

std::map<std::string, std::string> without(std::map<std::string, std::string> values, const std::string& name) {
  values.erase(name);
  return values;
}

/// The same task and method (and whatever else is compared) on a random encoder.
const Cell* find_random(const std::vector<Cell>& cells, const Cell& cell) {
  if (is_random(cell)) return nullptr;
  for (const Cell& other : cells)
    if (is_random(other) && without(other.compared, kEncoder) == without(cell.compared, kEncoder)) return &other;
  return nullptr;
}

bool same_task(const Cell& a, const Cell& b) {
  const auto task_of = [](const Cell& cell) {
    auto values = cell.compared;
    std::erase_if(values, [](const auto& value) { return !value.first.starts_with("task."); });
    return values;
  };
  return task_of(a) == task_of(b);
}

/// Full training from scratch on the same task; of several the one that shares most compared values.
const Cell* find_scratch(const std::vector<Cell>& cells, const Cell& cell) {
  if (is_scratch(cell)) return nullptr;
  const auto shared = [&](const Cell& other) {
    return std::count_if(other.compared.begin(), other.compared.end(),
                         [&](const auto& value) { return has(cell, value.first, value.second); });
  };
  const Cell* best = nullptr;
  for (const Cell& other : cells)
    if (is_scratch(other) && same_task(other, cell) && (best == nullptr || shared(other) > shared(*best)))
      best = &other;
  return best;
}

/// Test values paired by run seed; each cell at its own chosen setting and epoch.
PairedDifference difference(const Cell& cell, const Cell* baseline) {
  if (baseline == nullptr) return {};
  std::vector<double> other(cell.seeds.size(), kNotANumber);
  for (std::size_t i = 0; i < cell.seeds.size(); ++i) {
    const auto seed = std::find(baseline->seeds.begin(), baseline->seeds.end(), cell.seeds[i]);
    if (seed != baseline->seeds.end())
      other[i] = baseline->test[static_cast<std::size_t>(seed - baseline->seeds.begin())];
  }
  return paired_difference(cell.test, other);
}

}  // namespace

void compare_cells(std::vector<Cell>& cells) {
  std::vector<double> p_random, p_scratch;
  for (Cell& cell : cells) {
    cell.against_random = difference(cell, find_random(cells, cell));
    cell.against_scratch = difference(cell, find_scratch(cells, cell));
    p_random.push_back(cell.against_random.p_t);
    p_scratch.push_back(cell.against_scratch.p_t);
  }
  const auto adjusted_random = holm(p_random), adjusted_scratch = holm(p_scratch);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i].holm_against_random = adjusted_random[i];
    cells[i].holm_against_scratch = adjusted_scratch[i];
  }
}

}  // namespace graftage::report
