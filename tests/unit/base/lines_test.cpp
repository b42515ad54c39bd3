// Lines, words and fields of a text.
#include "base/lines.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace tern {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> lines_of(std::string_view content) {
    std::vector<std::string> all;
    for (Lines lines(content); lines.next();) {
        all.emplace_back(lines.line());
        EXPECT_EQ(lines.number(), all.size());
    }
    return all;
}

std::vector<std::string> words_of(std::string_view line, std::string_view separators = blanks) {
    std::vector<std::string> words;
    for (std::string_view word = next_word(line, separators); !word.empty();
         word = next_word(line, separators))
        words.emplace_back(word);
    return words;
}

TEST(Lines, EndAtNewlines) {
    EXPECT_THAT(lines_of(""), IsEmpty());
    EXPECT_THAT(lines_of("a"), ElementsAre("a"));
    EXPECT_THAT(lines_of("a\n"), ElementsAre("a"));
    EXPECT_THAT(lines_of("\n\na\r\n b"), ElementsAre("", "", "a\r", " b"));
}

TEST(Lines, TheFirstOne) {
    EXPECT_EQ(first_line(""), "");
    EXPECT_EQ(first_line("a"), "a");
    EXPECT_EQ(first_line("\nb"), "");
    EXPECT_EQ(first_line("a \nb\n"), "a ");
}

TEST(Trim, TakesBlanksTabsAndCarriageReturns) {
    constexpr std::string_view text = "\r \ta b\t \r";
    EXPECT_EQ(trim_start(text), "a b\t \r");
    EXPECT_EQ(trim_end(text), "\r \ta b");
    EXPECT_EQ(trim(text), "a b");
    EXPECT_EQ(trim("a\n"), "a\n");
    for (const std::string_view nothing : {"", " ", " \t\r"}) {
        EXPECT_EQ(trim_start(nothing), "");
        EXPECT_EQ(trim_end(nothing), "");
        EXPECT_EQ(trim(nothing), "");
    }
}

TEST(NextWord, SkipsSeparators) {
    EXPECT_THAT(words_of(""), IsEmpty());
    EXPECT_THAT(words_of(" \t"), IsEmpty());
    EXPECT_THAT(words_of("a"), ElementsAre("a"));
    EXPECT_THAT(words_of("  a\t b,c\r"), ElementsAre("a", "b,c"));
    EXPECT_THAT(words_of(",a, b,,c", " ,"), ElementsAre("a", "b", "c"));
}

TEST(NextWord, LeavesTheRest) {
    std::string_view rest = " a  b";
    EXPECT_EQ(next_word(rest), "a");
    EXPECT_EQ(rest, "  b");
}

TEST(NextField, MayBeEmpty) {
    std::string_view rest = "a::b";
    EXPECT_EQ(next_field(rest, ':'), "a");
    EXPECT_EQ(next_field(rest, ':'), "");
    EXPECT_EQ(next_field(rest, ':'), "b");
    EXPECT_EQ(rest, "");
    EXPECT_EQ(next_field(rest, ':'), "");
}

}  // namespace
}  // namespace tern
