// ASCII helpers: no locale, no surprise from 8-bit bytes.
#include "base/ascii.hpp"

#include <gtest/gtest.h>

namespace tern {
namespace {

TEST(Ascii, LowersLettersAlone) {
    EXPECT_EQ(lower("MX.Example-9_[`{@Z"), "mx.example-9_[`{@z");
    EXPECT_EQ(lower("\xc3\x84"), "\xc3\x84") << "8-bit bytes stay as they are";
    EXPECT_EQ(lower(""), "");
}

TEST(Ascii, ComparesIgnoringCase) {
    EXPECT_TRUE(equal_ignoring_case("STARTTLS", "StartTls"));
    EXPECT_TRUE(equal_ignoring_case("", ""));
    EXPECT_FALSE(equal_ignoring_case("SIZE", "SIZ"));
    EXPECT_FALSE(equal_ignoring_case("[", "{")) << "they differ in the bit that letters' case is";
    EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

TEST(Ascii, SortsBytesIntoKinds) {
    for (int value = 0; value < 256; ++value) {
        const char c = static_cast<char>(value);
        const bool digit = value >= '0' && value <= '9';
        const bool letter = (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z');
        EXPECT_EQ(is_digit(c), digit) << value;
        EXPECT_EQ(is_alnum(c), digit || letter) << value;
        EXPECT_EQ(is_control(c), value < 32 || value == 127) << value;
        EXPECT_EQ(is_8bit(c), value >= 128) << value;
    }
}

TEST(Ascii, ReadsLeadingNumbers) {
    EXPECT_EQ(leading_number("60", 1000), 60U);
    EXPECT_EQ(leading_number("60s", 1000), 60U);
    EXPECT_EQ(leading_number("0060", 1000), 60U);
    EXPECT_EQ(leading_number("0", 1000), 0U);
    EXPECT_EQ(leading_number("1000", 1000), 1000U);
    EXPECT_EQ(leading_number("1001", 1000), 1000U);
    EXPECT_EQ(leading_number("7", 5), 5U);
    EXPECT_EQ(leading_number("99999999999999999999999999", UINT64_MAX), UINT64_MAX);
    EXPECT_EQ(leading_number("18446744073709551615", UINT64_MAX), UINT64_MAX);
    EXPECT_EQ(leading_number("", 1000), std::nullopt);
    EXPECT_EQ(leading_number(" 60", 1000), std::nullopt);
    EXPECT_EQ(leading_number("-1", 1000), std::nullopt);
    EXPECT_EQ(leading_number("+1", 1000), std::nullopt);
}

}  // namespace
}  // namespace tern
