#include "config/scalar.hpp"
#include "graftage/config/node.hpp"

#include <algorithm>

namespace graftage::config {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Whether YAML reads the text back as one plain scalar, in block and in flow context.
bool is_plain_text(std::string_view text) {
  if (text.empty() || text.starts_with("...") || text.back() == ' ') return false;
  if (!is_letter_or_digit(text[0]) && text[0] != '/' && text[0] != '.') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '/' || c == '.' || c == '-' || c == '+' || c == ' ' || c == '(' || c == ')';
  });
}

/// Whether some YAML reader could take the plain text for a number, a date, a boolean or null.
bool is_ambiguous(std::string_view text) {
  if (detail::is_null_word(text) || detail::as_bool(text) || detail::is_non_finite_word(text)) return true;
  const bool one_letter = text.size() == 1 && (text == "y" || text == "n" || text == "Y" || text == "N");
  const std::size_t digit = text[0] == '.' ? 1 : 0;
  return one_letter || (digit < text.size() && text[digit] >= '0' && text[digit] <= '9');
}

std::string text_of(std::string_view text) {
  return is_plain_text(text) && !is_ambiguous(text) ? std::string(text) : detail::double_quoted(text);
}

std::string scalar_of(const Node& node) {
  if (node.kind == Node::Kind::Null) return "null";
  if (node.quoted) return text_of(node.scalar);
  if (node.scalar.empty()) return "null";
  return is_plain_text(node.scalar) || detail::as_number(node.scalar) ? node.scalar
                                                                      : detail::double_quoted(node.scalar);
}

bool is_leaf(const Node& node) { return node.kind == Node::Kind::Scalar || node.kind == Node::Kind::Null; }

/// "[1, 2]" for a short list of single values, "[]" and "{}" for empty ones; nothing for what needs a block.
std::string inline_of(const Node& node) {
  constexpr std::size_t kWidest = 90;
  if (is_leaf(node)) return scalar_of(node);
  if (node.kind == Node::Kind::Mapping) return node.entries.empty() ? "{}" : "";
  if (!std::all_of(node.items.begin(), node.items.end(), is_leaf)) return "";
  std::string out = "[";
  for (const Node& item : node.items) out += (out.size() > 1 ? ", " : "") + scalar_of(item);
  out += "]";
  return out.size() <= kWidest ? out : "";
}

void write_block(const Node& node, std::size_t indent, std::string& out);

/// The value after "key:" or "-".
void write_value(const Node& value, std::size_t indent, std::string& out) {
  const std::string on_line = inline_of(value);
  if (!on_line.empty()) {
    out += " " + on_line + "\n";
  } else {
    out += "\n";
    write_block(value, indent + 2, out);
  }
}

void write_block(const Node& node, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  for (const auto& [key, value] : node.entries) {
    out += margin + text_of(key) + ":";
    write_value(value, indent, out);
  }
  for (const Node& item : node.items) {
    out += margin + "-";
    if (inline_of(item).empty()) {  // its first line stands beside the dash
      const std::size_t begin = out.size();
      write_block(item, indent + 2, out);
      out.replace(begin, indent + 2, " ");
    } else {
      write_value(item, indent, out);
    }
  }
}

}  // namespace

std::string Node::to_yaml() const {
  const std::string on_line = inline_of(*this);
  if (!on_line.empty()) return on_line + "\n";
  std::string out;
  write_block(*this, 0, out);
  return out;
}

}  // namespace graftage::config
