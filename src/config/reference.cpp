#include "graftage/config/reference.hpp"

#include <algorithm>

namespace graftage::config {

namespace {

/// Text that stays in its cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

/// What a key holds. A section without keys or a default is a value that may be absent.
std::string type_of(const FieldInfo& field, const std::vector<FieldInfo>& fields) {
  const auto is_inside = [&](const FieldInfo& other) { return other.path.starts_with(field.path + "."); };
  const bool is_section =
      field.type == "section" && (!field.default_value.empty() || std::any_of(fields.begin(), fields.end(), is_inside));
  return field.type == "section" && !is_section ? "optional value" : field.type;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

}  // namespace

std::string reference_markdown(const std::string& title, const std::vector<FieldInfo>& fields) {
  std::string out = "## " + title + "\n\n";
  if (fields.empty()) return out + "No fields.\n";
  out += "| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
  for (const FieldInfo& field : fields)
    out += "| " + code(field.path) + " | " + cell(type_of(field, fields)) + " | " + code(field.default_value) + " | " +
           cell(field.constraint) + " | " + cell(field.description) + " |\n";
  return out;
}

}  // namespace graftage::config
