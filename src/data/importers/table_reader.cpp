#include "data/importers/table_reader.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace graftage::data {
namespace {

constexpr std::size_t kMaximumField = 1u << 20;
constexpr int kEnd = -1;

bool is_blank(int c) { return c == ' ' || c == '\t'; }

}  // namespace

/// Bytes of a plain or gzip file; zlib passes plain files through.
struct TableReader::Stream {
  gzFile file = nullptr;
  std::array<unsigned char, 1u << 16> buffer{};
  std::size_t position = 0;
  std::size_t filled = 0;
  const char* problem = nullptr;

  explicit Stream(const std::filesystem::path& path) : file(gzopen(path.c_str(), "rb")) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (file != nullptr) gzclose(file);
  }
  int peek() {
    if (position == filled && !refill()) return kEnd;
    return buffer[position];
  }
  int take() {
    const int c = peek();
    if (c != kEnd) ++position;
    return c;
  }

 private:
  bool refill() {
    const int count = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()));
    int code = Z_OK;
    gzerror(file, &code);
    if (count < 0 || code == Z_BUF_ERROR) problem = "the compressed file is truncated or damaged";
    position = 0;
    filled = count > 0 ? static_cast<std::size_t>(count) : 0;
    return count > 0;
  }
};

TableReader::TableReader(std::filesystem::path file, TableFormat format) : file_(std::move(file)), format_(format) {
  if (!std::filesystem::exists(file_)) throw core::MissingInput(file_.string(), "check the path in the configuration");
  if (!std::filesystem::is_regular_file(file_))
    throw core::DataError(file_.string(), "", "is not a regular file; expected a text table");
  stream_ = std::make_unique<Stream>(file_);
  if (stream_->file == nullptr)
    throw core::IoError(file_.string() + " cannot be opened; check its permissions", core::ExitCode::Permission);
  for (const int mark : {0xef, 0xbb, 0xbf}) {  // byte order mark of UTF-8
    if (stream_->peek() != mark) break;
    stream_->take();
  }
  if (!format_.header) return;
  if (!read_row(header_)) throw core::DataError(file_.string(), "", "is empty; expected a header line");
  for (auto& name : header_) name = std::string(core::trim(name));
}

TableReader::~TableReader() = default;

void TableReader::fail(const std::string& problem) const {
  throw core::DataError(file_.string(), "line " + std::to_string(row_line_), problem);
}

std::size_t TableReader::column(const std::string& name, const std::string& place) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found != header_.end()) return static_cast<std::size_t>(found - header_.begin());
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool is_index = error == std::errc{} && end == name.data() + name.size() && !name.empty();
  if (is_index && (header_.empty() || index < header_.size())) return index;
  if (!format_.header)
    throw core::DataError(
        file_.string(), place,
        "column '" + core::printable(name) + "' has no meaning in a file without header; give the 0-based index");
  throw core::DataError(file_.string(), place,
                        "column '" + core::printable(name) + "' is not in " + file_.filename().string() +
                            core::did_you_mean(name, header_) +
                            "; columns: " + core::printable(core::join(header_, ", ")));
}

bool TableReader::next(std::vector<std::string>& fields) {
  if (!read_row(fields)) return false;
  ++row_;
  return true;
}

/// The rest of a quoted field, its closing quote included.
void TableReader::read_quoted(std::string& field) {
  for (;;) {
    const int c = stream_->take();
    if (c == kEnd) fail("a quoted field has no closing quote");
    if (c == '\n') ++line_;
    if (c == '"') {
      if (stream_->peek() != '"') return;
      stream_->take();
    }
    if (field.size() >= kMaximumField) fail("a field is longer than 1 MiB; is a quote missing?");
    field.push_back(static_cast<char>(c));
  }
}

bool TableReader::read_row(std::vector<std::string>& fields) {
  fields.clear();
  const bool blanks = format_.delimiter == ' ';
  while (stream_->peek() == '\n' || stream_->peek() == '\r' || (blanks && is_blank(stream_->peek())))
    if (stream_->take() == '\n') ++line_;
  row_line_ = line_;
  if (stream_->peek() == kEnd) {
    if (stream_->problem != nullptr) fail(stream_->problem);
    return false;
  }
  fields.emplace_back();
  for (;;) {
    const int c = stream_->take();
    if (c == kEnd && stream_->problem != nullptr) fail(stream_->problem);
    if (c == kEnd || c == '\n') {
      if (c == '\n') ++line_;
      if (blanks && fields.back().empty() && fields.size() > 1) fields.pop_back();
      return true;
    }
    if (c == '\r' && (stream_->peek() == '\n' || stream_->peek() == kEnd)) continue;
    if (c == '\0') fail("holds a zero byte; is this a text file?");
    if (blanks ? is_blank(c) : c == format_.delimiter) {
      if (!blanks || !fields.back().empty()) fields.emplace_back();
    } else if (c == '"' && !blanks && fields.back().empty()) {
      read_quoted(fields.back());
    } else {
      if (fields.back().size() >= kMaximumField) fail("a field is longer than 1 MiB; is this a text file?");
      fields.back().push_back(static_cast<char>(c));
    }
  }
}

char detect_delimiter(const std::filesystem::path& file) {
  std::filesystem::path name = file;
  if (name.extension() == ".gz") name = name.stem();
  if (name.extension() == ".smi") return ' ';
  std::vector<std::string> fields;
  TableReader reader(file, {.delimiter = ',', .header = false});
  if (!reader.next(fields)) return ',';
  const bool has_tab = fields.size() == 1 && fields[0].find('\t') != std::string::npos;
  return has_tab ? '\t' : ',';
}

}  // namespace graftage::data
