// Netstrings: written, and read from servers that may say anything, in pieces of any size.
#include "smtp/netstring.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace tern::smtp {
namespace {

using State = NetstringReader::State;

TEST(Netstring, Written) {
    EXPECT_EQ(netstring(""), "0:,");
    EXPECT_EQ(netstring("hello world!"), "12:hello world!,");
    EXPECT_EQ(netstring(std::string_view("\0,\n", 3)), std::string("3:\0,\n,", 6));
    EXPECT_EQ(netstring_prefix(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615:");
}

struct Read {
    State state;
    std::string text;
    std::size_t taken;
    friend bool operator==(const Read&, const Read&) = default;
};

void PrintTo(const Read& read, std::ostream* out) {
    *out << static_cast<int>(read.state) << " \"" << read.text << "\" " << read.taken;
}

// Whole, and in pieces of every size: always the same.
Read read(std::string_view bytes) {
    NetstringReader whole;
    Read outcome{whole.state(), "", whole.feed(bytes)};
    outcome.state = whole.state();
    outcome.text = whole.text();
    EXPECT_EQ(whole.state() == State::malformed, !whole.trouble().empty());
    for (std::size_t piece = 1; piece < std::min<std::size_t>(bytes.size(), 20); ++piece) {
        NetstringReader parted;
        std::size_t taken = 0;
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            taken += parted.feed(bytes.substr(at, piece));
        EXPECT_EQ((Read{parted.state(), parted.text(), taken}), outcome) << "pieces of " << piece;
    }
    return outcome;
}

TEST(Netstring, Reads) {
    EXPECT_EQ(read("0:,"), (Read{State::complete, "", 3}));
    EXPECT_EQ(read("3:Kok,"), (Read{State::complete, "Kok", 6}));
    EXPECT_EQ(read("3:Kok,2:no,"), (Read{State::complete, "Kok", 6}));
    EXPECT_EQ(read(std::string_view("4:K\0,\r,", 7)),
              (Read{State::complete, std::string("K\0,\r", 4), 7}));
    EXPECT_EQ(read("10:0123456789,").text, "0123456789");
}

TEST(Netstring, WaitsForTheRest) {
    for (const std::string_view part : {"", "1", "12", "12:", "12:hello", "12:hello world!", "0:"})
        EXPECT_EQ(read(part).state, State::more) << part;
}

TEST(Netstring, Malformed) {
    for (const std::string_view wrong :
         {":", ",", "K", "-1:", "+1:a,", " 1:a,", "1 :a,", "1;a,", "00:,", "01:a,", "007:", "0x1:",
          "3:Kok;", "3:Koks,", "0:a", "250 ok\r\n", "1:a\n", "\n3:Kok,"})
        EXPECT_EQ(read(wrong).state, State::malformed) << wrong;
    EXPECT_EQ(read(std::string_view("\0", 1)).state, State::malformed);
}

TEST(Netstring, HugeLengthsAreMalformedAsLengths) {
    EXPECT_EQ(read("1048576:").state, State::more);
    for (const std::string_view huge :
         {"1048577", "9999999", "18446744073709551616", "99999999999999999999999999999999"})
        EXPECT_EQ(read(huge), (Read{State::malformed, "", 7}));
}

TEST(Netstring, KeepsSoMuchAndDropsTheRest) {
    const std::string longest(longest_reply, 'x');
    const Read outcome = read(netstring(longest));
    EXPECT_EQ(outcome.state, State::complete);
    EXPECT_EQ(outcome.text, std::string(reported_text, 'x'));
    EXPECT_EQ(outcome.taken, longest_reply + 9);
}

}  // namespace
}  // namespace tern::smtp
