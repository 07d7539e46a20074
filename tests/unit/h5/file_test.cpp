#include "graftage/h5/file.hpp"

#include "graftage/core/error.hpp"
#include "support/expect_text.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <numeric>
#include <sys/resource.h>

namespace graftage::h5 {
namespace {

using support::message_of;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FileTest : public ::testing::Test {
 protected:
  graftage::testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "file.h5";
};

TEST_F(FileTest, NumbersComeBackInEveryTypeAndShape) {
  const std::vector<std::int64_t> codes = {0, 1, 200, 3, 255, 7};
  const std::vector<double> reals = {-1.5, 0.0, 1e300};
  {
    File file = File::create(path_);
    file.write<std::int64_t>("/node/feat", codes, {3, 2}, ElementType::UInt8);
    file.write<double>("/reals", reals, {3});
    file.write<float>("/none", std::vector<float>{}, {0, 4});
    file.close();
  }

  const File file = File::open(path_);
  EXPECT_EQ(file.read<std::int64_t>("/node/feat"), codes);
  EXPECT_EQ(file.read<std::uint8_t>("/node/feat"), (std::vector<std::uint8_t>{0, 1, 200, 3, 255, 7}));
  EXPECT_EQ(file.read_rows<std::uint16_t>("/node/feat", 1, 1), (std::vector<std::uint16_t>{200, 3}));
  EXPECT_EQ(file.read<double>("/reals"), reals);
  EXPECT_TRUE(file.read<float>("/none").empty());
  EXPECT_EQ(file.info("/node/feat").type, "uint8");
  EXPECT_EQ(file.info("/none").shape, (std::vector<std::uint64_t>{0, 4}));
  EXPECT_EQ(file.children("/"), (std::vector<std::string>{"node", "none", "reals"}));
  EXPECT_EQ(file.datasets().size(), 3U);
  EXPECT_TRUE(file.contains("/node/feat"));
  EXPECT_FALSE(file.contains("/edge/feat"));
}

TEST_F(FileTest, AttributesTextsAndTablesComeBack) {
  const std::vector<std::string> texts = {"CCO", "", "n\u00e9on"};
  {
    File file = File::create(path_);
    file.set_attribute("/", "title", std::string("first"));
    file.set_attribute("/", "title", std::string("second"));
    file.set_attribute("/", "count", std::int64_t{-7});
    file.set_attribute("/", "rate", 0.25);
    file.write_text("/texts", texts);
    file.write_table("/table", {{.name = "name", .text = texts},
                                {.name = "row", .integers = {1, -2, 3}},
                                {.name = "score", .numbers = {0.5, -1.0, 2.0}}});
    file.write_table("/empty", {{.name = "row", .kind = ColumnKind::Integer}, {.name = "why"}});
    file.close();
  }

  const File file = File::open(path_);
  EXPECT_EQ(file.attribute_text("/", "title"), "second");
  EXPECT_EQ(file.attribute_integer("/", "count"), -7);
  EXPECT_EQ(file.attribute_number("/", "rate"), 0.25);
  EXPECT_FALSE(file.has_attribute("/", "absent"));
  EXPECT_EQ(file.read_text("/texts"), texts);
  const auto table = file.read_table("/table");
  ASSERT_EQ(table.size(), 3U);
  EXPECT_EQ(table[0].text, texts);
  EXPECT_EQ(table[1].integers, (std::vector<std::int64_t>{1, -2, 3}));
  EXPECT_EQ(table[2].numbers, (std::vector<double>{0.5, -1.0, 2.0}));
  const auto empty = file.read_table("/empty");
  EXPECT_EQ(empty[0].kind, ColumnKind::Integer);
  EXPECT_EQ(empty[1].kind, ColumnKind::Text);
}

TEST_F(FileTest, RowsAcrossChunksAreTheSameAsTheWhole) {
  std::vector<std::int32_t> values(3000);
  std::iota(values.begin(), values.end(), -1500);
  {
    File file = File::create(path_);
    file.write<std::int32_t>("/x", values, {1000, 3}, ElementType::Int32, {.chunk_bytes = 128});
    file.close();
  }

  const auto part = File::open(path_).read_rows<std::int32_t>("/x", 7, 500);

  EXPECT_EQ(part, (std::vector<std::int32_t>(values.begin() + 21, values.begin() + 1521)));
}

TEST_F(FileTest, TheSameContentHasTheSameBytes) {
  const auto write = [](const std::filesystem::path& path) {
    File file = File::create(path);
    file.set_attribute("/", "name", std::string("same"));
    file.write<double>("/a/b", std::vector<double>(500, 1.25), {500});
    file.write_text("/a/t", {"x", "yy"});
    file.write_table("/a/table", {{.name = "c", .text = {"p", "q"}}});
    file.close();
  };
  write(path_);
  write(directory_.path() / "other.h5");

  EXPECT_EQ(bytes_of(path_), bytes_of(directory_.path() / "other.h5"));
}

TEST_F(FileTest, ErrorsNameFileDatasetAndRemedy) {
  {
    File file = File::create(path_);
    file.write<std::int64_t>("/big", std::vector<std::int64_t>{1, 300}, {2});
    file.write<double>("/real", std::vector<double>{0.5}, {1});
    file.write_text("/text", {"x"});
    file.close();
  }
  const File file = File::open(path_);

  const auto missing = message_of<core::DataError>([&] { (void)file.read<float>("/absent"); });
  EXPECT_HAS(missing, "file.h5 [/absent]: dataset is missing");
  const auto narrow = message_of<core::DataError>([&] { (void)file.read<std::uint8_t>("/big"); });
  EXPECT_HAS(narrow, "element 1 is 300, outside the range of uint8");
  EXPECT_HAS(message_of<core::DataError>([&] { (void)file.read<std::int32_t>("/real"); }), "real numbers");
  EXPECT_HAS(message_of<core::DataError>([&] { (void)file.read<float>("/text"); }), "not a dataset of numbers");
  EXPECT_HAS(message_of<core::DataError>([&] { (void)file.read_text("/big"); }), "not a dataset of text");
  EXPECT_HAS(message_of<core::DataError>([&] { (void)file.read_table("/big"); }), "not a table");
  EXPECT_HAS(message_of<core::DataError>([&] { (void)file.read_rows<float>("/real", 1, 1); }), "rows 1 to 2 of 1");
  EXPECT_HAS(message_of<core::DataError>([&] { (void)file.attribute_text("/", "absent"); }), "@absent");
}

TEST_F(FileTest, ForeignMissingAndTruncatedFilesAreRefused) {
  EXPECT_HAS(message_of<core::MissingInput>([&] { (void)File::open(path_); }), "does not exist");
  std::ofstream(path_) << "smiles,label\nCCO,1\n";
  EXPECT_HAS(message_of<core::DataError>([&] { (void)File::open(path_); }), "not an HDF5 file");
  EXPECT_HAS(message_of<core::DataError>([&] { (void)File::open(directory_.path()); }), "not a regular file");
  {
    File file = File::create(path_);
    file.write<double>("/x", std::vector<double>(100000, 0.5), {100000}, ElementType::Float64,
                       {.deflate = 0, .checksum = false});
    file.close();
  }
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  EXPECT_HAS(message_of<core::DataError>([&] { (void)File::open(path_); }), "is truncated");
  EXPECT_HAS(message_of<core::IoError>([&] { (void)File::create(directory_.path() / "no" / "x.h5"); }), "no/x.h5");
}

TEST_F(FileTest, AFullDiskIsAnIoErrorAndTheProgramEndsNormally) {
  const auto write_beyond_the_limit = [this] {
    const rlimit limit{4096, 4096};
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      File file = File::create(path_);
      file.write<double>("/x", std::vector<double>(100000, 0.5), {100000}, ElementType::Float64,
                         {.deflate = 0, .checksum = false});
      file.close();
    } catch (const core::IoError& error) {
      std::cerr << error.what();
      std::exit(static_cast<int>(error.exit_code()));  // runs the library's clean-up, which once crashed here
    }
    std::exit(0);
  };
  EXPECT_EXIT(write_beyond_the_limit(), ::testing::ExitedWithCode(74),
              "cannot write .*File too large; raise the file size");
}

TEST_F(FileTest, AFlippedByteInAChunkIsFound) {
  std::vector<std::int32_t> values(20000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * 2654435761U);
  {
    File file = File::create(path_);
    file.write<std::int32_t>("/x", values, {values.size()});
    file.close();
  }
  std::string bytes = bytes_of(path_);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  std::ofstream(path_, std::ios::binary) << bytes;

  EXPECT_THROW((void)File::open(path_).read<std::int32_t>("/x"), core::DataError);
}

}  // namespace
}  // namespace graftage::h5
