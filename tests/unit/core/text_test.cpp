#include "graftage/core/text.hpp"

#include "graftage/core/seed.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace graftage::core {
namespace {

TEST(Text, TrimsSplitsAndJoins) {
  EXPECT_EQ(trim("  a b\t\n"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(Text, SuggestsTheNearestName) {
  const std::vector<std::string> names{"epochs", "batch", "learning_rate"};

  EXPECT_EQ(nearest_match("epoch", names), "epochs");
  EXPECT_EQ(nearest_match("ecpohs", names), "epochs");  // one swap of neighbours
  EXPECT_EQ(nearest_match("Batch", names), "batch");
  EXPECT_EQ(nearest_match("learning-rate", names), "learning_rate");
  EXPECT_EQ(nearest_match("dropout", names), "");
  EXPECT_EQ(nearest_match("", names), "");
  EXPECT_EQ(nearest_match(std::string(100000, 'x'), names), "");
  EXPECT_EQ(did_you_mean("epoch", names), " (did you mean 'epochs'?)");
  EXPECT_EQ(did_you_mean("dropout", names), "");
}

TEST(Text, NeverSuggestsAnUnrelatedLetter) { EXPECT_EQ(nearest_match("x", {"y", "k"}), ""); }

TEST(Text, RemovesControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31mb\n\x7f"), "a?[31mb??");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "?2J");                                                // U+009B, the eight-bit escape sequence
  EXPECT_EQ(printable("\xc3\xa9t\xc3\xa9"), "\xc3\xa9t\xc3\xa9");  // other UTF-8 stays
}

TEST(Text, FormatsDoublesThatReadBackAsTheSame) {
  EXPECT_EQ(format_double(0.1), "0.1");
  EXPECT_EQ(format_double(100000), "100000");
  EXPECT_EQ(format_double(1e-3), "0.001");
  EXPECT_EQ(format_double(1e22), "1e+22");
  EXPECT_EQ(format_double(-0.0), "-0");
  RandomStream random = SeedSequence(1).child("format").stream();
  for (int i = 0; i < 10000; ++i) {
    const double value = random.normal() * std::pow(10.0, static_cast<double>(random.below(40)) - 20.0);

    const std::string text = format_double(value);

    double read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    ASSERT_EQ(read, value) << text;
  }
}

TEST(Text, FormatsForPeople) {
  EXPECT_EQ(format_fixed(3.14159, 2), "3.14");
  EXPECT_EQ(format_fixed(-0.5, 0), "-0");
  EXPECT_EQ(group_thousands(0), "0");
  EXPECT_EQ(group_thousands(-999), "-999");
  EXPECT_EQ(group_thousands(1234567), "1,234,567");
  EXPECT_EQ(group_thousands(-123456), "-123,456");
  EXPECT_EQ(group_thousands(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(format_duration(0.26), "0.3s");
  EXPECT_EQ(format_duration(42), "42s");
  EXPECT_EQ(format_duration(83.2), "1m 23s");
  EXPECT_EQ(format_duration(3 * 3600 + 4 * 60), "3h 04m");
  EXPECT_EQ(format_duration(90000), "1d 01h");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
}

}  // namespace
}  // namespace graftage::core
