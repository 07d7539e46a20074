#include "graftage/report/table.hpp"

#include "graftage/core/text.hpp"

#include <gtest/gtest.h>

using graftage::report::display_width;
using graftage::report::kTerminalWidth;
using graftage::report::Table;

namespace {

std::vector<std::string> lines_of(const std::string& text) { return graftage::core::split(text, '\n'); }

}  // namespace

TEST(Table, AlignsByDisplayWidth) {
  const Table table{.title = "T",
                    .columns = {"name", "value"},
                    .rows = {{"é", "1.0 ± 0.5"}, {"xyz", "–"}},
                    .notes = {},
                    .key_columns = 1};

  EXPECT_EQ(table.to_terminal(),
            "T\n\n"
            "name      value\n"
            "───────────────\n"
            "é     1.0 ± 0.5\n"
            "xyz           –\n");
  EXPECT_EQ(display_width("65.8 ± 4.5"), 10u);
  EXPECT_EQ(display_width("分子"), 4u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u);
}

TEST(Table, HeadersMayHaveTwoLines) {
  const Table table{
      .title = "", .columns = {"a", "nav\nmeasured"}, .rows = {{"x", "1"}}, .notes = {}, .key_columns = 1};

  EXPECT_EQ(lines_of(table.to_terminal())[0], "a       nav");
  EXPECT_EQ(lines_of(table.to_terminal())[1], "   measured");
}

TEST(Table, NeverExceedsTheTerminal) {
  Table table{.title = "", .columns = {"encoder", "method"}, .rows = {{std::string(80, 'e'), "gpf"}}, .notes = {}};
  for (int i = 0; i < 20; ++i) {
    table.columns.push_back("column " + std::to_string(i));
    table.rows[0].push_back("65.8 ± 4.5");
  }
  table.notes = {std::string("a long note ") + std::string(400, 'x') + " and " + std::string(30, 'y')};

  const auto lines = lines_of(table.to_terminal());

  std::size_t seen = 0;
  for (const auto& line : lines) {
    EXPECT_LE(display_width(line), line.find("xxx") == std::string::npos ? kTerminalWidth : 402) << line;
    for (int i = 0; i < 20; ++i)
      seen += line.find("column " + std::to_string(i) + " ") != std::string::npos ||
                      line.ends_with("column " + std::to_string(i))
                  ? 1
                  : 0;
  }
  EXPECT_EQ(seen, 20u);
  EXPECT_NE(table.to_terminal().find("…"), std::string::npos);
}

TEST(Table, CsvIsSafeForSpreadsheets) {
  const Table table{
      .title = "", .columns = {"a", "b"}, .rows = {{"=cmd()", "-0.5"}, {"x,\"y\"", "+z"}, {"@a", "a\nb"}}, .notes = {}};

  EXPECT_EQ(table.to_csv(), "a,b\r\n\"'=cmd()\",-0.5\r\n\"x,\"\"y\"\"\",\"'+z\"\r\n\"'@a\",a?b\r\n");
}

TEST(Table, MarkdownEscapesItsSigns) {
  const Table table{.title = "A|B", .columns = {"n"}, .rows = {{"a|b<c>"}}, .notes = {"p < 0.05"}, .key_columns = 1};

  EXPECT_EQ(table.to_markdown(), "## A\\|B\n\n| n |\n| --- |\n| a\\|b\\<c\\> |\n\n- p \\< 0.05\n");
}

TEST(Table, ForeignTextCannotDriveTheTerminal) {
  const Table table{.title = "\x1b[2J", .columns = {"n"}, .rows = {{"a\x1b[31mb"}}, .notes = {}, .key_columns = 1};

  EXPECT_EQ(table.to_terminal().find('\x1b'), std::string::npos);
}
