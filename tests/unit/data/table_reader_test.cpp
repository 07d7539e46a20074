#include "data/importers/table_reader.hpp"

#include "graftage/core/error.hpp"
#include "support/corpora.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

namespace graftage::data {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class TableReaderTest : public ::testing::Test {
 protected:
  Rows rows_of(const std::string& text, const TableFormat& format) {
    TableReader reader(graftage::testing::write_file(path_, text), format);
    header_ = reader.header();
    Rows rows;
    std::vector<std::string> fields;
    while (reader.next(fields)) rows.push_back(fields);
    return rows;
  }

  std::string error_of(const std::string& text, const TableFormat& format) {
    try {
      (void)rows_of(text, format);
    } catch (const core::DataError& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  graftage::testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "table.csv";
  std::vector<std::string> header_;
};

TEST_F(TableReaderTest, QuotesHoldDelimitersQuotesAndLineEnds) {
  const auto rows =
      rows_of("smiles,name\n\"CCO\",\"a, \"\"b\"\"\nc\"\r\nC,\n\n,last", {.delimiter = ',', .header = true});

  EXPECT_EQ(header_, (std::vector<std::string>{"smiles", "name"}));
  EXPECT_EQ(rows, (Rows{{"CCO", "a, \"b\"\nc"}, {"C", ""}, {"", "last"}}));
}

TEST_F(TableReaderTest, BlankSeparatedTablesTakeRunsAndIgnoreQuotes) {
  const auto rows = rows_of("CC1=CC\t1\n  OC \t 2  \r\nC\"C\n", {.delimiter = ' ', .header = false});

  EXPECT_EQ(rows, (Rows{{"CC1=CC", "1"}, {"OC", "2"}, {"C\"C"}}));
}

TEST_F(TableReaderTest, AByteOrderMarkIsNoPartOfTheFirstName) {
  (void)rows_of("\xef\xbb\xbfsmiles,y\nC,1\n", {.delimiter = ',', .header = true});

  EXPECT_EQ(header_, (std::vector<std::string>{"smiles", "y"}));
}

TEST_F(TableReaderTest, CompressedFilesAreReadAndTruncatedOnesRefused) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919 % 100003) + ",x\n";
  const auto packed = directory_.path() / "table.csv.gz";
  gzFile file = gzopen(packed.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  const auto count = [&] {
    TableReader reader(packed, {.delimiter = ',', .header = false});
    std::vector<std::string> fields;
    while (reader.next(fields)) continue;
    return reader.row();
  };

  EXPECT_EQ(count(), 20000);
  std::filesystem::resize_file(packed, std::filesystem::file_size(packed) / 2);
  EXPECT_THROW((void)count(), core::DataError);
}

TEST_F(TableReaderTest, ErrorsNameTheLine) {
  EXPECT_NE(error_of("a,b\n1,\"open\n2,3\n", {}).find("[line 2]: a quoted field has no closing quote"),
            std::string::npos);
  EXPECT_NE(error_of(std::string("a\nx\0y\n", 6), {}).find("[line 2]: holds a zero byte"), std::string::npos);
  EXPECT_NE(error_of("", {}).find("is empty"), std::string::npos);
}

TEST_F(TableReaderTest, ColumnsGoByNameOrIndex) {
  graftage::testing::write_file(path_, "num,name,p_np,smiles\n1,x,1,C\n");
  const TableReader reader(path_, {.delimiter = ',', .header = true});

  EXPECT_EQ(reader.column("smiles", "sources[0].smiles"), 3U);
  EXPECT_EQ(reader.column("2", "labels"), 2U);
  try {
    (void)reader.column("p_nq", "sources[0].labels");
    FAIL();
  } catch (const core::DataError& error) {
    EXPECT_NE(std::string(error.what())
                  .find("[sources[0].labels]: column 'p_nq' is not in table.csv (did you mean "
                        "'p_np'?); columns: num, name, p_np, smiles"),
              std::string::npos)
        << error.what();
    EXPECT_EQ(error.exit_code(), core::ExitCode::BadData);
  }
}

TEST_F(TableReaderTest, TheDelimiterIsGuessedFromNameAndFirstLine) {
  const auto& directory = directory_.path();
  EXPECT_EQ(detect_delimiter(graftage::testing::write_file(directory / "a.csv", "x,y\n")), ',');
  EXPECT_EQ(detect_delimiter(graftage::testing::write_file(directory / "a.tsv", "x\ty\n")), '\t');
  EXPECT_EQ(detect_delimiter(graftage::testing::write_file(directory / "a.smi", "C,C 1\n")), ' ');
}

}  // namespace
}  // namespace graftage::data
