// Lines at the width of a terminal.
#include <gmock/gmock.h>

#include "explain/show/paint.hpp"
#include "explain/show/wrap.hpp"

namespace tern::explain {
namespace {

TEST(Wrap, ShortLinesStay) {
    EXPECT_EQ(wrapped("", 40), "");
    EXPECT_EQ(wrapped("a b\n\nc\n", 40), "a b\n\nc\n");
    EXPECT_EQ(wrapped("aaaaaaaaaa bbbbbbbbb", 20), "aaaaaaaaaa bbbbbbbbb");
}

TEST(Wrap, BreaksAtBlanks) {
    EXPECT_EQ(wrapped("aaaaaaaaaa bbbbbbbbbb ccc\n", 20), "aaaaaaaaaa\n    bbbbbbbbbb ccc\n");
    EXPECT_EQ(wrapped("  S: 250-aaaaaaaaaa bbbb cccc", 24), "  S: 250-aaaaaaaaaa bbbb\n      cccc");
}

TEST(Wrap, IndentsAsTheValueAfterALabel) {
    EXPECT_EQ(wrapped("  result  aaaaaaaaaa bbbbbbbb cccc dddd", 26),
              "  result  aaaaaaaaaa\n          bbbbbbbb cccc\n          dddd");
    EXPECT_EQ(wrapped("            mx.example port 25", 24), "            mx.example\n"
                                                               "            port 25");
}

TEST(Wrap, LongWordsStayWhole) {
    const std::string path(60, 'x');
    EXPECT_EQ(wrapped(path, 20), path);
    EXPECT_EQ(wrapped("a " + path + " b", 20), "a\n    " + path + "\n    b");
}

TEST(Wrap, ColoursAndUtf8TakeNoColumns) {
    const Paint paint(true);
    const std::string line = paint.bad("aaaaaaaaaa") + " " + paint.good("bbbbbbbbb");
    EXPECT_EQ(wrapped(line, 20), line);
    EXPECT_EQ(wrapped("\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4 bbbbbbbbb", 20),
              "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4 bbbbbbbbb");
}

TEST(Wrap, NeverNarrowerThanTwentyColumns) {
    EXPECT_EQ(wrapped("aaaaaaaaaa bbbbbbbbb", 0), "aaaaaaaaaa bbbbbbbbb");
    EXPECT_EQ(wrapped(std::string(300, ' '), 20), std::string(300, ' '));
}

}  // namespace
}  // namespace tern::explain
