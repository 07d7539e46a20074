#include "graftage/config/fields.hpp"

#include "config/scalar.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>
#include <cmath>

namespace graftage::config {

using core::ConfigError;

bool Constraint::allows(double value) const {
  if (minimum && (minimum_open ? !(value > *minimum) : !(value >= *minimum))) return false;
  if (maximum && (maximum_open ? !(value < *maximum) : !(value <= *maximum))) return false;
  return true;
}

std::string Constraint::text() const {
  std::string bounds;
  if (minimum && maximum)
    bounds = std::string("in ") + (minimum_open ? "(" : "[") + core::format_double(*minimum) + ", " +
             core::format_double(*maximum) + (maximum_open ? ")" : "]");
  else if (minimum)
    bounds = (minimum_open ? "> " : ">= ") + core::format_double(*minimum);
  else if (maximum)
    bounds = (maximum_open ? "< " : "<= ") + core::format_double(*maximum);
  if (!required) return bounds;
  return bounds.empty() ? "required" : "required, " + bounds;
}

FieldReader::FieldReader(const Node& mapping, std::string path) : mapping_(mapping), path_(std::move(path)) {
  GRAFTAGE_CHECK(mapping.kind == Node::Kind::Mapping || mapping.kind == Node::Kind::Null, path_);
}

void FieldReader::finish() const {
  for (const auto& [key, value] : mapping_.entries)
    if (std::find(allowed_.begin(), allowed_.end(), key) == allowed_.end())
      detail::unknown_key(value, path_, key, allowed_);
}

namespace detail {

namespace {

/// The value as a message shows it.
std::string shown(const Node& value) {
  constexpr std::size_t kLongest = 60;
  switch (value.kind) {
    case Node::Kind::Null:
      return "nothing";
    case Node::Kind::Sequence:
      return "a list";
    case Node::Kind::Mapping:
      return "a section";
    case Node::Kind::Scalar:
      break;
  }
  const std::string text = core::printable(value.scalar.substr(0, kLongest));
  return (value.quoted ? "the text '" : "'") + text + (value.scalar.size() > kLongest ? "...'" : "'");
}

[[noreturn]] void wrong_type(const Node& value, const std::string& path, const std::string& expected) {
  throw ConfigError(value.mark.text(),
                    (path.empty() ? "" : path + ": ") + "expected " + expected + ", got " + shown(value));
}

bool is_plain(const Node& value) { return value.kind == Node::Kind::Scalar && !value.quoted; }

}  // namespace

bool parse_bool(const Node& value, const std::string& path) {
  const auto parsed = is_plain(value) ? as_bool(value.scalar) : std::nullopt;
  if (!parsed) wrong_type(value, path, "true or false");
  return *parsed;
}

std::int64_t parse_integer(const Node& value, const std::string& path) {
  if (!is_plain(value)) wrong_type(value, path, "an integer");
  if (const auto integer = as_integer(value.scalar)) return *integer;
  // 1e5 and 200.0 are integers, too; beyond 2^53 a double does not know which one.
  const auto number = as_number(value.scalar);
  if (!number || std::trunc(*number) != *number) wrong_type(value, path, "an integer (digits only)");
  if (std::abs(*number) > 0x1p53)
    throw ConfigError(value.mark.text(), path + ": the integer " + shown(value) + " is too large");
  return static_cast<std::int64_t>(*number);
}

double parse_number(const Node& value, const std::string& path) {
  if (!is_plain(value)) wrong_type(value, path, "a number");
  if (const auto number = as_number(value.scalar)) return *number;
  if (is_non_finite_word(value.scalar)) wrong_type(value, path, "a finite number");
  wrong_type(value, path, "a number such as 0.5 or 1e-3 that fits a double");
}

std::string parse_string(const Node& value, const std::string& path) {
  if (value.kind != Node::Kind::Scalar) wrong_type(value, path, "a text");
  return value.scalar;
}

std::size_t parse_choice(const Node& value, const std::string& path, const std::vector<std::string>& names) {
  if (value.kind != Node::Kind::Scalar) wrong_type(value, path, "one of " + core::join(names, ", "));
  const auto found = std::find(names.begin(), names.end(), value.scalar);
  if (found == names.end())
    throw ConfigError(value.mark.text(), path + ": unknown value " + shown(value) +
                                             core::did_you_mean(value.scalar, names) + "; one of " +
                                             core::join(names, ", "));
  return static_cast<std::size_t>(found - names.begin());
}

void check_bounds(double value, const Constraint& constraint, const Node& node, const std::string& path) {
  if (constraint.allows(value)) return;
  Constraint bounds = constraint;
  bounds.required = false;
  const bool is_text = node.quoted || !as_number(node.scalar);
  throw ConfigError(node.mark.text(),
                    path + ": " + (is_text ? "the length of " : "") + shown(node) + " must be " + bounds.text());
}

void expect_kind(const Node& value, Node::Kind kind, const std::string& path) {
  if (value.kind == kind) return;
  switch (kind) {
    case Node::Kind::Sequence:
      wrong_type(value, path, "a list such as [a, b]");
    case Node::Kind::Mapping:
      wrong_type(value, path, "a section with 'key: value' lines");
    case Node::Kind::Scalar:
      wrong_type(value, path, "a single value");
    case Node::Kind::Null:
      wrong_type(value, path, "nothing");
  }
}

std::string format_number(double value) {
  GRAFTAGE_CHECK(std::isfinite(value), value);
  return core::format_double(value);
}

void integer_out_of_range(const Node& value, const std::string& path, const std::string& low, const std::string& high) {
  throw ConfigError(value.mark.text(), path + ": " + shown(value) + " must be in [" + low + ", " + high + "]");
}

void missing_key(const Node& mapping, const std::string& path, const std::string& description) {
  constexpr std::size_t kMostShown = 8;
  std::vector<std::string> present;
  for (const auto& entry : mapping.entries) present.push_back(core::printable(entry.first));
  std::string hint;
  const std::string misspelt = core::nearest_match(path.substr(path.rfind('.') + 1), present);
  if (present.size() > kMostShown) present.resize(kMostShown), present.emplace_back("...");
  if (!misspelt.empty())
    hint = " (is '" + misspelt + "' meant as this?)";
  else if (!present.empty())
    hint = "; the keys here are " + core::join(present, ", ");
  throw ConfigError(mapping.mark.text(), path + ": this key is required: " + description + hint);
}

void unknown_key(const Node& value, const std::string& path, const std::string& key,
                 const std::vector<std::string>& allowed) {
  const Mark& mark = value.key_mark.file.empty() ? value.mark : value.key_mark;
  const std::string full = path.empty() ? key : path + "." + key;
  throw ConfigError(mark.text(), core::printable(full) + ": unknown key" + core::did_you_mean(key, allowed) +
                                     (allowed.empty() ? "; nothing is allowed here"
                                                      : "; allowed here: " + core::join(allowed, ", ")));
}

}  // namespace detail

}  // namespace graftage::config
