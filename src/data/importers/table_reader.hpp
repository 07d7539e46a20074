#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace graftage::data {

/// How a text table is written.
struct TableFormat {
  char delimiter = ',';  ///< ',' or '\t' with RFC 4180 quotes; ' ' = runs of blanks, no quotes
  bool header = true;
};

/// Guesses the delimiter of a file from its name and first line.
[[nodiscard]] char detect_delimiter(const std::filesystem::path& file);

/// Streams the rows of a CSV, TSV or blank-separated table, gzip-compressed or not. Blank lines are passed over; quoted
/// fields may hold delimiters, doubled quotes and line ends. @throws MissingInput, DataError with the line
class TableReader {
 public:
  TableReader(std::filesystem::path file, TableFormat format);
  ~TableReader();
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  /// Names of the header; empty without one.
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  /// Position of a column given by name or 0-based index. @param place what names it, for the message
  [[nodiscard]] std::size_t column(const std::string& name, const std::string& place) const;
  /// Next row, or false at the end.
  bool next(std::vector<std::string>& fields);
  /// 1-based number of the data row returned last.
  [[nodiscard]] std::int64_t row() const { return row_; }
  /// 1-based line on which that row began.
  [[nodiscard]] std::int64_t line() const { return row_line_; }

 private:
  struct Stream;
  bool read_row(std::vector<std::string>& fields);
  void read_quoted(std::string& field);
  [[noreturn]] void fail(const std::string& problem) const;
  std::filesystem::path file_;
  TableFormat format_;
  std::unique_ptr<Stream> stream_;
  std::vector<std::string> header_;
  std::int64_t row_ = 0;
  std::int64_t line_ = 1;
  std::int64_t row_line_ = 0;
};

}  // namespace graftage::data
