#pragma once

#include "graftage/core/exit_code.hpp"
#include "graftage/h5/file.hpp"

#include <hdf5.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>

namespace graftage::h5 {

/// Owned HDF5 identifier of any kind.
class Id {
 public:
  Id() = default;
  explicit Id(hid_t id) : id_(id) {}
  ~Id() { reset(); }
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Id& operator=(Id&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, -1);
    }
    return *this;
  }
  [[nodiscard]] hid_t get() const { return id_; }
  [[nodiscard]] explicit operator bool() const { return id_ >= 0; }
  [[nodiscard]] hid_t release() { return std::exchange(id_, -1); }

 private:
  void reset() {
    if (id_ >= 0) H5Idec_ref(id_);
    id_ = -1;
  }
  hid_t id_ = -1;
};

struct File::Handle {
  Id id;
  std::filesystem::path path;
  bool writable = false;
  mutable std::map<std::string, Id> datasets;  ///< opened for reading, kept open: opening costs more than a small read
};

/// Silences the library's own printing and forbids plug-in filters; cheap to repeat.
void prepare_library();

/// The innermost message of the library's error stack, which is cleared; empty if there is none.
[[nodiscard]] std::string take_library_error();

/// IoError of a failed write (74, or as the system's error says), or DataError (65) of a failed read, with the
/// library's text.
[[noreturn]] void throw_write_error(const std::filesystem::path& file, const std::string& object,
                                    const std::string& what, core::ExitCode otherwise = core::ExitCode::IoError);
[[noreturn]] void throw_read_error(const std::filesystem::path& file, const std::string& object,
                                   const std::string& what);

/// Place of an operation, for messages: throws if a result is negative.
struct Writing {
  const std::filesystem::path& file;
  const std::string& object;
  hid_t operator()(hid_t result, const char* what) const {
    if (result < 0) throw_write_error(file, object, what);
    return result;
  }
};
struct Reading {
  const std::filesystem::path& file;
  const std::string& object;
  hid_t operator()(hid_t result, const char* what) const {
    if (result < 0) throw_read_error(file, object, what);
    return result;
  }
};

/// Type of the element in memory (native) or on disk (little endian).
[[nodiscard]] hid_t native_type(ElementType type);
[[nodiscard]] hid_t stored_type(ElementType type);
[[nodiscard]] const char* element_name(ElementType type);
/// Element type of a numeric dataset or attribute. @return false for anything else
[[nodiscard]] bool element_type(hid_t type, ElementType& result);

/// A variable-length UTF-8 string type.
[[nodiscard]] Id text_type();

[[nodiscard]] Id open_dataset(const File::Handle& file, const std::string& dataset);
[[nodiscard]] std::vector<std::uint64_t> shape_of(hid_t dataset, const Reading& reading);
/// Refuses a dataset that claims far more than it stores: a decompression bomb or unwritten storage.
void check_decoded_size(hid_t dataset, std::uint64_t elements, std::size_t element_bytes, const Reading& reading);
/// Creates missing groups above `dataset`, without timestamps.
void create_parents(const File::Handle& file, const std::string& dataset);
/// Dataset creation properties without timestamps. @param row_bytes size of a row on disk
[[nodiscard]] Id creation_properties(const std::vector<std::uint64_t>& shape, std::uint64_t element_bytes,
                                     const Layout& layout, const Writing& writing);

/// Refuses everything that makes reading a file touch another one or load code, or that we never write: soft, external
/// and user-defined links, external storage, virtual layouts, filters other than shuffle, deflate and fletcher32.
void refuse_hostile_features(const File::Handle& file);

}  // namespace graftage::h5
