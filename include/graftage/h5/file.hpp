#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace graftage::h5 {

/// Element types of graftage's datasets; compact storage is chosen by the writer and converted on reading.
enum class ElementType { UInt8, Int8, UInt16, Int16, Int32, UInt32, Int64, UInt64, Float32, Float64 };
[[nodiscard]] std::size_t element_bytes(ElementType type);
template <class T>
ElementType element_type_of();  // specialised for the ten C++ types

struct DatasetInfo {
  std::string path;
  std::vector<std::uint64_t> shape;
  std::string type;            ///< "uint8", "float32", "string", "compound"
  std::uint64_t stored_bytes;  ///< on disk, compressed
};

/// How a dataset is laid out. Chunks hold whole rows, about `chunk_bytes` each; shuffle + deflate + fletcher32.
/// deflate 0 with checksum false gives a contiguous dataset.
struct Layout {
  int deflate = 1;
  bool checksum = true;
  std::uint64_t chunk_bytes = 1u << 20;
};

enum class ColumnKind { Detect, Text, Integer, Number };

/// One column of a compound table: exactly one of the vectors is used.
struct Column {
  std::string name{};
  std::vector<std::string> text{};
  std::vector<std::int64_t> integers{};
  std::vector<double> numbers{};
  ColumnKind kind = ColumnKind::Detect;  ///< set on reading; on writing it gives a column of an empty table its type
};

/// Version of the HDF5 library in use, "1.10.8".
[[nodiscard]] std::string library_version();

/// True if the linked library locks itself, so that this module may be called on several threads, each with files of
/// its own. Otherwise one thread of a process calls it at a time.
[[nodiscard]] bool is_thread_safe();

/// An HDF5 file, opened read-only or created; every failure is an Error that names file and dataset.
///
/// Files are byte-reproducible (no timestamps, fixed library versions V18..V110) and hostile-safe on reading: external
/// links and storage, virtual datasets, soft links, user-defined links and plug-in filters are refused. No locks on
/// read-only files; best-effort locks on written ones. Creating goes to the path given: wrap it in core::commit_file.
class File {
 public:
  struct Handle;  ///< the library's identifiers; known inside h5 only
  static File create(const std::filesystem::path& path);
  /// @throws MissingInput, DataError (not HDF5, truncated, hostile feature)
  static File open(const std::filesystem::path& path);
  ~File();
  File(File&&) noexcept;
  File& operator=(File&&) noexcept;

  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] bool contains(const std::string& object_path) const;
  [[nodiscard]] std::vector<std::string> children(const std::string& group_path) const;  ///< names, in name order
  [[nodiscard]] std::vector<DatasetInfo> datasets() const;                               ///< all, in path order
  [[nodiscard]] DatasetInfo info(const std::string& dataset) const;

  // Attributes of the root or of any object ("/" is the root).
  void set_attribute(const std::string& object, const std::string& name, const std::string& value);
  void set_attribute(const std::string& object, const std::string& name, std::int64_t value);
  void set_attribute(const std::string& object, const std::string& name, double value);
  [[nodiscard]] bool has_attribute(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::string attribute_text(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::int64_t attribute_integer(const std::string& object, const std::string& name) const;
  [[nodiscard]] double attribute_number(const std::string& object, const std::string& name) const;

  /// Writes a dataset of shape [values.size() / row_size, row_size] (1-D if shape has one entry); parents are created.
  /// @param stored  element type on disk; values must fit
  template <class T>
  void write(const std::string& dataset, std::span<const T> values, const std::vector<std::uint64_t>& shape,
             ElementType stored = element_type_of<T>(), const Layout& layout = {});
  /// UTF-8 strings, variable length.
  void write_text(const std::string& dataset, const std::vector<std::string>& values);
  /// One-dimensional compound dataset; all columns have the same length.
  void write_table(const std::string& dataset, const std::vector<Column>& columns);

  /// All elements, converted to T. @throws DataError
  template <class T>
  [[nodiscard]] std::vector<T> read(const std::string& dataset) const;
  /// Rows [first, first + count) along dimension 0, row-major.
  template <class T>
  [[nodiscard]] std::vector<T> read_rows(const std::string& dataset, std::uint64_t first, std::uint64_t count) const;
  [[nodiscard]] std::vector<std::string> read_text(const std::string& dataset) const;
  [[nodiscard]] std::vector<Column> read_table(const std::string& dataset) const;

  /// Flushes and closes; the destructor does so too but cannot report failures.
  void close();

  [[nodiscard]] const Handle& handle() const { return *handle_; }

 private:
  explicit File(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace graftage::h5
