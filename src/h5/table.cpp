#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "h5/checked.hpp"

#include <cstdlib>
#include <cstring>

namespace graftage::h5 {
namespace {

/// The library refuses checksums on variable-length data; the artifact's digest covers it.
constexpr Layout kUnfiltered{.deflate = 0, .checksum = false, .chunk_bytes = 1};

ColumnKind kind_of(const Column& column) {
  if (!column.text.empty()) return ColumnKind::Text;
  if (!column.integers.empty()) return ColumnKind::Integer;
  if (!column.numbers.empty()) return ColumnKind::Number;
  return column.kind == ColumnKind::Detect ? ColumnKind::Text : column.kind;
}

std::size_t length_of(const Column& column) {
  return column.text.size() + column.integers.size() + column.numbers.size();
}

/// Releases the strings a read left in a buffer.
struct Reclaim {
  hid_t type;
  hid_t space;
  void* buffer;
  ~Reclaim() { H5Dvlen_reclaim(type, space, H5P_DEFAULT, buffer); }
};

hid_t member_type(ColumnKind kind, const Id& text) {
  if (kind == ColumnKind::Text) return text.get();
  return kind == ColumnKind::Integer ? H5T_STD_I64LE : H5T_IEEE_F64LE;
}

std::string as_text(const char* value) { return value == nullptr ? "" : value; }

std::vector<std::string> read_fixed_text(hid_t dataset, hid_t type, std::uint64_t count, const Reading& reading) {
  const std::size_t width = H5Tget_size(type);
  check_decoded_size(dataset, count, width, reading);
  std::string buffer(width * count, '\0');
  reading(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()), "cannot be read");
  std::vector<std::string> values(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const char* start = buffer.data() + i * width;
    values[i].assign(start, ::strnlen(start, width));
  }
  return values;
}

Id memory_text_type(hid_t stored) {
  Id memory = text_type();
  H5Tset_cset(memory.get(), H5Tget_cset(stored));
  return memory;
}

/// Fills one column from a dataset of records, by its position in the record.
Column read_member(hid_t dataset, hid_t record, unsigned member, std::uint64_t count, const Reading& reading) {
  char* raw_name = H5Tget_member_name(record, member);
  Column column{.name = as_text(raw_name)};
  H5free_memory(raw_name);
  const Id stored(reading(H5Tget_member_type(record, member), "a column has no type"));
  const auto single = [&](hid_t type, std::size_t bytes) {
    Id memory(reading(H5Tcreate(H5T_COMPOUND, bytes), "no record type"));
    reading(H5Tinsert(memory.get(), column.name.c_str(), 0, type), "no record type");
    return memory;
  };
  const auto read_into = [&](const Id& memory, void* buffer) {
    if (count > 0) reading(H5Dread(dataset, memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer), "cannot be read");
  };
  switch (H5Tget_class(stored.get())) {
    case H5T_INTEGER: {
      column.kind = ColumnKind::Integer;
      column.integers.resize(count);
      read_into(single(H5T_NATIVE_INT64, sizeof(std::int64_t)), column.integers.data());
      return column;
    }
    case H5T_FLOAT: {
      column.kind = ColumnKind::Number;
      column.numbers.resize(count);
      read_into(single(H5T_NATIVE_DOUBLE, sizeof(double)), column.numbers.data());
      return column;
    }
    case H5T_STRING: {
      column.kind = ColumnKind::Text;
      column.text.resize(count);
      if (H5Tis_variable_str(stored.get()) > 0) {
        const Id memory = single(memory_text_type(stored.get()).get(), sizeof(char*));
        std::vector<char*> pointers(count, nullptr);
        read_into(memory, pointers.data());
        const Id space(H5Dget_space(dataset));
        const Reclaim reclaim{memory.get(), space.get(), pointers.data()};
        for (std::uint64_t i = 0; i < count; ++i) column.text[i] = as_text(pointers[i]);
        return column;
      }
      const std::size_t width = H5Tget_size(stored.get());
      std::string buffer(width * count, '\0');
      read_into(single(stored.get(), width), buffer.data());
      for (std::uint64_t i = 0; i < count; ++i)
        column.text[i].assign(buffer.data() + i * width, ::strnlen(buffer.data() + i * width, width));
      return column;
    }
    default:
      throw core::DataError(reading.file.string(), reading.object,
                            "column '" + core::printable(column.name) + "' is neither text nor number");
  }
}

std::uint64_t length_of_dataset(hid_t dataset, const Reading& reading) {
  const auto shape = shape_of(dataset, reading);
  if (shape.size() != 1) throw core::DataError(reading.file.string(), reading.object, "is not one-dimensional");
  return shape[0];
}

}  // namespace

void File::write_text(const std::string& dataset, const std::vector<std::string>& values) {
  const Writing writing{handle_->path, dataset};
  create_parents(*handle_, dataset);
  const Id type = text_type();
  const hsize_t size = values.size();
  const Id space(writing(H5Screate_simple(1, &size, nullptr), "bad shape"));
  const Id properties = creation_properties({size}, H5Tget_size(type.get()), kUnfiltered, writing);
  const Id id(writing(H5Dcreate2(handle_->id.get(), dataset.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                 properties.get(), H5P_DEFAULT),
                      "dataset cannot be created"));
  if (values.empty()) return;
  std::vector<const char*> pointers;
  for (const auto& value : values) pointers.push_back(value.c_str());
  writing(H5Dwrite(id.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "cannot be written");
}

std::vector<std::string> File::read_text(const std::string& dataset) const {
  const Reading reading{handle_->path, dataset};
  const Id id = open_dataset(*handle_, dataset);
  const std::uint64_t count = length_of_dataset(id.get(), reading);
  const Id stored(reading(H5Dget_type(id.get()), "its type cannot be read"));
  if (H5Tget_class(stored.get()) != H5T_STRING)
    throw core::DataError(path().string(), dataset, "is not a dataset of text");
  if (count == 0) return {};
  if (H5Tis_variable_str(stored.get()) <= 0) return read_fixed_text(id.get(), stored.get(), count, reading);
  check_decoded_size(id.get(), count, H5Tget_size(stored.get()), reading);
  const Id memory = memory_text_type(stored.get());
  std::vector<char*> pointers(count, nullptr);
  reading(H5Dread(id.get(), memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), "cannot be read");
  const Id space(H5Dget_space(id.get()));
  const Reclaim reclaim{memory.get(), space.get(), pointers.data()};
  std::vector<std::string> values;
  values.reserve(count);
  for (const char* pointer : pointers) values.push_back(as_text(pointer));
  return values;
}

void File::write_table(const std::string& dataset, const std::vector<Column>& columns) {
  GRAFTAGE_CHECK(!columns.empty(), dataset);
  const Writing writing{handle_->path, dataset};
  const std::size_t count = length_of(columns.front());
  const Id text = text_type();
  const std::size_t record_bytes = 8 * columns.size();
  static_assert(sizeof(char*) == 8);
  const Id memory(writing(H5Tcreate(H5T_COMPOUND, record_bytes), "no record type"));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    GRAFTAGE_CHECK(length_of(columns[c]) == count, dataset, columns[c].name, length_of(columns[c]), count);
    writing(H5Tinsert(memory.get(), columns[c].name.c_str(), 8 * c, member_type(kind_of(columns[c]), text)),
            "column cannot be added");
  }
  const Id stored(writing(H5Tcopy(memory.get()), "no record type"));
  writing(H5Tpack(stored.get()), "no record type");

  std::vector<std::byte> records(record_bytes * count);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (std::size_t i = 0; i < count; ++i) {
      std::byte* cell = records.data() + i * record_bytes + 8 * c;
      const Column& column = columns[c];
      const char* pointer = column.text.empty() ? nullptr : column.text[i].c_str();
      if (pointer != nullptr)
        std::memcpy(cell, &pointer, 8);
      else if (!column.integers.empty())
        std::memcpy(cell, &column.integers[i], 8);
      else
        std::memcpy(cell, &column.numbers[i], 8);
    }
  }

  create_parents(*handle_, dataset);
  const hsize_t size = count;
  const Id space(writing(H5Screate_simple(1, &size, nullptr), "bad shape"));
  const Id properties = creation_properties({size}, H5Tget_size(stored.get()), kUnfiltered, writing);
  const Id id(writing(H5Dcreate2(handle_->id.get(), dataset.c_str(), stored.get(), space.get(), H5P_DEFAULT,
                                 properties.get(), H5P_DEFAULT),
                      "table cannot be created"));
  if (count > 0)
    writing(H5Dwrite(id.get(), memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, records.data()), "cannot be written");
}

std::vector<Column> File::read_table(const std::string& dataset) const {
  const Reading reading{handle_->path, dataset};
  const Id id = open_dataset(*handle_, dataset);
  const std::uint64_t count = length_of_dataset(id.get(), reading);
  const Id record(reading(H5Dget_type(id.get()), "its type cannot be read"));
  if (H5Tget_class(record.get()) != H5T_COMPOUND) throw core::DataError(path().string(), dataset, "is not a table");
  if (count > 0) check_decoded_size(id.get(), count, H5Tget_size(record.get()), reading);
  const int members = H5Tget_nmembers(record.get());
  reading(members, "its columns cannot be read");
  std::vector<Column> columns;
  for (int m = 0; m < members; ++m)
    columns.push_back(read_member(id.get(), record.get(), static_cast<unsigned>(m), count, reading));
  return columns;
}

}  // namespace graftage::h5
