#include "graftage/core/digest.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace graftage::core {
namespace {

// FIPS 180-4 examples.
constexpr auto kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr auto kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto kMillionA = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Digest, MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256_hex(""), kEmpty);
  EXPECT_EQ(sha256_hex("abc"), kAbc);
  Sha256 sha;
  for (int i = 0; i < 1000; ++i) sha.update(std::string(1000, 'a'));
  EXPECT_EQ(sha.hex(), kMillionA);
}

TEST(Digest, OfAFile) {
  const auto path = std::filesystem::path(testing::TempDir()) / "graftage_digest_test.bin";
  std::ofstream(path, std::ios::binary) << std::string(1000000, 'a');

  EXPECT_EQ(sha256_file(path), kMillionA);

  std::filesystem::remove(path);
  EXPECT_THROW((void)sha256_file(path), MissingInput);
}

TEST(Digest, KeyIsTheFirstHalf) {
  EXPECT_EQ(key_of("abc"), (Key128{0xba7816bf8f01cfea, 0x414140de5dae2223}));
  EXPECT_NE(key_of("CCO"), key_of("CCN"));
}

TEST(Digest, RefusesUseAfterTheEnd) {
  Sha256 sha;
  (void)sha.hex();

  EXPECT_THROW(sha.update("x"), InternalError);
  EXPECT_THROW((void)sha.hex(), InternalError);
}

}  // namespace
}  // namespace graftage::core
