#include "sweep/parameter_forms.hpp"

#include "graftage/config/fields.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>
#include <cmath>

namespace graftage::sweep {

namespace {

using config::Node;
using core::ConfigError;

enum class Bounds { None, AsGiven, Values, InverseValues, MuSigma };

/// A name of W&B: which family it is and what its bounds mean.
struct Form {
  const char* name;
  Distribution family;
  Bounds bounds;
  bool quantized;
};

constexpr Form kForms[] = {
    {"constant", Distribution::Constant, Bounds::None, false},
    {"categorical", Distribution::Categorical, Bounds::None, false},
    {"categorical_w_probabilities", Distribution::Categorical, Bounds::None, false},
    {"int_uniform", Distribution::IntUniform, Bounds::AsGiven, false},
    {"uniform", Distribution::Uniform, Bounds::AsGiven, false},
    {"q_uniform", Distribution::Uniform, Bounds::AsGiven, true},
    {"log_uniform", Distribution::LogUniform, Bounds::AsGiven, false},
    {"log_uniform_values", Distribution::LogUniform, Bounds::Values, false},
    {"q_log_uniform", Distribution::LogUniform, Bounds::AsGiven, true},
    {"q_log_uniform_values", Distribution::LogUniform, Bounds::Values, true},
    {"inv_log_uniform", Distribution::InvLogUniform, Bounds::AsGiven, false},
    {"inv_log_uniform_values", Distribution::InvLogUniform, Bounds::InverseValues, false},
    {"normal", Distribution::Normal, Bounds::MuSigma, false},
    {"q_normal", Distribution::Normal, Bounds::MuSigma, true},
    {"log_normal", Distribution::LogNormal, Bounds::MuSigma, false},
    {"q_log_normal", Distribution::LogNormal, Bounds::MuSigma, true},
};

/// Integers that a double still tells apart.
constexpr double kLargestInteger = 0x1p53;

[[noreturn]] void fail(const Parameter& parameter, const Node& place, const std::string& why) {
  throw ConfigError((place.mark.file.empty() ? parameter.mark : place.mark).text(),
                    "parameters." + parameter.name + ": " + why);
}

bool is_integer_literal(const Node& node) {
  if (node.kind != Node::Kind::Scalar || node.quoted) return false;
  const std::size_t first = node.scalar.starts_with('-') || node.scalar.starts_with('+') ? 1 : 0;
  return node.scalar.size() > first && std::all_of(node.scalar.begin() + static_cast<std::ptrdiff_t>(first),
                                                   node.scalar.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const Form& find_form(const Parameter& parameter, const Node& section) {
  std::string name;
  const Node* given = section.find("distribution");
  const Node *low = section.find("min"), *high = section.find("max");
  if (given != nullptr)
    name = config::detail::parse_string(*given, "parameters." + parameter.name + ".distribution");
  else if (section.find("value") != nullptr)
    name = "constant";
  else if (section.find("values") != nullptr)
    name = "categorical";
  else if (low != nullptr && high != nullptr)
    name = is_integer_literal(*low) && is_integer_literal(*high) ? "int_uniform" : "uniform";
  else
    fail(parameter, section, "needs 'value', 'values', 'min' and 'max', or a 'distribution'");
  if (name == "beta" || name == "q_beta")
    fail(parameter, *given, "distribution '" + name + "' is not supported; use uniform or log_uniform_values");
  std::vector<std::string> names;
  for (const Form& form : kForms) {
    if (name == form.name) return form;
    names.emplace_back(form.name);
  }
  fail(parameter, *given,
       "unknown distribution '" + core::printable(name) + "'" + core::did_you_mean(name, names) + "; one of " +
           core::join(names, ", "));
}

std::vector<std::string> allowed_keys(const Form& form) {
  std::vector<std::string> keys{"distribution", "when"};
  if (form.family == Distribution::Constant) keys.emplace_back("value");
  if (form.family == Distribution::Categorical) keys.insert(keys.end(), {"values", "probabilities"});
  if (form.bounds == Bounds::MuSigma) keys.insert(keys.end(), {"mu", "sigma"});
  if (form.bounds != Bounds::MuSigma && form.bounds != Bounds::None) keys.insert(keys.end(), {"min", "max"});
  if (form.quantized) keys.emplace_back("q");
  return keys;
}

void refuse_unknown_keys(const Parameter& parameter, const Node& section, const Form& form) {
  const auto allowed = allowed_keys(form);
  for (const auto& [key, value] : section.entries)
    if (std::find(allowed.begin(), allowed.end(), key) == allowed.end())
      fail(parameter, value,
           "'" + core::printable(key) + "' is no key of a " + form.name + " parameter" +
               core::did_you_mean(key, allowed) + "; keys: " + core::join(allowed, ", "));
}

const Node& required(const Parameter& parameter, const Node& section, const char* key) {
  if (const Node* value = section.find(key)) return *value;
  fail(parameter, section, std::string("needs '") + key + "'");
}

double number(const Parameter& parameter, const Node& node, const char* key) {
  return config::detail::parse_number(node, "parameters." + parameter.name + "." + key);
}

double number_or(const Parameter& parameter, const Node& section, const char* key, double otherwise) {
  const Node* node = section.find(key);
  return node == nullptr ? otherwise : number(parameter, *node, key);
}

void read_values(Parameter& parameter, const Node& section, const Form& form) {
  const Node& values = required(parameter, section, "values");
  config::detail::expect_kind(values, Node::Kind::Sequence, "parameters." + parameter.name + ".values");
  if (values.items.empty()) fail(parameter, values, "'values' is empty");
  parameter.values = values.items;
  const Node* probabilities = section.find("probabilities");
  if (probabilities == nullptr) {
    if (form.name == std::string("categorical_w_probabilities")) required(parameter, section, "probabilities");
    return;
  }
  config::detail::expect_kind(*probabilities, Node::Kind::Sequence, "parameters." + parameter.name + ".probabilities");
  double sum = 0;
  for (const Node& item : probabilities->items) {
    parameter.probabilities.push_back(number(parameter, item, "probabilities"));
    if (parameter.probabilities.back() < 0) fail(parameter, item, "a probability cannot be negative");
    sum += parameter.probabilities.back();
  }
  if (parameter.probabilities.size() != parameter.values.size())
    fail(parameter, *probabilities,
         std::to_string(parameter.values.size()) + " values but " + std::to_string(parameter.probabilities.size()) +
             " probabilities");
  if (std::abs(sum - 1) > 1e-6)
    fail(parameter, *probabilities, "the probabilities sum to " + core::format_double(sum) + ", not to 1");
}

void read_min_max(Parameter& parameter, const Node& section, const Form& form) {
  const Node &low = required(parameter, section, "min"), &high = required(parameter, section, "max");
  parameter.low = number(parameter, low, "min");
  parameter.high = number(parameter, high, "max");
  if (parameter.low > parameter.high) fail(parameter, high, "'max' is below 'min'");
  if (parameter.distribution == Distribution::IntUniform) {
    if (!is_integer_literal(low) || !is_integer_literal(high)) fail(parameter, low, "int_uniform needs integers");
    if (std::max(std::abs(parameter.low), std::abs(parameter.high)) > kLargestInteger)
      fail(parameter, low, "the bounds are too large for an integer parameter");
  }
  if (form.bounds == Bounds::Values || form.bounds == Bounds::InverseValues) {
    if (!(parameter.low > 0)) fail(parameter, low, std::string(form.name) + " needs a 'min' above 0");
    parameter.low = std::log(parameter.low);
    parameter.high = std::log(parameter.high);
    if (form.bounds == Bounds::InverseValues) {
      std::swap(parameter.low, parameter.high);
      parameter.low = -parameter.low;
      parameter.high = -parameter.high;
    }
  } else if (parameter.distribution == Distribution::LogUniform ||
             parameter.distribution == Distribution::InvLogUniform) {
    const double sign = parameter.distribution == Distribution::LogUniform ? 1 : -1;
    const double one = std::exp(sign * parameter.low), other = std::exp(sign * parameter.high);
    if (!std::isfinite(one) || !std::isfinite(other))
      fail(parameter, high, std::string(form.name) + ": bounds are exponents, and exp of these overflows");
    core::log_info(parameter.mark.text() + ": parameters." + parameter.name + ": bounds of " + form.name +
                   " are exponents: values lie between " + core::format_double(std::min(one, other)) + " and " +
                   core::format_double(std::max(one, other)) + "; for bounds that are values use " +
                   (form.quantized ? "q_log_uniform_values"
                    : sign > 0     ? "log_uniform_values"
                                   : "inv_log_uniform_values"));
  }
}

void read_condition(Parameter& parameter, const Node& section) {
  const Node* when = section.find("when");
  if (when == nullptr) return;
  config::detail::expect_kind(*when, Node::Kind::Mapping, "parameters." + parameter.name + ".when");
  for (const auto& [other, value] : when->entries) {
    Condition condition{other, value.kind == Node::Kind::Sequence ? value.items : std::vector<Node>{value}};
    if (condition.values.empty()) fail(parameter, value, "'when' lists no value of '" + core::printable(other) + "'");
    parameter.when.push_back(std::move(condition));
  }
}

}  // namespace

Parameter read_parameter(const std::string& name, const Node& section) {
  Parameter parameter;
  parameter.name = name;
  parameter.mark = section.key_mark.file.empty() ? section.mark : section.key_mark;
  if (section.kind != Node::Kind::Mapping)
    fail(parameter, section, "expected {values: [...]}, {value: ...} or {min: ..., max: ...}");
  const Form& form = find_form(parameter, section);
  refuse_unknown_keys(parameter, section, form);
  parameter.distribution = form.family;
  switch (form.bounds) {
    case Bounds::None:
      if (form.family == Distribution::Constant)
        parameter.values = {required(parameter, section, "value")};
      else
        read_values(parameter, section, form);
      break;
    case Bounds::MuSigma:
      parameter.low = number_or(parameter, section, "mu", 0);
      parameter.high = number_or(parameter, section, "sigma", 1);
      if (parameter.high < 0) fail(parameter, section, "'sigma' cannot be negative");
      break;
    default:
      read_min_max(parameter, section, form);
  }
  if (form.quantized) {
    parameter.quantum = number_or(parameter, section, "q", 1);
    if (!(*parameter.quantum > 0)) fail(parameter, section, "'q' must be above 0");
  }
  read_condition(parameter, section);
  return parameter;
}

}  // namespace graftage::sweep
