#include "report/cells.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace graftage::report {

namespace {

using sweep::TrialResult;
using sweep::TrialStatus;

const std::vector<double> kNoCurve;

/// Members of one setting, by position of their seed in the cell; nullptr where none is planned.
struct SettingMembers {
  std::string id;
  std::vector<const TrialResult*> of_seed;
};

struct CellMembers {
  std::string id;
  std::vector<std::int64_t> seeds;
  std::vector<SettingMembers> settings;
};

template <class Items, class Value, class Projection>
std::size_t index_of(const Items& items, const Value& value, Projection project) {
  return static_cast<std::size_t>(
      std::find_if(items.begin(), items.end(), [&](const auto& item) { return project(item) == value; }) -
      items.begin());
}

std::vector<CellMembers> group(const std::vector<TrialResult>& members) {
  std::vector<CellMembers> cells;
  std::map<std::string, std::size_t> index;
  for (const TrialResult& member : members) {
    const auto [entry, is_new] = index.emplace(member.trial.cell, cells.size());
    if (is_new) cells.push_back({member.trial.cell, {}, {}});
    CellMembers& cell = cells[entry->second];
    const auto seed = index_of(cell.seeds, member.trial.seed, [](std::int64_t s) { return s; });
    if (seed == cell.seeds.size()) cell.seeds.push_back(member.trial.seed);
    const auto setting = index_of(cell.settings, member.trial.setting, [](const auto& s) { return s.id; });
    if (setting == cell.settings.size()) cell.settings.push_back({member.trial.setting, {}});
    auto& of_seed = cell.settings[setting].of_seed;
    of_seed.resize(std::max(of_seed.size(), seed + 1), nullptr);
    of_seed[seed] = &member;
  }
  for (CellMembers& cell : cells)
    for (SettingMembers& setting : cell.settings) setting.of_seed.resize(cell.seeds.size(), nullptr);
  return cells;
}

const std::vector<double>& curve_of(const TrialResult* member, const std::string& name) {
  if (member == nullptr || member->status != TrialStatus::Done) return kNoCurve;
  const auto curve = member->curves.find(name);
  return curve == member->curves.end() ? kNoCurve : curve->second;
}

double at(const std::vector<double>& curve, std::size_t epoch) {
  return epoch < curve.size() ? curve[epoch] : kNotANumber;
}

/// What selection is given: validation curves and nothing else.
std::vector<ValidationCurves> validation_of(const CellMembers& cell, const std::string& metric) {
  std::vector<ValidationCurves> settings;
  for (const SettingMembers& setting : cell.settings) {
    settings.emplace_back();
    for (const TrialResult* member : setting.of_seed) settings.back().of_seed.push_back(curve_of(member, metric));
  }
  return settings;
}

double value_of(const TrialResult& member, const std::string& name) {
  const auto value = member.values.find(name);
  return value == member.values.end() ? kNotANumber : value->second;
}

/// Test values of the chosen setting: at the chosen epoch, at each seed's own best one, and at the last.
void read_test(Cell& cell, const SettingMembers& chosen, std::size_t epoch, const sweep::SweepConfig& config) {
  const std::string& valid_name = config.metric.name;
  const std::string test_name = "test/" + valid_name.substr(std::string("valid/").size());
  for (const TrialResult* member : chosen.of_seed) {
    const auto& valid = curve_of(member, valid_name);
    const auto& test = curve_of(member, test_name);
    const auto best = best_epoch(valid, goal_of(config));
    cell.epochs = std::max(cell.epochs, static_cast<std::int64_t>(valid.size()));
    cell.valid.push_back(at(valid, epoch));
    cell.test.push_back(at(test, epoch));
    cell.test_best_validation.push_back(best ? at(test, *best) : kNotANumber);
    cell.test_last.push_back(test.empty() ? kNotANumber : test.back());
  }
  cell.valid_summary = summarize(cell.valid);
  cell.test_summary = summarize(cell.test);
  cell.best_validation_summary = summarize(cell.test_best_validation);
  cell.last_summary = summarize(cell.test_last);
}

/// Seed of the pretraining run; -1 for a random encoder, whose weights come from the run seed.
std::int64_t parse_seed(const std::map<std::string, std::string>& facts) {
  const auto fact = facts.find("encoder_seed"), encoder = facts.find("encoder");
  std::int64_t seed = -1;
  if (encoder != facts.end() && encoder->second == "random") return seed;
  if (fact != facts.end()) std::from_chars(fact->second.data(), fact->second.data() + fact->second.size(), seed);
  return seed;
}

/// What is the same for all members of a setting, from the first that is done.
void read_facts(Cell& cell, const SettingMembers& setting) {
  for (const TrialResult* member : setting.of_seed) {
    if (member == nullptr || member->status != TrialStatus::Done) continue;
    for (const char* name : {"task", "task_origin", "encoder", "method", "protocol"})
      if (const auto fact = member->facts.find(name); fact != member->facts.end()) cell.facts[name] = fact->second;
    cell.encoder_parameters = value_of(*member, "num_encoder_parameters");
    cell.prompt_parameters = value_of(*member, "num_prompt_parameters");
    cell.head_parameters = value_of(*member, "num_head_parameters");
    cell.pretrain_seed = parse_seed(member->facts);
    return;
  }
}

Cell make_cell(const CellMembers& members, const sweep::SweepConfig& config) {
  Cell cell;
  cell.id = members.id;
  cell.seeds = members.seeds;
  cell.num_settings = static_cast<std::int64_t>(members.settings.size());
  for (const SettingMembers& setting : members.settings) {
    for (const TrialResult* member : setting.of_seed) {
      if (member == nullptr) continue;
      ++cell.planned;
      cell.failures += member->status == TrialStatus::Done ? 0 : 1;
      for (const std::string& path : config.compare)
        if (const auto* value = member->trial.config.find_path(path)) cell.compared[path] = value->to_json();
    }
  }
  const auto selection = select(validation_of(members, config.metric.name), goal_of(config));
  if (!selection) {
    for (auto* values : {&cell.valid, &cell.test, &cell.test_best_validation, &cell.test_last})
      values->assign(cell.seeds.size(), kNotANumber);
    for (const SettingMembers& setting : members.settings)
      if (cell.facts.empty()) read_facts(cell, setting);
    return cell;
  }
  const SettingMembers& chosen = members.settings[selection->setting];
  cell.epoch = static_cast<std::int64_t>(selection->epoch) + 1;
  read_test(cell, chosen, selection->epoch, config);
  read_facts(cell, chosen);
  for (const TrialResult* member : chosen.of_seed)
    if (member != nullptr)
      for (const auto& [name, value] : member->trial.parameters)
        if (!cell.compared.contains(name)) cell.setting[name] = value;
  return cell;
}

}  // namespace

std::vector<Cell> make_cells(const std::vector<TrialResult>& members, const sweep::SweepConfig& config) {
  std::vector<Cell> cells;
  for (const CellMembers& cell : group(members)) cells.push_back(make_cell(cell, config));
  return cells;
}

}  // namespace graftage::report
