#include "graftage/config/node.hpp"

#include "config/scalar.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>

namespace graftage::config {

std::string Mark::text() const {
  if (file.empty() || line == 0) return core::printable(file);
  return core::printable(file) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Node Node::from_scalar(std::string text, Mark mark, bool quoted) {
  Node node;
  node.kind = Kind::Scalar;
  node.scalar = std::move(text);
  node.quoted = quoted;
  node.mark = std::move(mark);
  return node;
}

const Node* Node::find(std::string_view key) const {
  if (kind != Kind::Mapping) return nullptr;
  for (const auto& [name, value] : entries)
    if (name == key) return &value;
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

Node& Node::entry(const std::string& key) {
  GRAFTAGE_CHECK(kind == Kind::Mapping || kind == Kind::Null, key);
  kind = Kind::Mapping;
  if (Node* const existing = find(key)) return *existing;
  return entries.emplace_back(key, Node{}).second;
}

namespace {

/// Element of a list, or nullptr if the segment is no index into it.
const Node* find_item(const Node& node, std::string_view segment) {
  if (node.kind != Node::Kind::Sequence) return nullptr;
  const auto index = detail::as_integer(segment);
  if (!index || *index < 0 || static_cast<std::size_t>(*index) >= node.items.size()) return nullptr;
  return &node.items[static_cast<std::size_t>(*index)];
}

/// Longest prefix of the path, ending at a dot or at its end, that names something in `node`.
std::pair<const Node*, std::size_t> find_prefix(const Node& node, std::string_view path) {
  for (std::size_t length = path.size();; length = path.rfind('.', length - 1)) {
    if (length == std::string_view::npos || length == 0) return {nullptr, 0};
    const std::string_view prefix = path.substr(0, length);
    if (const Node* const value = node.find(prefix)) return {value, length};
    if (const Node* const value = find_item(node, prefix)) return {value, length};
  }
}

/// Makes `node` able to hold a key: null becomes an empty mapping, a word the kind of a section.
void make_section(Node& node, std::string_view path) {
  if (node.kind == Node::Kind::Scalar && !detail::as_number(node.scalar) && !detail::as_bool(node.scalar)) {
    Node section;
    section.kind = Node::Kind::Mapping;
    section.mark = node.mark;
    section.key_mark = node.key_mark;
    section.entry("kind") = Node::from_scalar(node.scalar, node.mark, node.quoted);
    node = std::move(section);
  }
  if (node.kind == Node::Kind::Null) node.kind = Node::Kind::Mapping;
  if (node.kind == Node::Kind::Mapping) return;
  const std::string what = node.kind == Node::Kind::Sequence
                               ? "a list of " + std::to_string(node.items.size()) + " (counted from 0)"
                               : "the single value '" + core::printable(node.scalar) + "'";
  throw core::ConfigError(node.mark.text(), "cannot set '" + core::printable(path) + "' inside " + what);
}

}  // namespace

const Node* Node::find_path(std::string_view dotted_path) const {
  const Node* node = this;
  while (node != nullptr && !dotted_path.empty()) {
    const auto [next, length] = find_prefix(*node, dotted_path);
    if (next == nullptr || length == dotted_path.size()) return next;
    dotted_path.remove_prefix(length + 1);
    node = next;
  }
  return nullptr;
}

Node& Node::at_path(std::string_view dotted_path) {
  Node* node = this;
  while (!dotted_path.empty()) {
    auto [found, length] = find_prefix(*node, dotted_path);
    Node* next = const_cast<Node*>(found);
    if (next == nullptr) {
      make_section(*node, dotted_path);
      length = std::min(dotted_path.find('.'), dotted_path.size());
      next = &node->entry(std::string(dotted_path.substr(0, length)));
    }
    node = next;
    dotted_path.remove_prefix(std::min(length + 1, dotted_path.size()));
  }
  return *node;
}

}  // namespace graftage::config
