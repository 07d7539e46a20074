#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "h5/checked.hpp"

#include <string>

namespace graftage::h5 {
namespace {

/// Deflate cannot shrink more than about 1032 to 1; anything beyond was never written.
constexpr std::uint64_t kMaximumRatio = 1100;
constexpr std::uint64_t kAlwaysAllowedBytes = 64u << 10;
constexpr std::int64_t kMaximumObjects = 1'000'000;

struct Visit {
  const File::Handle& file;
  std::int64_t objects = 0;
  std::string problem;
  std::string object;
};

/// What is wrong with a dataset's storage; empty if nothing.
std::string storage_problem(hid_t dataset) {
  const Id properties(H5Dget_create_plist(dataset));
  if (!properties) return "its creation properties cannot be read";
  const H5D_layout_t layout = H5Pget_layout(properties.get());
  if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT)
    return "a virtual or unknown storage layout is refused";
  if (H5Pget_external_count(properties.get()) != 0) return "external raw storage is refused";
  const int filters = H5Pget_nfilters(properties.get());
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(properties.get(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      return "filter " + std::to_string(filter) + " is refused; only shuffle, deflate and fletcher32 are read";
  }
  return "";
}

herr_t visit_link(hid_t group, const char* name, const H5L_info_t* link, void* data) {
  auto& visit = *static_cast<Visit*>(data);
  visit.object = std::string("/") + name;
  if (++visit.objects > kMaximumObjects) visit.problem = "more than a million objects";
  if (link->type == H5L_TYPE_SOFT) visit.problem = "a soft link is refused";
  if (link->type == H5L_TYPE_EXTERNAL) visit.problem = "a link to another file is refused";
  if (link->type != H5L_TYPE_HARD && visit.problem.empty()) visit.problem = "a user-defined link is refused";
  if (!visit.problem.empty()) return 1;
  const Id object(H5Oopen(group, name, H5P_DEFAULT));
  if (!object) {
    visit.problem = "cannot be opened (" + take_library_error() + ")";
    return 1;
  }
  const H5I_type_t kind = H5Iget_type(object.get());
  if (kind == H5I_DATASET)
    visit.problem = storage_problem(object.get());
  else if (kind != H5I_GROUP)
    visit.problem = "an object that is neither group nor dataset is refused";
  return visit.problem.empty() ? 0 : 1;
}

}  // namespace

void refuse_hostile_features(const File::Handle& file) {
  Visit visit{file, 0, "", ""};
  const herr_t result = H5Lvisit(file.id.get(), H5_INDEX_NAME, H5_ITER_INC, visit_link, &visit);
  if (!visit.problem.empty())
    throw core::DataError(file.path.string(), core::printable(visit.object),
                          visit.problem + "; this is not a file graftage wrote");
  if (result < 0) throw_read_error(file.path, "/", "the objects of the file cannot be listed");
}

void check_decoded_size(hid_t dataset, std::uint64_t elements, std::size_t element_bytes, const Reading& reading) {
  if (elements <= kAlwaysAllowedBytes / element_bytes) return;  // the storage of a chunked dataset takes time to sum
  const auto too_many = [&] {
    return elements > (H5Dget_storage_size(dataset) * kMaximumRatio + kAlwaysAllowedBytes) / element_bytes;
  };
  if (!too_many()) return;
  H5Fflush(dataset, H5F_SCOPE_LOCAL);  // what was just written has no storage yet
  if (too_many())
    throw core::DataError(reading.file.string(), reading.object,
                          "claims " + std::to_string(elements) + " elements but stores only " +
                              std::to_string(H5Dget_storage_size(dataset)) +
                              " bytes; the file is incomplete or hostile");
}

}  // namespace graftage::h5
