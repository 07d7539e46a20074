#pragma once

#include "graftage/config/node.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// One `visit_fields(V&, Struct&)` per configuration struct serves reading, dumping, bounds and the generated
/// reference.
///
///   struct OptimizerConfig { double lr = 1e-3; };
///   template <class V> void visit_fields(V& visit, OptimizerConfig& c) {
///     visit("lr", c.lr, config::greater_than(0.0), "step size of Adam");
///   }
///   auto c = config::read<OptimizerConfig>(node);          // throws ConfigError for unknown keys, types, bounds
///   config::Node resolved = config::dump(c);               // every field, in declaration order
///
/// Field types: bool, int64_t, double, std::string, std::filesystem::path, enums with an `enum_names` overload,
/// std::vector<T>, std::optional<T>, std::map<std::string, T>, nested structs with visit_fields, and Node (kept as it
/// is).
namespace graftage::config {

/// Bounds of a number, of a string's length or of each element of a list; printed in messages and in the reference ("in
/// [0, 1]").
struct Constraint {
  std::optional<double> minimum;
  std::optional<double> maximum;
  bool minimum_open = false;
  bool maximum_open = false;
  bool required = false;  ///< the key must be present
  [[nodiscard]] bool allows(double value) const;
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] inline Constraint any() { return {}; }
[[nodiscard]] inline Constraint required() { return {.minimum = {}, .maximum = {}, .required = true}; }
[[nodiscard]] inline Constraint in_range(double low, double high) { return {.minimum = low, .maximum = high}; }
[[nodiscard]] inline Constraint at_least(double low) { return {.minimum = low, .maximum = {}}; }
[[nodiscard]] inline Constraint greater_than(double low) {
  return {.minimum = low, .maximum = {}, .minimum_open = true};
}

/// Names of an enum's values, in order of the enumerators: `std::vector<std::string> enum_names(const MyEnum*)`,
/// found by argument-dependent lookup beside the enum.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires {
  enum_names(static_cast<const T*>(nullptr));
};

/// Describes one field for `graftage config`-like references and for sweep axes.
struct FieldInfo {
  std::string path;  ///< dotted
  std::string type;  ///< "integer", "number", "string", "boolean", "list", "section", or "one of a b"
  std::string default_value;
  std::string constraint;
  std::string description;
};

class FieldReader;
class FieldWriter;

namespace detail {
bool parse_bool(const Node&, const std::string& path);
std::int64_t parse_integer(const Node&, const std::string& path);
double parse_number(const Node&, const std::string& path);
std::string parse_string(const Node&, const std::string& path);
std::size_t parse_choice(const Node&, const std::string& path, const std::vector<std::string>& names);
void check_bounds(double value, const Constraint&, const Node&, const std::string& path);
void expect_kind(const Node&, Node::Kind, const std::string& path);
std::string format_number(double value);
[[noreturn]] void integer_out_of_range(const Node&, const std::string& path, const std::string& low,
                                       const std::string& high);
[[noreturn]] void missing_key(const Node& mapping, const std::string& path, const std::string& description);
[[noreturn]] void unknown_key(const Node& value, const std::string& path, const std::string& key,
                              const std::vector<std::string>& allowed);
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_string_map : std::false_type {};
template <class T>
struct is_string_map<std::map<std::string, T>> : std::true_type {};
}  // namespace detail

/// Fills a struct from a mapping; `finish` refuses keys that no field claimed.
class FieldReader {
 public:
  /// @pre mapping is a mapping or null, and outlives the reader
  FieldReader(const Node& mapping, std::string path);

  template <class T>
  void operator()(const char* name, T& field, const Constraint& constraint, const char* description) {
    allowed_.emplace_back(name);
    const Node* value = mapping_.find(name);
    if (value == nullptr) {
      if (constraint.required) detail::missing_key(mapping_, join(name), description);
      return;
    }
    read_value(*value, field, constraint, join(name));
  }

  /// @throws ConfigError for the first key that is not a field, with the nearest field name
  void finish() const;

  template <class T>
  static void read_value(const Node& value, T& field, const Constraint& constraint, const std::string& path);

 private:
  [[nodiscard]] std::string join(const char* name) const { return path_.empty() ? name : path_ + "." + name; }
  const Node& mapping_;
  std::string path_;
  std::vector<std::string> allowed_;
};

/// Writes every field of a struct to a mapping.
class FieldWriter {
 public:
  template <class T>
  void operator()(const char* name, T& field, const Constraint&, const char*) {
    Node value;
    if (write_value(field, value)) result.entries.emplace_back(name, std::move(value));
  }
  template <class T>
  static bool write_value(T& field, Node& out);
  Node result{.kind = Node::Kind::Mapping, .scalar = {}, .quoted = false, .items = {}, .entries = {}, .mark = {}};
};

/// Collects FieldInfo of every field, nested structs included.
class FieldLister {
 public:
  explicit FieldLister(std::string prefix = "") : prefix_(std::move(prefix)) {}
  template <class T>
  void operator()(const char* name, T& field, const Constraint& constraint, const char* description);
  std::vector<FieldInfo> fields;

 private:
  std::string prefix_;
};

template <class T>
void FieldReader::read_value(const Node& value, T& field, const Constraint& constraint, const std::string& path) {
  if constexpr (std::is_same_v<T, Node>) {
    field = value;
  } else if constexpr (std::is_same_v<T, bool>) {
    field = detail::parse_bool(value, path);
  } else if constexpr (std::is_integral_v<T>) {
    const std::int64_t integer = detail::parse_integer(value, path);
    if (!std::in_range<T>(integer))
      detail::integer_out_of_range(value, path, std::to_string(std::numeric_limits<T>::min()),
                                   std::to_string(std::numeric_limits<T>::max()));
    field = static_cast<T>(integer);
    detail::check_bounds(static_cast<double>(field), constraint, value, path);
  } else if constexpr (std::is_floating_point_v<T>) {
    field = detail::parse_number(value, path);
    detail::check_bounds(field, constraint, value, path);
  } else if constexpr (std::is_same_v<T, std::string>) {
    field = detail::parse_string(value, path);
    detail::check_bounds(static_cast<double>(field.size()), constraint, value, path);
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    field = detail::parse_string(value, path);
  } else if constexpr (NamedEnum<T>) {
    field = static_cast<T>(detail::parse_choice(value, path, enum_names(static_cast<const T*>(nullptr))));
  } else if constexpr (detail::is_optional<T>::value) {
    if (value.kind == Node::Kind::Null) {
      field.reset();
    } else {
      typename T::value_type inner{};
      read_value(value, inner, constraint, path);
      field = std::move(inner);
    }
  } else if constexpr (detail::is_vector<T>::value) {
    detail::expect_kind(value, Node::Kind::Sequence, path);
    field.clear();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      typename T::value_type inner{};
      read_value(value.items[i], inner, constraint, path + "[" + std::to_string(i) + "]");
      field.push_back(std::move(inner));
    }
  } else if constexpr (detail::is_string_map<T>::value) {
    detail::expect_kind(value, Node::Kind::Mapping, path);
    field.clear();
    for (const auto& [key, item] : value.entries) read_value(item, field[key], constraint, path + "." + key);
  } else {
    // A section with nothing below it ("train:") keeps its defaults.
    if (value.kind != Node::Kind::Null) detail::expect_kind(value, Node::Kind::Mapping, path);
    FieldReader nested(value, path);
    visit_fields(nested, field);
    nested.finish();
  }
}

template <class T>
bool FieldWriter::write_value(T& field, Node& out) {
  if constexpr (std::is_same_v<T, Node>) {
    out = field;
  } else if constexpr (std::is_same_v<T, bool>) {
    out = Node::from_scalar(field ? "true" : "false");
  } else if constexpr (std::is_integral_v<T>) {
    out = Node::from_scalar(std::to_string(field));
  } else if constexpr (std::is_floating_point_v<T>) {
    out = Node::from_scalar(detail::format_number(field));
  } else if constexpr (std::is_same_v<T, std::string>) {
    out = Node::from_scalar(field, {}, true);
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    out = Node::from_scalar(field.string(), {}, true);
  } else if constexpr (NamedEnum<T>) {
    out = Node::from_scalar(enum_names(static_cast<const T*>(nullptr)).at(static_cast<std::size_t>(field)), {}, true);
  } else if constexpr (detail::is_optional<T>::value) {
    return field.has_value() && write_value(*field, out);
  } else if constexpr (detail::is_vector<T>::value) {
    out.kind = Node::Kind::Sequence;
    for (auto& item : field) write_value(item, out.items.emplace_back());
  } else if constexpr (detail::is_string_map<T>::value) {
    out.kind = Node::Kind::Mapping;
    for (auto& [key, item] : field) write_value(item, out.entry(key));
  } else {
    FieldWriter nested;
    visit_fields(nested, field);
    out = std::move(nested.result);
  }
  return true;
}

template <class T>
void FieldLister::operator()(const char* name, T& field, const Constraint& constraint, const char* description) {
  const std::string path = prefix_.empty() ? name : prefix_ + "." + name;
  Node value;
  const bool present = FieldWriter::write_value(field, value);
  FieldInfo info{path, "", present ? value.to_json() : "", constraint.text(), description};
  if constexpr (std::is_same_v<T, bool>)
    info.type = "boolean";
  else if constexpr (std::is_integral_v<T>)
    info.type = "integer";
  else if constexpr (std::is_floating_point_v<T>)
    info.type = "number";
  else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::filesystem::path>)
    info.type = "string";
  else if constexpr (NamedEnum<T>) {
    info.type = "one of";
    for (const auto& choice : enum_names(static_cast<const T*>(nullptr))) info.type += " " + choice;
  } else if constexpr (detail::is_vector<T>::value)
    info.type = "list";
  else
    info.type = "section";
  constexpr bool nested_struct = std::is_class_v<T> && requires(FieldLister & lister, T & section) {
    visit_fields(lister, section);
  };
  if constexpr (nested_struct) {
    info.default_value.clear();
    fields.push_back(info);
    FieldLister nested(path);
    visit_fields(nested, field);
    fields.insert(fields.end(), nested.fields.begin(), nested.fields.end());
  } else {
    fields.push_back(info);
  }
}

/// Reads a whole struct; absent keys keep their defaults. @throws ConfigError
template <class T>
[[nodiscard]] T read(const Node& node, const std::string& path = "") {
  T result{};
  FieldReader::read_value(node, result, any(), path);
  return result;
}

/// Every field of a struct as a mapping, defaults included.
template <class T>
[[nodiscard]] Node dump(T value) {
  FieldWriter writer;
  visit_fields(writer, value);
  return std::move(writer.result);
}

}  // namespace graftage::config
