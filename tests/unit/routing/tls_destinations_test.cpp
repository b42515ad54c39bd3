// Which line of control/tlsdestinations decides, and which lines defer mail.
#include <gmock/gmock.h>

#include "routing/tls_destinations.hpp"
#include "routing/check.hpp"

namespace tern::routing {
namespace {

/// The number of the line that decides, 0 for none.
std::size_t line_for(std::string_view content, std::string_view name,
                     std::string_view next_hop = {}) {
    const auto line = find_tls_destination(content, name, next_hop);
    return line ? line->number : 0;
}

TEST(TlsDestinations, NamesAreComparedAsALabels) {
    for (const char* key : {"mx.example.org", "MX.Example.ORG", "mx.example.org.",
                            "-mx.example.org", "=mx.example.org", "%mx.example.org",
                            "~mx.example.org", "+mx.example.org", "!mx.example.org",
                            ".example.org", "-.org", "!.example.org", "~.example.org",
                            "+.example.org"})
        EXPECT_EQ(line_for(std::string(key) + ":", "mx.example.org"), 1U) << key;
    EXPECT_EQ(line_for("b\u00fccher.example:", "xn--bcher-kva.example"), 1U);
}

TEST(TlsDestinations, WhatDoesNotFit) {
    for (const char* line :
         {"example.org:", ".mx.example.org:", "x.example.org:", "#mx.example.org:",
          "mx.example.org", "=.example.org:", "%.example.org:", "%*:", "!:", "+:",
          "*.example.org:", "mx.example.org:|||other.example"})
        EXPECT_EQ(line_for(line, "mx.example.org", "dest.example"), 0U) << line;
    EXPECT_EQ(line_for("mx.example.org:|||Dest.example", "mx.example.org", "dest.example"), 1U);
    EXPECT_EQ(line_for("-mx.example.org:", "", ""), 0U);
}

TEST(TlsDestinations, TheServersNameComesBeforeTheDomain) {
    constexpr std::string_view lines = "!example.org:\n-mx.example.net:\n*:";
    EXPECT_EQ(line_for(lines, "mx.example.net", "example.org"), 2U);
    EXPECT_EQ(line_for(lines, "mx2.example.net", "example.org"), 1U);
    EXPECT_EQ(line_for(lines, "mx2.example.net", "www.example.org"), 3U);
    EXPECT_EQ(line_for(lines, "", ""), 3U);
}

TEST(TlsDestinations, TheOrderOfPrefixes) {
    // Each beats all that follow, in any order of lines.
    const std::vector<std::string> order = {
        "!a.b.example:", "!.b.example:", "!.example:", "%a.b.example:", "=a.b.example:",
        "~a.b.example:", "~.b.example:", "a.b.example:", ".b.example:", "-a.b.example:",
        "-.b.example:",  "!*:",          "=*:",        "~*:",           "+*:",
        "-*:",           "*:",           "-:",         ":"};
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
        EXPECT_EQ(line_for(order[i] + "\n" + order[i + 1], "a.b.example"), 1U) << order[i];
        EXPECT_EQ(line_for(order[i + 1] + "\n" + order[i], "a.b.example"), 2U) << order[i];
    }
}

TEST(TlsDestinations, OfEqualKeysTheLastWins) {
    EXPECT_EQ(line_for("-a.example:\n-A.example.:", "a.example"), 2U);
    EXPECT_EQ(line_for("*:\n*:", "a.example"), 2U);
}

TEST(TlsDestinations, WhatChangesNothing) {
    for (const char* line : {"*:", ":*", "*:  ", ":", "*:/etc/ssl/certs/", "*:|HIGH"})
        EXPECT_TRUE(find_tls_destination(line, "a.example", "")->changes_nothing()) << line;
    for (const char* line : {"-*:", "-:", "!*:", "+*:", "~*:", "=*:", "a.example:", ".example:"})
        EXPECT_FALSE(find_tls_destination(line, "a.example", "")->changes_nothing()) << line;
}

TEST(TlsDestinations, MistakesAreThoseThatDeferMail) {
    const std::vector<Mistake> mistakes = check_tls_destinations(
        "# all\n*:\n:*\n-*:\n+example.org:/etc/ssl/certs/\n!example.net:\nno colon\n%*:\n*.x:\n");
    ASSERT_EQ(mistakes.size(), 6U);
    const auto expect = [&mistakes](std::size_t at, std::size_t line, bool defers,
                                    std::string_view phrase) {
        EXPECT_EQ(mistakes[at].origin, (Origin{"control/tlsdestinations", line}));
        EXPECT_EQ(mistakes[at].defers, defers) << line;
        EXPECT_THAT(mistakes[at].what, testing::HasSubstr(std::string(phrase)));
    };
    expect(0, 4, true, "requires TLS for every server that no other line names");
    expect(1, 5, true, "requires TLS for \"example.org\"");
    expect(2, 6, true, "disables TLS for \"example.net\"");
    expect(3, 7, false, "no colon");
    expect(4, 8, false, "\"%*\" matches nothing");
    expect(5, 9, false, "\"*.x\" matches nothing");
}

}  // namespace
}  // namespace tern::routing
