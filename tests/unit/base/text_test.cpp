// The concatenator: strings, characters and whole numbers, nothing else.
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace tern {
namespace {

TEST(Text, JoinsStringsCharactersAndNumbers) {
    const std::string name = "mx.example";
    const std::string_view view = " [192.0.2.1]";
    EXPECT_EQ(concat(name, view, ':', 465, '.'), "mx.example [192.0.2.1]:465.");
    EXPECT_EQ(concat(), "");
    EXPECT_EQ(concat("", "", 0), "0");
}

TEST(Text, WritesEveryNumberInFull) {
    EXPECT_EQ(concat(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(concat(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
    EXPECT_EQ(concat(std::uint8_t{255}), "255") << "a small number is a number, not a character";
    EXPECT_EQ(concat(std::int16_t{-1}), "-1");
}

TEST(Text, KeepsBytesAsTheyAre) {
    using namespace std::string_view_literals;
    EXPECT_EQ(concat("a\0b"sv, '\0', "\xff"), "a\0b\0\xff"sv);
}

}  // namespace
}  // namespace tern
