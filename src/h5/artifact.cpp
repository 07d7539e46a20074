#include "graftage/h5/artifact.hpp"

#include "graftage/core/build_info.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "h5/checked.hpp"

#include <algorithm>
#include <cstring>

namespace graftage::h5 {
namespace {

constexpr std::uint64_t kDigestBlockBytes = 4u << 20;

/// Attributes that are not content.
bool is_volatile(const std::string& name) { return name == "created_utc" || name == "content_sha256"; }

void add_number(core::Sha256& digest, std::uint64_t value) { digest.update(std::as_bytes(std::span(&value, 1))); }

void add_text(core::Sha256& digest, const std::string& text) {
  add_number(digest, text.size());
  digest.update(text);
}

std::vector<std::string> attribute_names(const File& file, const std::string& object) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  const Reading reading{file.path(), object};
  hsize_t position = 0;
  reading(H5Aiterate_by_name(file.handle().id.get(), object.c_str(), H5_INDEX_NAME, H5_ITER_INC, &position, collect,
                             &names, H5P_DEFAULT),
          "its attributes cannot be listed");
  std::sort(names.begin(), names.end());
  return names;
}

void add_attributes(core::Sha256& digest, const File& file, const std::string& object) {
  for (const auto& name : attribute_names(file, object)) {
    if (object == "/" && is_volatile(name)) continue;
    const Id attribute(H5Aopen_by_name(file.handle().id.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT));
    const Id type(H5Aget_type(attribute.get()));
    add_text(digest, "attribute");
    add_text(digest, name);
    if (H5Tget_class(type.get()) == H5T_STRING) {
      add_text(digest, file.attribute_text(object, name));
    } else if (H5Tget_class(type.get()) == H5T_INTEGER) {
      add_number(digest, static_cast<std::uint64_t>(file.attribute_integer(object, name)));
    } else {
      const double value = file.attribute_number(object, name);
      digest.update(std::as_bytes(std::span(&value, 1)));
    }
  }
}

template <class T>
void add_numbers(core::Sha256& digest, const File& file, const DatasetInfo& info) {
  std::uint64_t row_bytes = sizeof(T);
  for (std::size_t d = 1; d < info.shape.size(); ++d) row_bytes *= info.shape[d];
  if (info.shape.empty()) {
    const auto values = file.read<T>(info.path);
    digest.update(std::as_bytes(std::span(values)));
    return;
  }
  const std::uint64_t block = std::max<std::uint64_t>(1, kDigestBlockBytes / std::max<std::uint64_t>(1, row_bytes));
  for (std::uint64_t row = 0; row < info.shape[0]; row += block) {
    const auto values = file.read_rows<T>(info.path, row, std::min(block, info.shape[0] - row));
    digest.update(std::as_bytes(std::span(values)));
  }
}

void add_table(core::Sha256& digest, const File& file, const std::string& path) {
  for (const auto& column : file.read_table(path)) {
    add_text(digest, column.name);
    add_number(digest, static_cast<std::uint64_t>(column.kind));
    for (const auto& text : column.text) add_text(digest, text);
    digest.update(std::as_bytes(std::span(column.integers)));
    digest.update(std::as_bytes(std::span(column.numbers)));
  }
}

void add_values(core::Sha256& digest, const File& file, const DatasetInfo& info) {
  if (info.type == "string") {
    for (const auto& text : file.read_text(info.path)) add_text(digest, text);
  } else if (info.type == "compound") {
    add_table(digest, file, info.path);
  } else if (info.type == "uint8") {
    add_numbers<std::uint8_t>(digest, file, info);
  } else if (info.type == "int8") {
    add_numbers<std::int8_t>(digest, file, info);
  } else if (info.type == "uint16") {
    add_numbers<std::uint16_t>(digest, file, info);
  } else if (info.type == "int16") {
    add_numbers<std::int16_t>(digest, file, info);
  } else if (info.type == "uint32") {
    add_numbers<std::uint32_t>(digest, file, info);
  } else if (info.type == "int32") {
    add_numbers<std::int32_t>(digest, file, info);
  } else if (info.type == "uint64") {
    add_numbers<std::uint64_t>(digest, file, info);
  } else if (info.type == "int64") {
    add_numbers<std::int64_t>(digest, file, info);
  } else if (info.type == "float32") {
    add_numbers<float>(digest, file, info);
  } else if (info.type == "float64") {
    add_numbers<double>(digest, file, info);
  } else {
    throw core::DataError(file.path().string(), info.path, "has a type graftage does not write");
  }
}

/// Every group, the root excepted, in path order.
std::vector<std::string> group_paths(const File& file) {
  std::vector<std::string> paths;
  const auto collect = [](hid_t start, const char* name, const H5L_info_t*, void* out) -> herr_t {
    const Id object(H5Oopen(start, name, H5P_DEFAULT));
    if (H5Iget_type(object.get()) == H5I_GROUP)
      static_cast<std::vector<std::string>*>(out)->push_back(std::string("/") + name);
    return 0;
  };
  H5Lvisit(file.handle().id.get(), H5_INDEX_NAME, H5_ITER_INC, collect, &paths);
  std::sort(paths.begin(), paths.end());
  return paths;
}

int major_of(const std::string& version) { return std::atoi(version.c_str()); }

void check_format(const File& file, const std::string& expected_format) {
  const std::string path = file.path().string();
  if (!file.has_attribute("/", "format") || !file.has_attribute("/", "format_version"))
    throw core::DataError(path, "/@format", "is not a file of graftage; expected " + expected_format);
  const std::string format = file.attribute_text("/", "format");
  if (format != expected_format)
    throw core::DataError(path, "/@format",
                          "is a " + core::printable(format) + " file where " + expected_format + " is expected");
  const std::string version = file.attribute_text("/", "format_version");
  if (major_of(version) > major_of(kFormatVersion))
    throw core::DataError(
        path, "/@format_version",
        "has format version " + core::printable(version) + ", newer than " + kFormatVersion + "; use a newer graftage");
}

}  // namespace

core::Publish prepare_artifact(const std::filesystem::path& target, const std::string& format,
                               const std::string& format_version, const std::string& provenance_json,
                               const std::function<void(File&)>& fill) {
  std::string digest;
  const auto write = [&](const std::filesystem::path& temporary) {
    File file = File::create(temporary);
    fill(file);
    file.set_attribute("/", "format", format);
    file.set_attribute("/", "format_version", format_version);
    file.set_attribute("/", "creator", std::string("graftage"));
    file.set_attribute("/", "creator_version", core::build_info().version);
    file.set_attribute("/", "provenance", provenance_json);
    digest = compute_content_digest(file);
    file.set_attribute("/", "content_sha256", digest);
    file.close();
  };
  const auto verify = [&](const std::filesystem::path& temporary) {
    const File file = open_verified(temporary, format);
    if (read_header(file).content_sha256 != digest)
      throw core::IoError(target.string() + ": what was read back differs from what was written; check the disk");
  };
  return core::prepare_file(target, write, verify);
}

void commit_artifact(const std::filesystem::path& target, const std::string& format, const std::string& format_version,
                     const std::string& provenance_json, const std::function<void(File&)>& fill) {
  prepare_artifact(target, format, format_version, provenance_json, fill)();
}

File open_artifact(const std::filesystem::path& path, const std::string& expected_format) {
  File file = File::open(path);
  check_format(file, expected_format);
  return file;
}

ArtifactHeader read_header(const File& file) {
  const auto text = [&file](const char* name) {
    return file.has_attribute("/", name) ? file.attribute_text("/", name) : std::string();
  };
  return {text("format"),          text("format_version"), text("creator"),
          text("creator_version"), text("content_sha256"), text("provenance")};
}

std::string compute_content_digest(const File& file) {
  core::Sha256 digest;
  add_attributes(digest, file, "/");
  for (const auto& path : group_paths(file)) {
    add_text(digest, "group");
    add_text(digest, path);
    add_attributes(digest, file, path);
  }
  for (const auto& info : file.datasets()) {
    add_text(digest, "dataset");
    add_text(digest, info.path);
    add_text(digest, info.type);
    add_number(digest, info.shape.size());
    for (const auto size : info.shape) add_number(digest, size);
    add_attributes(digest, file, info.path);
    add_values(digest, file, info);
  }
  return digest.hex();
}

File open_verified(const std::filesystem::path& path, const std::string& expected_format) {
  File file = open_artifact(path, expected_format);
  const std::string recorded = read_header(file).content_sha256;
  const std::string computed = compute_content_digest(file);
  if (recorded != computed)
    throw core::DataError(path.string(), "/@content_sha256",
                          "recorded digest " + core::printable(recorded.substr(0, 12)) +
                              " differs from the content's " + computed.substr(0, 12) +
                              "; the file was changed or damaged: create it again");
  return file;
}

}  // namespace graftage::h5
