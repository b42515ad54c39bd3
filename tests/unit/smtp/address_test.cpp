// Envelope addresses: what reaches the wire and how, and what never does.
#include "smtp/address.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "base/ascii.hpp"

namespace tern::smtp {
namespace {

TEST(Address, GoesOutAsRfc5321WantsIt) {
    struct Row {
        const char* given;
        const char* wire;
    };
    const std::vector<Row> rows{
        {"bob@example.net", "bob@example.net"},
        {"", ""},
        {"#@[]", "#@[]"},
        {"postmaster", "postmaster"},
        {"o'neil+tag=x@example.net", "o'neil+tag=x@example.net"},
        {"!#$%&'*+-/=?^_`{|}~@x", "!#$%&'*+-/=?^_`{|}~@x"},
        {"first.last@example.net", "first.last@example.net"},
        {"@example.net", "\"\"@example.net"},
        {".x@example.net", "\".x\"@example.net"},
        {"x.@example.net", "\"x.\"@example.net"},
        {"x..y@example.net", "\"x..y\"@example.net"},
        {"a b@example.net", "\"a b\"@example.net"},
        {"a\"b@example.net", "\"a\\\"b\"@example.net"},
        {"a\\b@example.net", "\"a\\\\b\"@example.net"},
        {"a@b@example.net", "\"a@b\"@example.net"},
        {"a>b@example.net", "\"a>b\"@example.net"},
        {"a<b@example.net", "\"a<b\"@example.net"},
        {"(c)@example.net", "\"(c)\"@example.net"},
        {"a,b;c:d@example.net", "\"a,b;c:d\"@example.net"},
        {"\"quoted\"@example.net", "\"\\\"quoted\\\"\"@example.net"},
        {"x@[192.0.2.1]", "x@[192.0.2.1]"},
        {"x@[IPv6:2001:db8::1]", "x@[IPv6:2001:db8::1]"},
        {"x@EXAMPLE.Net.", "x@EXAMPLE.Net."},
        {"x@a_b-c.example", "x@a_b-c.example"},
        {"x@127", "x@127"},
        {"b\xc3\xb6@example.net", "b\xc3\xb6@example.net"},
        {"b\xc3\xb6 x@example.net", "\"b\xc3\xb6 x\"@example.net"},
        {"x@b\xc3\xbc" "cher.example", "x@b\xc3\xbc" "cher.example"},
    };
    for (const Row& row : rows) {
        const auto path = parse_address(row.given);
        ASSERT_TRUE(path) << row.given << ": " << path.error();
        EXPECT_EQ(path->wire(), row.wire);
    }
}

TEST(Address, NeverReachesTheWire) {
    using std::string_literals::operator""s;
    const std::vector<std::string> bad{
        "x@example.net\r\nRCPT TO:<y@example.net>", "x\n@example.net", "x\r@example.net",
        "x\0@example.net"s, "x\t@example.net", "x\x7f@example.net", "\x01",
        "x@", "@", "a@b@", "x@exa mple.net", "x@example.net>", "x@<example.net", "x@.", "x@.net",
        "x@a..b", "x@example.net..", "x@[192.0.2.1", "x@192.0.2.1]", "x@[]", "x@[x]",
        "x@[192.0.2.256]", "x@[IPv6:zz]", "x@exa/mple", "x@exa%mple", "post master", "post>master",
        "<x@example.net>", "x@example.net SIZE=1", "\xff@example.net", "\xc0\xae@example.net",
        "\xed\xa0\x80@example.net", "x@\xff", std::string(longest_address, 'x') + "@example.net"};
    for (const std::string& given : bad) {
        const auto path = parse_address(given);
        ASSERT_FALSE(path) << given;
        EXPECT_FALSE(path.error().empty());
    }
}

TEST(Address, LongOnesPassUpToTheLimit) {
    const std::string domain = "@example.net";
    EXPECT_TRUE(parse_address(std::string(longest_address - domain.size(), 'x') + domain));
    EXPECT_FALSE(parse_address(std::string(longest_address - domain.size() + 1, 'x') + domain));
    // Quoting counts: what matters is the wire.
    EXPECT_FALSE(parse_address(std::string(longest_address - domain.size() - 1, '"') + domain));
}

// Whatever two bytes are put into an address: the wire form has nothing that ends path or line.
TEST(Address, NoPairOfBytesEscapes) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            for (const bool in_domain : {false, true}) {
                std::string given = in_domain ? "x@a" : "a";
                given += static_cast<char>(first);
                given += static_cast<char>(second);
                given += in_domain ? "b" : "b@example.net";
                const auto path = parse_address(given);
                if (!path) continue;
                const std::string wire = path->wire();
                bool quoted = false;
                for (std::size_t i = 0; i < wire.size(); ++i) {
                    ASSERT_FALSE(is_control(wire[i])) << given;
                    const bool ends_path = std::string("<> ()").find(wire[i]) != std::string::npos;
                    ASSERT_TRUE(quoted || !ends_path) << given;
                    if (wire[i] == '\\' && quoted) ++i;
                    else if (wire[i] == '"') quoted = !quoted;
                }
                ASSERT_FALSE(quoted) << given;
            }
        }
    }
}

TEST(Address, IsKnownWithoutQuotingAsWell) {
    for (char a = ' '; a < '\x7f'; ++a)
        for (char b = ' '; b < '\x7f'; ++b)
            for (const std::string& local : {std::string{a, b}, std::string{'x', a, b, 'x'}}) {
                const auto path = parse_address(local + "@example.net");
                ASSERT_TRUE(path);
                ASSERT_EQ(path->raw(), local + "@example.net");
            }
    for (const char* given : {"", "#@[]", "postmaster", "@example.net", "\"a\"@example.net",
                              "b\xc3\xb6@example.net", "a@[192.0.2.1]"})
        EXPECT_EQ(parse_address(given)->raw(), given);
}

TEST(Address, KnowsWhatNeedsSmtputf8) {
    EXPECT_TRUE(parse_address("b\xc3\xb6@example.net")->local_is_internationalised());
    EXPECT_FALSE(parse_address("b@b\xc3\xbc.example")->local_is_internationalised());
}

TEST(Utf8, IsJudgedByRfc3629) {
    for (const char* good :
         {"", "abc", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_utf8(good)) << good;
    for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41",
                            "\xe0\x9f\xbf", "\xed\xa0\x80", "\xef\xbf", "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc3"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
}

}  // namespace
}  // namespace tern::smtp
