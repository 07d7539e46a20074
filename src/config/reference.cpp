#include "graftage/config/reference.hpp"

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

std::string code(const std::string& text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

}  // namespace

std::string reference_markdown(const std::string& title, const std::vector<FieldInfo>& fields) {
  std::string out = "## " + title + "\n\n";
  if (fields.empty()) return out + "No fields.\n";
  out += "| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
  for (const FieldInfo& field : fields)
    out += "| " + code(field.path) + " | " + cell(field.type) + " | " + code(field.default_value) + " | " +
           cell(field.constraint) + " | " + cell(field.description) + " |\n";
  return out;
}

}  // namespace graftage::config
