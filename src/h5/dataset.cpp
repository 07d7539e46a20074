#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "h5/checked.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace graftage::h5 {

template <>
ElementType element_type_of<std::uint8_t>() {
  return ElementType::UInt8;
}
template <>
ElementType element_type_of<std::int8_t>() {
  return ElementType::Int8;
}
template <>
ElementType element_type_of<std::uint16_t>() {
  return ElementType::UInt16;
}
template <>
ElementType element_type_of<std::int16_t>() {
  return ElementType::Int16;
}
template <>
ElementType element_type_of<std::int32_t>() {
  return ElementType::Int32;
}
template <>
ElementType element_type_of<std::uint32_t>() {
  return ElementType::UInt32;
}
template <>
ElementType element_type_of<std::int64_t>() {
  return ElementType::Int64;
}
template <>
ElementType element_type_of<std::uint64_t>() {
  return ElementType::UInt64;
}
template <>
ElementType element_type_of<float>() {
  return ElementType::Float32;
}
template <>
ElementType element_type_of<double>() {
  return ElementType::Float64;
}

Id open_dataset(const File::Handle& file, const std::string& dataset) {
  if (const auto found = file.datasets.find(dataset); found != file.datasets.end()) {
    H5Iinc_ref(found->second.get());
    return Id(found->second.get());
  }
  Id id(H5Dopen2(file.id.get(), dataset.c_str(), H5P_DEFAULT));
  if (!id) {
    H5Eclear2(H5E_DEFAULT);
    throw core::DataError(file.path.string(), core::printable(dataset),
                          "dataset is missing; the file is incomplete or of another kind");
  }
  if (!file.writable) {
    H5Iinc_ref(id.get());
    file.datasets.emplace(dataset, Id(id.get()));
  }
  return id;
}

std::vector<std::uint64_t> shape_of(hid_t dataset, const Reading& reading) {
  const Id space(reading(H5Dget_space(dataset), "its shape cannot be read"));
  const int rank = H5Sget_simple_extent_ndims(space.get());
  reading(rank, "its shape cannot be read");
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  if (rank > 0) reading(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr), "its shape cannot be read");
  return {shape.begin(), shape.end()};
}

void create_parents(const File::Handle& file, const std::string& dataset) {
  const Writing writing{file.path, dataset};
  const Id creation(H5Pcreate(H5P_GROUP_CREATE));
  H5Pset_obj_track_times(creation.get(), false);
  for (auto slash = dataset.find('/', 1); slash != std::string::npos; slash = dataset.find('/', slash + 1)) {
    const std::string group = dataset.substr(0, slash);
    if (H5Lexists(file.id.get(), group.c_str(), H5P_DEFAULT) > 0) continue;
    const Id id(writing(H5Gcreate2(file.id.get(), group.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                        "group cannot be created"));
  }
}

Id creation_properties(const std::vector<std::uint64_t>& shape, std::uint64_t element_bytes, const Layout& layout,
                       const Writing& writing) {
  Id properties(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_obj_track_times(properties.get(), false);
  std::uint64_t row_bytes = element_bytes;
  for (std::size_t d = 1; d < shape.size(); ++d) row_bytes *= shape[d];
  const bool plain = layout.deflate == 0 && !layout.checksum;
  if (plain || shape.empty() || shape[0] == 0 || row_bytes == 0) return properties;
  std::vector<hsize_t> chunk(shape.begin(), shape.end());
  chunk[0] = std::clamp<std::uint64_t>(layout.chunk_bytes / row_bytes, 1, shape[0]);
  writing(H5Pset_chunk(properties.get(), static_cast<int>(chunk.size()), chunk.data()), "chunks cannot be set");
  if (layout.deflate > 0) {
    writing(H5Pset_shuffle(properties.get()), "shuffle cannot be set");
    writing(H5Pset_deflate(properties.get(), static_cast<unsigned>(layout.deflate)), "deflate cannot be set");
  }
  if (layout.checksum) writing(H5Pset_fletcher32(properties.get()), "fletcher32 cannot be set");
  return properties;
}

namespace {

/// True if every value of the stored type is a value of T.
template <class T>
bool always_fits(ElementType stored) {
  const bool stored_float = stored == ElementType::Float32 || stored == ElementType::Float64;
  const std::size_t bytes = element_bytes(stored);
  if constexpr (std::is_floating_point_v<T>) {
    return !stored_float || bytes <= sizeof(T);
  } else {
    if (stored_float) return false;
    const bool stored_signed = stored == ElementType::Int8 || stored == ElementType::Int16 ||
                               stored == ElementType::Int32 || stored == ElementType::Int64;
    if (stored_signed == std::is_signed_v<T>) return bytes <= sizeof(T);
    return !stored_signed && bytes < sizeof(T);
  }
}

template <class T>
bool fits(T value, ElementType stored) {
  const auto in = [value](auto limit) {
    using Limit = decltype(limit);
    if constexpr (std::is_integral_v<T>)
      return std::in_range<Limit>(value);
    else
      return false;
  };
  switch (stored) {
    case ElementType::UInt8:
      return in(std::uint8_t{});
    case ElementType::Int8:
      return in(std::int8_t{});
    case ElementType::UInt16:
      return in(std::uint16_t{});
    case ElementType::Int16:
      return in(std::int16_t{});
    case ElementType::Int32:
      return in(std::int32_t{});
    case ElementType::UInt32:
      return in(std::uint32_t{});
    case ElementType::Int64:
      return in(std::int64_t{});
    case ElementType::UInt64:
      return in(std::uint64_t{});
    case ElementType::Float32:
    case ElementType::Float64:
      return true;
  }
  return false;
}

struct Selection {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> shape;
};

/// Reads rows whose every value fits into M.
template <class M>
std::vector<M> read_selection(hid_t dataset, const Selection& rows, const Reading& reading) {
  std::uint64_t row_size = 1;
  for (std::size_t d = 1; d < rows.shape.size(); ++d) row_size *= rows.shape[d];
  check_decoded_size(dataset, rows.count * row_size, sizeof(M), reading);
  std::vector<M> values(rows.count * row_size);
  if (values.empty()) return values;
  const hid_t memory_type = native_type(element_type_of<M>());
  if (rows.shape.empty() || rows.count == rows.shape[0]) {
    reading(H5Dread(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "cannot be read");
    return values;
  }
  std::vector<hsize_t> start(rows.shape.size(), 0);
  std::vector<hsize_t> count(rows.shape.begin(), rows.shape.end());
  start[0] = rows.first;
  count[0] = rows.count;
  const Id space(reading(H5Dget_space(dataset), "its shape cannot be read"));
  reading(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
          "rows cannot be selected");
  const Id memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
  reading(H5Dread(dataset, memory_type, memory.get(), space.get(), H5P_DEFAULT, values.data()), "cannot be read");
  return values;
}

template <class T, class M>
std::vector<T> narrow(const std::vector<M>& wide, const Reading& reading) {
  std::vector<T> values;
  values.reserve(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (!fits(wide[i], element_type_of<T>()))
      throw core::DataError(reading.file.string(), reading.object,
                            "element " + std::to_string(i) + " is " + std::to_string(wide[i]) +
                                ", outside the range of " + element_name(element_type_of<T>()));
    values.push_back(static_cast<T>(wide[i]));
  }
  return values;
}

template <class T>
std::vector<T> read_as(hid_t dataset, const Selection& rows, const Reading& reading) {
  const Id type(reading(H5Dget_type(dataset), "its type cannot be read"));
  ElementType stored{};
  if (!element_type(type.get(), stored))
    throw core::DataError(reading.file.string(), reading.object, "is not a dataset of numbers");
  if (always_fits<T>(stored)) return read_selection<T>(dataset, rows, reading);
  if constexpr (std::is_floating_point_v<T>) {
    return read_selection<T>(dataset, rows, reading);
  } else {
    if (stored == ElementType::Float32 || stored == ElementType::Float64)
      throw core::DataError(reading.file.string(), reading.object, "holds real numbers where integers are expected");
    if (stored == ElementType::UInt64) return narrow<T>(read_selection<std::uint64_t>(dataset, rows, reading), reading);
    return narrow<T>(read_selection<std::int64_t>(dataset, rows, reading), reading);
  }
}

}  // namespace

template <class T>
void File::write(const std::string& dataset, std::span<const T> values, const std::vector<std::uint64_t>& shape,
                 ElementType stored, const Layout& layout) {
  std::uint64_t elements = 1;
  for (const auto size : shape) elements *= size;
  GRAFTAGE_CHECK(elements == values.size(), dataset, elements, values.size());
  for (const T value : values) GRAFTAGE_CHECK(fits(value, stored), dataset, +value, element_name(stored));
  const Writing writing{handle_->path, dataset};
  create_parents(*handle_, dataset);
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  const Id space(writing(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), "bad shape"));
  const Id properties = creation_properties(shape, element_bytes(stored), layout, writing);
  const Id id(writing(H5Dcreate2(handle_->id.get(), dataset.c_str(), stored_type(stored), space.get(), H5P_DEFAULT,
                                 properties.get(), H5P_DEFAULT),
                      "dataset cannot be created"));
  if (values.empty()) return;
  writing(H5Dwrite(id.get(), native_type(element_type_of<T>()), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
          "cannot be written");
}

template <class T>
std::vector<T> File::read(const std::string& dataset) const {
  const Reading reading{handle_->path, dataset};
  const Id id = open_dataset(*handle_, dataset);
  Selection rows{0, 1, shape_of(id.get(), reading)};
  if (!rows.shape.empty()) rows.count = rows.shape[0];
  return read_as<T>(id.get(), rows, reading);
}

template <class T>
std::vector<T> File::read_rows(const std::string& dataset, std::uint64_t first, std::uint64_t count) const {
  const Reading reading{handle_->path, dataset};
  const Id id = open_dataset(*handle_, dataset);
  const Selection rows{first, count, shape_of(id.get(), reading)};
  if (rows.shape.empty() || first > rows.shape[0] || count > rows.shape[0] - first)
    throw core::DataError(path().string(), dataset,
                          "rows " + std::to_string(first) + " to " + std::to_string(first + count) + " of " +
                              std::to_string(rows.shape.empty() ? 0 : rows.shape[0]) +
                              " are not there; it is incomplete");
  return read_as<T>(id.get(), rows, reading);
}

#define GRAFTAGE_INSTANTIATE(T)                                                                                        \
  template void File::write<T>(const std::string&, std::span<const T>, const std::vector<std::uint64_t>&, ElementType, \
                               const Layout&);                                                                         \
  template std::vector<T> File::read<T>(const std::string&) const;                                                     \
  template std::vector<T> File::read_rows<T>(const std::string&, std::uint64_t, std::uint64_t) const;
GRAFTAGE_INSTANTIATE(std::uint8_t)
GRAFTAGE_INSTANTIATE(std::int8_t)
GRAFTAGE_INSTANTIATE(std::uint16_t)
GRAFTAGE_INSTANTIATE(std::int16_t)
GRAFTAGE_INSTANTIATE(std::int32_t)
GRAFTAGE_INSTANTIATE(std::uint32_t)
GRAFTAGE_INSTANTIATE(std::int64_t)
GRAFTAGE_INSTANTIATE(std::uint64_t)
GRAFTAGE_INSTANTIATE(float)
GRAFTAGE_INSTANTIATE(double)
#undef GRAFTAGE_INSTANTIATE

}  // namespace graftage::h5
