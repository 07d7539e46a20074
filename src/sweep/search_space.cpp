#include "graftage/sweep/search_space.hpp"

#include "graftage/config/fields.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "sweep/parameter_forms.hpp"

#include <algorithm>
#include <cctype>

namespace graftage::sweep {

namespace {

using config::Node;
using core::ConfigError;

constexpr int kDeepestNesting = 16;

/// W&B's pattern: [A-Za-z_][A-Za-z0-9_.-]*, and no empty part between dots.
bool is_parameter_name(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0 || name[0] == '-') return false;
  const bool has_empty_part = name[0] == '.' || name.back() == '.' || name.find("..") != std::string::npos;
  return !has_empty_part && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-');
  });
}

bool is_inside(const std::string& inner, const std::string& outer) {
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '.';
}

void check_name(const SearchSpace& space, const std::string& name, const config::Mark& mark) {
  const auto fail = [&](const std::string& why) {
    throw ConfigError(mark.text(), "parameters." + core::printable(name) + ": " + why);
  };
  if (!is_parameter_name(name)) fail("a name has letters, digits, '_', '-' and dots, e.g. optimizer.lr");
  if (name == "seed") fail("seeds are no parameter; list them in replicates.seeds");
  for (const Parameter& other : space.parameters) {
    if (other.name == name) fail("is there twice");
    if (is_inside(name, other.name) || is_inside(other.name, name))
      fail("overlaps with '" + other.name + "', which is a part of the same section");
  }
}

/// Reads all entries of a `parameters` section, nested ones with dotted names.
void read_entries(const Node& section, const std::string& prefix, int depth, SearchSpace& space) {
  config::detail::expect_kind(section, Node::Kind::Mapping, prefix.empty() ? "parameters" : "parameters." + prefix);
  if (depth > kDeepestNesting) throw ConfigError(section.mark.text(), "parameters are nested too deeply");
  for (const auto& [key, value] : section.entries) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (const Node* nested = value.find("parameters")) {
      if (value.entries.size() != 1)
        throw ConfigError(value.mark.text(),
                          "parameters." + core::printable(name) + ": 'parameters' stands alone in a nested section");
      read_entries(*nested, name, depth + 1, space);
      continue;
    }
    check_name(space, name, value.key_mark.file.empty() ? value.mark : value.key_mark);
    space.parameters.push_back(read_parameter(name, value));
  }
}

std::vector<std::string> names_of(const SearchSpace& space) {
  std::vector<std::string> names;
  for (const Parameter& parameter : space.parameters) names.push_back(parameter.name);
  return names;
}

/// The other parameter exists and can take the values asked for.
void check_condition(const SearchSpace& space, const Parameter& parameter, const Condition& condition) {
  const std::string place = "parameters." + parameter.name + ".when";
  const auto other = std::find_if(space.parameters.begin(), space.parameters.end(),
                                  [&](const Parameter& p) { return p.name == condition.parameter; });
  if (other == space.parameters.end()) {
    const auto names = names_of(space);
    throw ConfigError(parameter.mark.text(),
                      place + ": '" + core::printable(condition.parameter) + "' is no parameter of this sweep" +
                          core::did_you_mean(condition.parameter, names) + "; parameters: " + core::join(names, ", "));
  }
  if (other->distribution != Distribution::Categorical && other->distribution != Distribution::Constant) return;
  for (const Node& value : condition.values) {
    const auto same = [&](const Node& candidate) { return candidate.to_json() == value.to_json(); };
    if (std::none_of(other->values.begin(), other->values.end(), same))
      throw ConfigError(value.mark.text(), place + ": '" + condition.parameter + "' is never " +
                                               core::printable(value.to_json()) + ", so the condition cannot hold");
  }
}

/// Conditional parameters behind what they depend on; otherwise the order of the file.
void sort_by_dependency(SearchSpace& space) {
  std::vector<Parameter> sorted;
  const auto is_placed = [&](const Condition& condition) {
    return std::any_of(sorted.begin(), sorted.end(), [&](const Parameter& p) { return p.name == condition.parameter; });
  };
  auto& rest = space.parameters;
  while (!rest.empty()) {
    const auto next = std::find_if(rest.begin(), rest.end(), [&](const Parameter& p) {
      return std::all_of(p.when.begin(), p.when.end(), is_placed);
    });
    if (next == rest.end())
      throw ConfigError(rest.front().mark.text(),
                        "parameters." + rest.front().name + ".when: the conditions go round in a circle");
    sorted.push_back(std::move(*next));
    rest.erase(next);
  }
  space.parameters = std::move(sorted);
}

bool holds(const SearchSpace& space, const Setting& setting, const Condition& condition) {
  for (std::size_t i = 0; i < setting.size(); ++i) {
    if (space.parameters[i].name != condition.parameter) continue;
    return setting[i] && std::any_of(condition.values.begin(), condition.values.end(),
                                     [&](const Node& value) { return value.to_json() == setting[i]->to_json(); });
  }
  return false;
}

/// Whether the next parameter takes a value in a setting of those before it.
bool is_active(const SearchSpace& space, const Setting& setting) {
  const auto& when = space.parameters[setting.size()].when;
  return std::all_of(when.begin(), when.end(),
                     [&](const Condition& condition) { return holds(space, setting, condition); });
}

}  // namespace

SearchSpace read_search_space(const Node& parameters) {
  SearchSpace space;
  read_entries(parameters, "", 0, space);
  if (space.parameters.empty())
    throw ConfigError(parameters.mark.text(), "parameters: needs at least one, e.g. optimizer.lr: {values: [1e-3]}");
  for (const Parameter& parameter : space.parameters)
    for (const Condition& condition : parameter.when) check_condition(space, parameter, condition);
  sort_by_dependency(space);
  return space;
}

std::vector<Setting> enumerate_grid(const SearchSpace& space, std::uint64_t limit) {
  std::vector<Setting> settings(1);
  for (const Parameter& parameter : space.parameters) {
    const auto choices = num_choices(parameter);
    GRAFTAGE_CHECK(choices.has_value(), parameter.name);
    std::uint64_t total = 0;
    for (const Setting& setting : settings) {
      total += is_active(space, setting) ? *choices : 1;
      if (total > limit)
        throw ConfigError(parameter.mark.text(), "parameters." + parameter.name + ": the grid has more than " +
                                                     core::group_thousands(static_cast<std::int64_t>(limit)) +
                                                     " settings; use fewer values, or method: random with run_cap");
    }
    std::vector<Setting> longer;
    longer.reserve(total);
    for (const Setting& setting : settings) {
      const bool active = is_active(space, setting);
      for (std::uint64_t i = 0; i < (active ? *choices : 1); ++i) {
        longer.push_back(setting);
        longer.back().push_back(active ? std::optional(choice(parameter, i)) : std::nullopt);
      }
    }
    settings = std::move(longer);
  }
  return settings;
}

Setting draw_setting(const SearchSpace& space, core::SeedSequence seed, std::int64_t index) {
  Setting setting;
  for (const Parameter& parameter : space.parameters) {
    const bool active = is_active(space, setting);
    setting.push_back(active ? std::optional(draw(parameter, seed.child(parameter.name).child(index).stream()))
                             : std::nullopt);
  }
  return setting;
}

}  // namespace graftage::sweep
