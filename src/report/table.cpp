#include "graftage/report/table.hpp"

#include "graftage/core/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace graftage::report {

namespace {

constexpr std::size_t kLongestKey = 34;
constexpr const char* kGap = "  ";

struct Range {
  std::uint32_t first, last;
};
/// Characters that take two columns (East Asian wide, emoji) and none (combining marks, joiners).
constexpr Range kWide[] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                           {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
constexpr Range kNarrow[] = {{0x300, 0x36f}, {0x200b, 0x200f}, {0xfe00, 0xfe0f}};

template <std::size_t N>
bool is_in(const Range (&ranges)[N], std::uint32_t character) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& range) { return character >= range.first && character <= range.last; });
}

/// Calls visit(character, position) for each character of a UTF-8 text; a broken byte counts as one character.
template <class F>
void for_each_character(const std::string& text, F visit) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 1;
    length = std::min(length, text.size() - i);
    std::uint32_t character = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k)
      character = character << 6 | (static_cast<unsigned char>(text[i + k]) & 63u);
    visit(character, i);
    i += length;
  }
}

std::size_t width_of(std::uint32_t character) {
  return is_in(kNarrow, character) ? 0 : is_in(kWide, character) ? 2 : 1;
}

/// At most `width` columns; a longer text ends in an ellipsis.
std::string shorten(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t used = 0, end = 0;
  bool fits = true;
  for_each_character(text, [&](std::uint32_t character, std::size_t position) {
    fits = fits && used + width_of(character) <= width - 1;
    if (!fits) return;
    used += width_of(character);
    end = position + 1;
  });
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
  return text.substr(0, end) + "…";
}

std::string pad(const std::string& text, std::size_t width, bool left_aligned) {
  const std::string blanks(width - std::min(width, display_width(text)), ' ');
  return left_aligned ? text + blanks : blanks + text;
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string header_line(const std::string& column, std::size_t line) {
  const auto lines = core::split(column, '\n');
  return line < lines.size() ? lines[line] : "";
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// A table with its widths, of which some columns are printed.
class Block {
 public:
  explicit Block(const Table& table) : table_(table) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      std::size_t width = 0;
      for (std::size_t line = 0; line < 2; ++line)
        width = std::max(width, display_width(header_line(table.columns[c], line)));
      for (const auto& row : table.rows) width = std::max(width, display_width(cell(row, c)));
      widths_.push_back(width);
    }
  }

  /// Column numbers of each block: key columns and as many others as fit.
  [[nodiscard]] std::vector<std::vector<std::size_t>> cut() const {
    std::vector<std::size_t> keys;
    std::size_t key_width = 0;
    for (std::size_t c = 0; c < std::min(table_.key_columns, widths_.size()); ++c) {
      keys.push_back(c);
      key_width += widths_[c] + 2;
    }
    std::vector<std::vector<std::size_t>> blocks{keys};
    std::size_t used = key_width;
    for (std::size_t c = keys.size(); c < widths_.size(); ++c) {
      if (used + widths_[c] > kTerminalWidth && blocks.back().size() > keys.size()) {
        blocks.push_back(keys);
        used = key_width;
      }
      blocks.back().push_back(c);
      used += widths_[c] + 2;
    }
    return blocks;
  }

  [[nodiscard]] std::string print(const std::vector<std::size_t>& columns) const {
    std::string text;
    for (std::size_t line = 0; line < 2; ++line) {
      std::string header;
      for (const std::size_t c : columns)
        header += pad(header_line(table_.columns[c], line), widths_[c], is_key(c)) + kGap;
      if (header.find_first_not_of(' ') != std::string::npos) text += without_trailing_blanks(header);
    }
    std::size_t total = 0;
    for (const std::size_t c : columns) total += widths_[c] + 2;
    for (std::size_t i = 2; i < total; ++i) text += "─";
    text += "\n";
    for (const auto& row : table_.rows) {
      std::string line;
      for (const std::size_t c : columns) line += pad(cell(row, c), widths_[c], is_key(c)) + kGap;
      text += without_trailing_blanks(line);
    }
    return text;
  }

 private:
  [[nodiscard]] bool is_key(std::size_t column) const { return column < table_.key_columns; }
  [[nodiscard]] std::string cell(const std::vector<std::string>& row, std::size_t column) const {
    const std::string text = core::printable(row.at(column));
    return is_key(column) ? shorten(text, kLongestKey) : text;
  }
  const Table& table_;
  std::vector<std::size_t> widths_;
};

/// Breaks a note into lines of the terminal's width.
std::string wrap(const std::string& note) {
  std::string text, line;
  for (const auto& word : core::split(core::printable(note), ' ')) {
    if (!line.empty() && display_width(line) + 1 + display_width(word) > kTerminalWidth - 2) {
      text += "  " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return text + "  " + line + "\n";
}

bool is_number(const std::string& text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

std::string csv_field(const std::string& text) {
  std::string field = core::printable(text);
  if (!field.empty() && std::string("=+-@").find(field[0]) != std::string::npos && !is_number(field))
    field.insert(0, "'");
  if (field.find_first_of(",\"'; ") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string markdown_cell(const std::string& text) {
  std::string cell;
  for (const char c : core::printable(text))
    cell += (std::string("|\\`*_<>[]").find(c) != std::string::npos ? "\\" : "") + std::string(1, c);
  return cell;
}

}  // namespace

std::size_t display_width(const std::string& text) {
  std::size_t width = 0;
  for_each_character(text, [&](std::uint32_t character, std::size_t) { width += width_of(character); });
  return width;
}

std::string Table::to_terminal() const {
  std::string text = title.empty() ? "" : core::printable(title) + "\n\n";
  const Block block(*this);
  const auto blocks = block.cut();
  for (std::size_t b = 0; b < blocks.size(); ++b) text += (b > 0 ? "\n" : "") + block.print(blocks[b]);
  if (!notes.empty()) text += "\n";
  for (const auto& note : notes) text += wrap(note);
  return text;
}

std::string Table::to_csv() const {
  const auto line = [](const std::vector<std::string>& cells) {
    std::vector<std::string> fields;
    for (const auto& cell : cells) fields.push_back(csv_field(cell));
    return core::join(fields, ",") + "\r\n";
  };
  std::vector<std::string> header;
  for (const auto& column : columns) header.push_back(one_line(column));
  std::string text = line(header);
  for (const auto& row : rows) text += line(row);
  return text;
}

std::string Table::to_markdown() const {
  std::string text = title.empty() ? "" : "## " + markdown_cell(title) + "\n\n";
  text += "|";
  for (const auto& column : columns) text += " " + markdown_cell(one_line(column)) + " |";
  text += "\n|";
  for (std::size_t c = 0; c < columns.size(); ++c) text += c < key_columns ? " --- |" : " ---: |";
  text += "\n";
  for (const auto& row : rows) {
    text += "|";
    for (const auto& cell : row) text += " " + markdown_cell(cell) + " |";
    text += "\n";
  }
  if (!notes.empty()) text += "\n";
  for (const auto& note : notes) text += "- " + markdown_cell(note) + "\n";
  return text;
}

}  // namespace graftage::report
