#include "graftage/core/error.hpp"
#include "graftage/h5/file.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <functional>

namespace graftage::h5 {
namespace {

/// Files that make a reader touch other files or load code; written with the library itself.
class HostileTest : public ::testing::Test {
 protected:
  std::string refusal(const std::function<void(hid_t)>& fill) {
    const auto path = directory_.path() / "hostile.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    fill(file);
    H5Fclose(file);
    try {
      const File opened = File::open(path);
      (void)opened.read<double>("/x");
    } catch (const core::DataError& error) {
      return error.what();
    }
    return "accepted";
  }

  /// A dataset /x of 10 doubles with the given creation properties.
  static void dataset(hid_t file, hid_t properties, hsize_t size = 10) {
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    H5Dclose(H5Dcreate2(file, "/x", H5T_IEEE_F64LE, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    H5Sclose(space);
  }

  graftage::testing::TemporaryDirectory directory_;
};

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(HostileTest, LinksOtherThanHardOnesAreRefused) {
  EXPECT_CONTAINS(refusal([](hid_t file) { H5Lcreate_soft("/nowhere", file, "/x", H5P_DEFAULT, H5P_DEFAULT); }),
                  "soft link");
  EXPECT_CONTAINS(
      refusal([](hid_t file) { H5Lcreate_external("/etc/passwd", "/", file, "/x", H5P_DEFAULT, H5P_DEFAULT); }),
      "link to another file");
  const H5L_class_t user{H5L_LINK_CLASS_T_VERS,
                         static_cast<H5L_type_t>(H5L_TYPE_UD_MIN + 5),
                         "user",
                         nullptr,
                         nullptr,
                         nullptr,
                         [](const char*, hid_t, const void*, size_t, hid_t, hid_t) -> hid_t { return -1; },
                         nullptr,
                         nullptr};
  ASSERT_GE(H5Lregister(&user), 0);
  EXPECT_CONTAINS(refusal([&](hid_t file) { H5Lcreate_ud(file, "/x", user.id, "data", 4, H5P_DEFAULT, H5P_DEFAULT); }),
                  "user-defined link");
  H5Lunregister(user.id);
}

TEST_F(HostileTest, StorageOutsideTheFileIsRefused) {
  EXPECT_CONTAINS(refusal([](hid_t file) {
                    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
                    H5Pset_external(properties, "/etc/passwd", 0, 80);
                    dataset(file, properties);
                    H5Pclose(properties);
                  }),
                  "external raw storage");
  EXPECT_CONTAINS(refusal([](hid_t file) {
                    const hsize_t size = 10;
                    const hid_t space = H5Screate_simple(1, &size, nullptr);
                    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
                    H5Pset_virtual(properties, space, "/tmp/other.h5", "/x", space);
                    dataset(file, properties);
                    H5Pclose(properties);
                    H5Sclose(space);
                  }),
                  "virtual");
}

TEST_F(HostileTest, OtherFiltersAreRefused) {
  EXPECT_CONTAINS(refusal([](hid_t file) {
                    const hsize_t chunk = 10;
                    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
                    H5Pset_chunk(properties, 1, &chunk);
                    H5Pset_scaleoffset(properties, H5Z_SO_FLOAT_DSCALE, 2);
                    dataset(file, properties);
                    H5Pclose(properties);
                  }),
                  "only shuffle, deflate and fletcher32");
}

TEST_F(HostileTest, ADatasetThatClaimsFarMoreThanItStoresIsRefused) {
  EXPECT_CONTAINS(refusal([](hid_t file) {
                    const hsize_t chunk = 1000;
                    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
                    H5Pset_chunk(properties, 1, &chunk);
                    dataset(file, properties, 1000000000000ULL);
                    H5Pclose(properties);
                  }),
                  "claims 1000000000000 elements");
}

TEST_F(HostileTest, APlainDatasetOfTheSameKindIsRead) {
  const hsize_t chunk = 10;
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(properties, 1, &chunk);
  H5Pset_deflate(properties, 4);
  EXPECT_EQ(refusal([&](hid_t file) { dataset(file, properties); }), "accepted");
  H5Pclose(properties);
}

}  // namespace
}  // namespace graftage::h5
