#include "config/scalar.hpp"

#include <charconv>
#include <cmath>

namespace graftage::config::detail {

namespace {

/// Whether `text` is `word` in lower, upper or title case.
bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  bool all_lower = true, all_upper = true, title = true;
  for (std::size_t i = 0; i < word.size(); ++i) {
    all_lower = all_lower && text[i] == word[i];
    all_upper = all_upper && text[i] == upper(word[i]);
    title = title && text[i] == (i == 0 ? upper(word[i]) : word[i]);
  }
  return all_lower || all_upper || title;
}

/// Without a leading plus, which from_chars does not know.
std::string_view unsigned_plus(std::string_view text) {
  return text.size() > 1 && text[0] == '+' && text[1] != '-' ? text.substr(1) : text;
}

}  // namespace

bool is_null_word(std::string_view text) { return text.empty() || text == "~" || is_word(text, "null"); }

std::optional<bool> as_core_bool(std::string_view text) {
  if (is_word(text, "true")) return true;
  if (is_word(text, "false")) return false;
  return std::nullopt;
}

std::optional<bool> as_bool(std::string_view text) {
  if (is_word(text, "yes") || is_word(text, "on")) return true;
  if (is_word(text, "no") || is_word(text, "off")) return false;
  return as_core_bool(text);
}

std::optional<std::int64_t> as_integer(std::string_view text) {
  const std::string_view digits = unsigned_plus(text);
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<double> as_number(std::string_view text) {
  const std::string_view digits = unsigned_plus(text);
  double value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::general);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_non_finite_word(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (!text.empty() && text[0] == '.') text.remove_prefix(1);
  return is_word(text, "inf") || is_word(text, "nan") || text == "NaN" || is_word(text, "infinity");
}

std::string double_quoted(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (byte < 0x20 || byte == 0x7f)
      out += {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
    else
      out += c;
  }
  return out + '"';
}

}  // namespace graftage::config::detail
