// The text of a message: where it ends, dots, lines, and that no division into blocks matters.
#include "sink/body_scanner.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tern::sink {
namespace {

class Kept : public BodyReceiver {
public:
    void take(std::string_view piece) override { text += piece; }
    std::string text;
};

struct Scanned {
    std::string text;
    BodyFacts facts;
    std::size_t taken = 0;
    bool ended = false;
};

Scanned scan(BodyScanner::Form form, std::string_view wire, std::size_t block) {
    BodyScanner scanner(form);
    Kept kept;
    Scanned made;
    while (made.taken < wire.size() && !scanner.ended())
        made.taken += scanner.scan(wire.substr(made.taken, block), kept);
    made.ended = scanner.ended();
    made.facts = scanner.finish();
    made.text = kept.text;
    return made;
}

Scanned scan_dotted(std::string_view wire) {
    return scan(BodyScanner::Form::dotted, wire, wire.size());
}

// The reference for the blocks: one byte at a time, as RFC 5321 4.5.2 describes it.
Scanned scan_slowly(std::string_view wire) {
    Scanned made;
    std::string line;
    const auto end_line = [&] {
        ++made.facts.lines;
        made.facts.longest_line = std::max<std::uint64_t>(made.facts.longest_line, line.size());
        if (line.size() > 1000) ++made.facts.long_lines;
        line.clear();
    };
    for (std::size_t at = 0; at < wire.size() && !made.ended; ++at) {
        const bool starts = at == 0 || (at >= 2 && wire.substr(at - 2, 2) == "\r\n");
        if (starts && wire.substr(at, 3) == ".\r\n") {
            made.taken = at + 3;
            made.ended = true;
            break;
        }
        made.taken = at + 1;
        // A dot or dot CR at the very end waits for what comes.
        if (starts && (wire.substr(at) == "." || wire.substr(at) == ".\r")) {
            made.taken = wire.size();
            break;
        }
        if (starts && wire[at] == '.') {
            ++made.facts.dots_removed;
            continue;
        }
        const char c = wire[at];
        made.text += c;
        line += c;
        made.facts.eight_bit = made.facts.eight_bit || static_cast<unsigned char>(c) >= 0x80;
        const bool behind_cr = at > 0 && wire[at - 1] == '\r';
        if (c == '\n' && !behind_cr) ++made.facts.bare_lf;
        if (c == '\r' && (at + 1 == wire.size() || wire[at + 1] != '\n')) ++made.facts.bare_cr;
        if (c == '\n') end_line();
    }
    if (!line.empty()) end_line();
    return made;
}

TEST(BodyScanner, EndsAtTheDotLineAndLeavesTheRest) {
    const Scanned seen = scan_dotted("one\r\ntwo\r\n.\r\nQUIT\r\n");
    EXPECT_TRUE(seen.ended);
    EXPECT_EQ(seen.text, "one\r\ntwo\r\n");
    EXPECT_EQ(seen.taken, 13U);
    EXPECT_EQ(seen.facts.lines, 2U);
    EXPECT_TRUE(seen.facts.ends_with_newline);
}

TEST(BodyScanner, TakesAnEmptyText) {
    const Scanned seen = scan_dotted(".\r\n");
    EXPECT_TRUE(seen.ended);
    EXPECT_EQ(seen.text, "");
}

TEST(BodyScanner, RemovesTheFirstDotOfALine) {
    const Scanned seen = scan_dotted("..\r\n...x\r\n.y\r\na.b\r\n.\r\n");
    EXPECT_EQ(seen.text, ".\r\n..x\r\ny\r\na.b\r\n");
    EXPECT_EQ(seen.facts.dots_removed, 3U);
}

// What smugglers try: ends of data that other servers have believed in.
TEST(BodyScanner, BelievesInNoOtherEnd) {
    for (const std::string_view end :
         {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r.\r", "\r\n.\r"}) {
        const Scanned seen = scan_dotted("text" + std::string(end) + "MAIL FROM:<>\r\n");
        EXPECT_FALSE(seen.ended) << end;
        EXPECT_NE(seen.facts.bare_cr + seen.facts.bare_lf, 0U) << end;
    }
}

TEST(BodyScanner, CountsBareCrAndBareLf) {
    const Scanned seen = scan_dotted("a\rb\nc\r\r\nd\n\r\n.\r\n");
    EXPECT_EQ(seen.facts.bare_cr, 2U);
    EXPECT_EQ(seen.facts.bare_lf, 2U);
    EXPECT_EQ(seen.text, "a\rb\nc\r\r\nd\n\r\n");
}

TEST(BodyScanner, MeasuresLines) {
    const std::string longest(998, 'x');
    const Scanned fits = scan_dotted(longest + "\r\n.\r\n");
    EXPECT_EQ(fits.facts.longest_line, 1000U);
    EXPECT_EQ(fits.facts.long_lines, 0U);
    const Scanned beyond = scan_dotted(longest + "x\r\n" + longest + "\r\n.\r\n");
    EXPECT_EQ(beyond.facts.longest_line, 1001U);
    EXPECT_EQ(beyond.facts.long_lines, 1U);
    // RFC 5321 4.5.3.1.6: the dot that was added for transparency is not counted.
    const Scanned dotted = scan_dotted(".." + longest.substr(1) + "\r\n.\r\n");
    EXPECT_EQ(dotted.facts.long_lines, 0U);
}

TEST(BodyScanner, LeavesDotsOfCountedTextAlone) {
    const std::string text = "a\r\n.\r\n..b\r\nno end";
    const Scanned seen = scan(BodyScanner::Form::counted, text, 3);
    EXPECT_EQ(seen.text, text);
    EXPECT_FALSE(seen.ended);
    EXPECT_EQ(seen.facts.dots_removed, 0U);
    EXPECT_EQ(seen.facts.lines, 4U);
    EXPECT_FALSE(seen.facts.ends_with_newline);
}

TEST(BodyScanner, SeesEightBitBytesOnlyOfTheText) {
    EXPECT_TRUE(scan_dotted("gr\xc3\xbc\xc3\x9f\r\n.\r\n").facts.eight_bit);
    EXPECT_FALSE(scan_dotted("plain\r\n.\r\n\xff").facts.eight_bit);
}

TEST(BodyScanner, GivesTheSameForEveryDivisionIntoBlocks) {
    constexpr std::uint32_t seed = 20261123;
    std::mt19937 dice(seed);
    constexpr std::string_view alphabet = "\r\n..\r\n..x\xe4";
    for (int round = 0; round < 3000; ++round) {
        std::string wire;
        const std::size_t length = dice() % 200;
        while (wire.size() < length) {
            if (dice() % 8 == 0) wire += std::string(dice() % 90, 'y');
            if (dice() % 4 == 0) wire += "\r\n";
            wire += alphabet[dice() % alphabet.size()];
        }
        const Scanned slow = scan_slowly(wire);
        for (const std::size_t block : {std::size_t(1), std::size_t(2), std::size_t(63),
                                        std::size_t(64), std::size_t(65), std::size_t(1000)}) {
            SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round) +
                         " block " + std::to_string(block));
            const Scanned fast = scan(BodyScanner::Form::dotted, wire, block);
            ASSERT_EQ(fast.ended, slow.ended);
            ASSERT_EQ(fast.taken, slow.taken);
            ASSERT_EQ(fast.text, slow.text);
            ASSERT_EQ(fast.facts.bare_cr, slow.facts.bare_cr);
            ASSERT_EQ(fast.facts.bare_lf, slow.facts.bare_lf);
            ASSERT_EQ(fast.facts.lines, slow.facts.lines);
            ASSERT_EQ(fast.facts.longest_line, slow.facts.longest_line);
            ASSERT_EQ(fast.facts.dots_removed, slow.facts.dots_removed);
            ASSERT_EQ(fast.facts.eight_bit, slow.facts.eight_bit);
        }
    }
}

}  // namespace
}  // namespace tern::sink
