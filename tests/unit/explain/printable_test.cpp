// Bytes of unexpected: nothing of them may reach a terminal as a command.
#include "explain/show/printable.hpp"

#include <random>

#include <gmock/gmock.h>

#include "smtp/address.hpp"

namespace tern::explain {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

TEST(Printable, LeavesTextAlone) {
    EXPECT_EQ(printable("250 ok \\o/ [192.0.2.1]"), "250 ok \\o/ [192.0.2.1]");
    EXPECT_EQ(printable("Grüße, 日本, 🐦"), "Grüße, 日本, 🐦");
}

TEST(Printable, EscapesControlCharacters) {
    EXPECT_EQ(printable("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
    EXPECT_EQ(printable("a\0b\tc\rd\x7f"s), "a\\x00b\\x09c\\x0dd\\x7f");
}

TEST(Printable, EscapesC1ControlsInBothForms) {
    EXPECT_EQ(printable("\x9b""31m"), "\\x9b31m");
    EXPECT_EQ(printable("\xc2\x9b""31m"), "\\u{9b}31m");
}

TEST(Printable, EscapesWhatDeceives) {
    EXPECT_EQ(printable("exe\u202efdp"), "exe\\u{202e}fdp");
    EXPECT_EQ(printable("a\u200bb\ufeff"), "a\\u{200b}b\\u{feff}");
    EXPECT_EQ(printable("\U000e0041"), "\\u{e0041}");
}

std::string utf8(char32_t c) {
    std::string bytes;
    const auto add = [&bytes](char32_t byte) { bytes += static_cast<char>(byte); };
    if (c < 0x80) add(c);
    else if (c < 0x800) add(0xc0 | c >> 6);
    else if (c < 0x10000) add(0xe0 | c >> 12);
    else add(0xf0 | c >> 18);
    if (c >= 0x10000) add(0x80 | (c >> 12 & 0x3f));
    if (c >= 0x800) add(0x80 | (c >> 6 & 0x3f));
    if (c >= 0x80) add(0x80 | (c & 0x3f));
    return bytes;
}

// Unicode 15, DerivedCoreProperties.txt and PropList.txt: Default_Ignorable_Code_Point and
// Bidi_Control, and the two separators of category Zl and Zp. Those around each range stay as they
// are.
TEST(Printable, EscapesAllThatIsInvisibleOrTurnsTheDirection) {
    struct Range {
        char32_t from;
        char32_t to;
    };
    const Range hidden[] = {{0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},
                            {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
                            {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
                            {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
                            {0xffa0, 0xffa0},   {0xfff0, 0xfff8},   {0x1bca0, 0x1bca3},
                            {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
    for (const Range& range : hidden) {
        for (char32_t c = range.from; c <= range.to; ++c)
            EXPECT_TRUE(printable(utf8(c)).starts_with("\\u{")) << std::hex << std::uint32_t{c};
        // Non-characters and annotation lie beside what is hidden at the end of a plane.
        if (range.from >= 0xfff0 && range.from < 0x10000) continue;
        if (range.from >= 0xe0000) continue;
        EXPECT_EQ(printable(utf8(range.from - 1)), utf8(range.from - 1));
        EXPECT_EQ(printable(utf8(range.to + 1)), utf8(range.to + 1));
    }
    constexpr char32_t others[] = {0xfdd0,  0xfffe, 0xffff,  0x1fffe,
                                   0xdffff, 0xe000, 0xf0000, 0x10ffff};
    for (const char32_t c : others)
        EXPECT_TRUE(printable(utf8(c)).starts_with("\\u{")) << std::hex << std::uint32_t{c};
}

TEST(Printable, EscapesWhatIsNoUtf8) {
    EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
    EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf") << "overlong";
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82") << "cut off";
}

TEST(Printable, IsBounded) {
    EXPECT_EQ(printable("abcdef", 3), "abc...");
    EXPECT_EQ(printable("abc", 3), "abc");
    EXPECT_EQ(printable("ab\xc3\xa9", 3), "ab...");
    EXPECT_LE(printable(std::string(100000, '\x1b')).size(), longest_shown + 3);
}

TEST(Printable, HoldsForAnyBytes) {
    std::mt19937 dice(20261123);
    for (int round = 0; round < 20000; ++round) {
        std::string bytes(dice() % 24, '\0');
        for (char& c : bytes)
            c = static_cast<char>(dice() % 2 == 0 ? dice() : 0xc2U + dice() % 51);
        const std::string shown = printable(bytes);
        EXPECT_TRUE(smtp::is_utf8(shown)) << shown;
        for (const char c : shown) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
        EXPECT_EQ(shown.find('\x7f'), std::string::npos);
        for (char c1 = '\x80'; c1 < '\xa0'; ++c1)
            EXPECT_EQ(shown.find("\xc2"s + c1), std::string::npos);
    }
}

TEST(PrintableLines, AreBounded) {
    EXPECT_THAT(printable_lines("250-a\n250 b\n"), ElementsAre("250-a", "250 b"));
    EXPECT_THAT(printable_lines("a\nb\nc\nd", 2), ElementsAre("a", "b", "(2 more lines)"));
    EXPECT_THAT(printable_lines(""), ElementsAre());
}

TEST(Grouped, PutsCommasAtThousands) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(10485760), "10,485,760");
}

}  // namespace
}  // namespace tern::explain
