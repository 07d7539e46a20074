#include "config/scalar.hpp"
#include "graftage/config/load.hpp"
#include "graftage/config/node.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <nlohmann/json.hpp>

namespace graftage::config {

namespace {

constexpr int kDeepestNesting = 64;

std::string json_scalar(const Node& node) {
  if (node.quoted) return detail::double_quoted(node.scalar);
  if (detail::is_null_word(node.scalar)) return "null";
  if (const auto boolean = detail::as_core_bool(node.scalar)) return *boolean ? "true" : "false";
  if (const auto integer = detail::as_integer(node.scalar)) return std::to_string(*integer);
  if (const auto number = detail::as_number(node.scalar)) return core::format_double(*number);
  return detail::double_quoted(node.scalar);
}

void write_json(const Node& node, std::string& out) {
  const char* separator = "";
  switch (node.kind) {
    case Node::Kind::Null:
      out += "null";
      return;
    case Node::Kind::Scalar:
      out += json_scalar(node);
      return;
    case Node::Kind::Sequence:
      out += '[';
      for (const Node& item : node.items) {
        out += separator;
        write_json(item, out);
        separator = ",";
      }
      out += ']';
      return;
    case Node::Kind::Mapping:
      out += '{';
      for (const auto& [key, value] : node.entries) {
        out += separator + detail::double_quoted(key) + ":";
        write_json(value, out);
        separator = ",";
      }
      out += '}';
      return;
  }
}

using Json = nlohmann::ordered_json;

Node to_node(const Json& value, int depth) {
  if (depth > kDeepestNesting) throw core::ConfigError("", "JSON is nested deeper than 64 levels");
  Node node;
  switch (value.type()) {
    case Json::value_t::object:
      node.kind = Node::Kind::Mapping;
      for (const auto& [key, item] : value.items()) node.entries.emplace_back(key, to_node(item, depth + 1));
      return node;
    case Json::value_t::array:
      node.kind = Node::Kind::Sequence;
      for (const auto& item : value) node.items.push_back(to_node(item, depth + 1));
      return node;
    case Json::value_t::string:
      return Node::from_scalar(value.get<std::string>(), {}, true);
    case Json::value_t::number_float:
      return Node::from_scalar(core::format_double(value.get<double>()));
    case Json::value_t::null:
      return node;
    default:
      return Node::from_scalar(value.dump());  // integers and booleans
  }
}

}  // namespace

std::string Node::to_json() const {
  std::string out;
  write_json(*this, out);
  return out;
}

Node from_json(const std::string& json) {
  try {
    return to_node(Json::parse(json), 0);
  } catch (const Json::exception& error) {
    throw core::ConfigError("", std::string("not valid JSON: ") + core::printable(error.what()));
  }
}

}  // namespace graftage::config
