#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace graftage::core {
namespace {

TEST(Error, CarriesCodePlaceAndText) {
  const ConfigError config("a.yaml:3:5", "train.epochs: must be > 0");
  const DataError data("corpus.h5", "/graphs/offsets", "not ascending");
  const MissingInput missing("corpus.h5", "run graftage import first");

  EXPECT_STREQ(config.what(), "a.yaml:3:5: train.epochs: must be > 0");
  EXPECT_EQ(config.exit_code(), ExitCode::Config);
  EXPECT_STREQ(data.what(), "corpus.h5 [/graphs/offsets]: not ascending");
  EXPECT_EQ(data.exit_code(), ExitCode::BadData);
  EXPECT_STREQ(missing.what(), "corpus.h5 does not exist; run graftage import first");
  EXPECT_EQ(static_cast<int>(missing.exit_code()), 66);
}

TEST(Error, EveryKindHasItsExitCode) {
  EXPECT_EQ(static_cast<int>(UsageError("x").exit_code()), 64);
  EXPECT_EQ(static_cast<int>(IoError("x").exit_code()), 74);
  EXPECT_EQ(static_cast<int>(IoError("x", ExitCode::Permission).exit_code()), 77);
  EXPECT_EQ(static_cast<int>(NumericError("x").exit_code()), 79);
  EXPECT_EQ(static_cast<int>(MpiError("x").exit_code()), 70);
  EXPECT_EQ(static_cast<int>(Interrupted("x").exit_code()), 75);
}

TEST(Check, NamesConditionValuesAndPlaceWithoutMachinePaths) {
  const int size = 3;
  std::string message;

  try {
    GRAFTAGE_CHECK(size > 4, size, "rows");
  } catch (const InternalError& error) {
    message = error.what();
  }

  EXPECT_NE(message.find("size > 4 [values: 3 rows]"), std::string::npos) << message;
  EXPECT_NE(message.find(" at tests/unit/core/error_test.cpp:"), std::string::npos) << message;
  EXPECT_NO_THROW(GRAFTAGE_CHECK(size == 3));
}

}  // namespace
}  // namespace graftage::core
