#include "graftage/h5/file.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "h5/checked.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace graftage::h5 {
namespace {

constexpr std::size_t kChunkSlots = 31;
constexpr std::size_t kChunkCacheBytes = 64u << 10;
constexpr const char* kRemedy = "copy or create it again";

/// Cheap look before the library sees a foreign file: a regular file with HDF5's signature.
void check_signature(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw core::MissingInput(path.string(), "check the path or create it first");
  if (!std::filesystem::is_regular_file(status))
    throw core::DataError(path.string(), "", "is not a regular file; expected an HDF5 file");
  if (::access(path.c_str(), R_OK) != 0)
    throw core::IoError(path.string() + " cannot be read: permission denied", core::ExitCode::Permission);
  const htri_t is_hdf5 = H5Fis_hdf5(path.c_str());
  if (is_hdf5 <= 0) {
    H5Eclear2(H5E_DEFAULT);
    throw core::DataError(path.string(), "", std::string("is not an HDF5 file; ") + kRemedy);
  }
}

Id access_properties() {
  Id properties(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(properties.get(), H5F_LIBVER_V18, H5F_LIBVER_V110);
  H5Pset_fclose_degree(properties.get(), H5F_CLOSE_STRONG);
  // Few decoded chunks per open dataset: callers keep what they want to keep.
  H5Pset_cache(properties.get(), 0, kChunkSlots, kChunkCacheBytes, 1.0);
  return properties;
}

}  // namespace

std::string library_version() {
  prepare_library();
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

bool is_thread_safe() {
  prepare_library();
  hbool_t answer = false;
  return H5is_library_threadsafe(&answer) >= 0 && answer;
}

File::File(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
File::~File() = default;
File::File(File&&) noexcept = default;
File& File::operator=(File&&) noexcept = default;

File File::create(const std::filesystem::path& path) {
  prepare_library();
  const Id access = access_properties();
  H5Pset_file_locking(access.get(), true, true);
  const Id creation(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_obj_track_times(creation.get(), false);
  auto handle = std::make_unique<Handle>();
  handle->path = path;
  handle->writable = true;
  handle->id = Id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
  if (!handle->id) throw_write_error(path, "", "cannot be created", core::ExitCode::CannotCreate);
  return File(std::move(handle));
}

File File::open(const std::filesystem::path& path) {
  prepare_library();
  check_signature(path);
  const Id access = access_properties();
  H5Pset_file_locking(access.get(), false, true);
  auto handle = std::make_unique<Handle>();
  handle->path = path;
  handle->id = Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()));
  if (!handle->id) {
    const std::string text = take_library_error();
    const bool truncated = text.find("truncated") != std::string::npos || text.find("eof") != std::string::npos;
    throw core::DataError(path.string(), "",
                          std::string(truncated ? "is truncated" : "is damaged") + " (HDF5: " + text + "); " + kRemedy);
  }
  refuse_hostile_features(*handle);
  return File(std::move(handle));
}

const std::filesystem::path& File::path() const { return handle_->path; }

bool File::contains(const std::string& object_path) const {
  if (object_path.empty() || object_path == "/") return true;
  // H5Lexists wants every ancestor to exist.
  std::string prefix;
  for (const auto& part : core::split(object_path, '/')) {
    if (part.empty()) continue;
    prefix += "/" + part;
    if (H5Lexists(handle_->id.get(), prefix.c_str(), H5P_DEFAULT) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      return false;
    }
  }
  return true;
}

std::vector<std::string> File::children(const std::string& group_path) const {
  const Reading reading{handle_->path, group_path};
  const Id group(reading(H5Gopen2(handle_->id.get(), group_path.c_str(), H5P_DEFAULT), "no such group"));
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  reading(H5Literate(group.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names), "cannot be listed");
  return names;
}

std::vector<DatasetInfo> File::datasets() const {
  std::vector<std::string> paths;
  const auto collect = [](hid_t group, const char* name, const H5L_info_t*, void* out) -> herr_t {
    const Id object(H5Oopen(group, name, H5P_DEFAULT));
    if (H5Iget_type(object.get()) == H5I_DATASET)
      static_cast<std::vector<std::string>*>(out)->push_back(std::string("/") + name);
    return 0;
  };
  const Reading reading{handle_->path, "/"};
  reading(H5Lvisit(handle_->id.get(), H5_INDEX_NAME, H5_ITER_INC, collect, &paths), "cannot be listed");
  std::sort(paths.begin(), paths.end());
  std::vector<DatasetInfo> result;
  for (const auto& path : paths) result.push_back(info(path));
  return result;
}

DatasetInfo File::info(const std::string& dataset) const {
  const Reading reading{handle_->path, dataset};
  const Id id = open_dataset(*handle_, dataset);
  const Id type(reading(H5Dget_type(id.get()), "its type cannot be read"));
  ElementType element{};
  std::string name = "other";
  if (element_type(type.get(), element))
    name = element_name(element);
  else if (H5Tget_class(type.get()) == H5T_STRING)
    name = "string";
  else if (H5Tget_class(type.get()) == H5T_COMPOUND)
    name = "compound";
  return {dataset, shape_of(id.get(), reading), name, H5Dget_storage_size(id.get())};
}

void File::close() {
  if (!handle_) return;
  const std::string root = "/";
  const Writing writing{handle_->path, root};
  if (handle_->writable) writing(H5Fflush(handle_->id.get(), H5F_SCOPE_GLOBAL), "cannot be flushed");
  handle_->datasets.clear();
  writing(H5Fclose(handle_->id.release()), "cannot be closed");
}

}  // namespace graftage::h5
