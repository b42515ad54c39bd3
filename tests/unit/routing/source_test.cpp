// Source addresses and hello names, by sender domain and family, and what their checks say.
#include "routing/source.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "routing/check.hpp"
#include "routing/source_lines.hpp"

namespace tern::routing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string shown(const Result<Source>& source) {
    if (!source) return source.error().detail;
    if (source->origin == Origin()) return "the system's choice";
    return concat(source->address ? source->address->to_string() : "any",
                  source->hello_name.empty() ? "" : " as " + source->hello_name, " by ",
                  source->origin.to_string());
}

std::string by_domainips(std::string_view content, std::string_view sender,
                         Family family = Family::ipv4) {
    SourceFiles files;
    files.domainips = content;
    return shown(find_source(files, Route(), sender, family));
}

std::string by_outgoingip(std::string_view content, Family family = Family::ipv4) {
    SourceFiles files;
    (family == Family::ipv4 ? files.outgoingip : files.outgoingip6) = content;
    return shown(find_source(files, Route(), "bob@x.org", family));
}

std::string hello(std::string_view content, std::string_view local) {
    const auto name = find_hello_name(content, *IpAddress::parse(local));
    return name ? name->value_or("none") : name.error().detail;
}

std::vector<std::string> says(const std::vector<Mistake>& mistakes) {
    std::vector<std::string> all;
    for (const Mistake& mistake : mistakes)
        all.push_back(concat(mistake.origin.line, ": ", mistake.what));
    return all;
}

TEST(HelloName, OfDomainipsThenOfHelohostbyipThenTheUsual) {
    struct Row {
        std::string_view domainips, helohostbyip, name;
    };
    constexpr std::string_view by_ip = "192.0.2.1:by-ip.example\n";
    constexpr std::string_view of_another = "192.0.2.2:by-ip.example\n";
    for (const Row& row : {Row{"", "", "me.example"}, Row{"", of_another, "me.example"},
                           Row{"", by_ip, "by-ip.example"},
                           Row{"by-domain.example", by_ip, "by-domain.example"},
                           Row{"by-domain.example", "", "by-domain.example"}}) {
        SourceFiles files;
        files.helohostbyip = row.helohostbyip;
        Source source;
        source.hello_name = row.domainips;
        EXPECT_EQ(hello_name_for(files, source, "me.example", *IpAddress::parse("192.0.2.1")),
                  std::string(row.name));
    }
    SourceFiles files;
    files.helohostbyip = "192.0.2.1:\n";
    const auto wrong =
        hello_name_for(files, Source(), "me.example", *IpAddress::parse("192.0.2.1"));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().cause, Cause::control_file);
}

TEST(Outgoingip, ItsFirstLine) {
    EXPECT_EQ(by_outgoingip(""), "the system's choice");
    EXPECT_EQ(by_outgoingip(" \n"), "the system's choice");
    EXPECT_EQ(by_outgoingip("192.0.2.1 \n"), "192.0.2.1 by control/outgoingip, line 1");
    EXPECT_EQ(by_outgoingip("192.0.2.1\nnonsense"), "192.0.2.1 by control/outgoingip, line 1");
    EXPECT_EQ(by_outgoingip("0.0.0.0"), "any by control/outgoingip, line 1");
    EXPECT_EQ(by_outgoingip("::", Family::ipv6), "any by control/outgoingip6, line 1");
    EXPECT_EQ(by_outgoingip("[2001:db8::1]", Family::ipv6),
              "2001:db8::1 by control/outgoingip6, line 1");
    EXPECT_EQ(by_outgoingip("2001:db8::1"),
              "control/outgoingip, line 1: \"2001:db8::1\" is not an IPv4 address "
              "(write it into control/outgoingip6)");
    EXPECT_THAT(by_outgoingip("::ffff:192.0.2.1", Family::ipv6),
                StartsWith("control/outgoingip6, line 1: "));
    EXPECT_THAT(by_outgoingip("mail.example"), HasSubstr("is not an IP address"));
    EXPECT_THAT(by_outgoingip("0"), HasSubstr("is not an IP address"));
    // What is quoted ends at a blank, and is an address here.
    EXPECT_THAT(by_outgoingip("192.0.2.1 # office"),
                HasSubstr("\"192.0.2.1\" is followed by other text (remove it)"));
}

TEST(Outgoingip, OneFamilyDoesNotHinderTheOther) {
    SourceFiles files;
    files.outgoingip = "nonsense";
    EXPECT_EQ(shown(find_source(files, Route(), "", Family::ipv6)), "the system's choice");
    EXPECT_THAT(says(check_outgoingip("nonsense\n\nmore\nand more", Family::ipv6)),
                ElementsAre(StartsWith("1: \"nonsense\" is not an IP address"),
                            StartsWith("3: the line is ignored")));
    EXPECT_THAT(check_outgoingip("192.0.2.1\n# a comment\n", Family::ipv4), IsEmpty());
    EXPECT_THAT(check_outgoingip("", Family::ipv4), IsEmpty());
}

TEST(Domainips, TheLineThatDecides) {
    struct Row {
        const char* content;
        const char* sender;
        const char* expected;
    };
    const std::vector<Row> rows{
        {"x.org:192.0.2.1", "bob@x.org", "192.0.2.1 by control/domainips, line 1"},
        {"X.org.:192.0.2.1", "bob@x.ORG", "192.0.2.1 by control/domainips, line 1"},
        {"x.org:192.0.2.1", "bob@X.org.", "192.0.2.1 by control/domainips, line 1"},
        {"x.org:192.0.2.1", "bob@y.x.org", "the system's choice"},
        {"x.org:192.0.2.1", "x.org", "the system's choice"},
        {"x.org:192.0.2.1", "", "the system's choice"},
        {"*:192.0.2.1", "", "192.0.2.1 by control/domainips, line 1"},
        {"*:192.0.2.1", "bob", "192.0.2.1 by control/domainips, line 1"},
        {"x.org:192.0.2.1\n*:192.0.2.2", "a@b@x.org", "192.0.2.1 by control/domainips, line 1"},
        {"x.org:192.0.2.1\n#\nx.org:192.0.2.2 ", "b@x.org",
         "192.0.2.2 by control/domainips, line 3"},
        {"x.org:192.0.2.1\nx.org:2001:db8::1", "b@x.org", "192.0.2.1 by control/domainips, line 1"},
        {"x.org:2001:db8::1\n*:192.0.2.2", "b@x.org", "192.0.2.2 by control/domainips, line 2"},
        {"x.org:0.0.0.0\n*:192.0.2.2", "b@x.org", "any by control/domainips, line 1"},
        {"x.org:192.0.2.1|mail.x.org", "b@x.org",
         "192.0.2.1 as mail.x.org by control/domainips, line 1"},
        {"[IPv6:2001:db8::1]:192.0.2.1", "b@[ipv6:2001:db8::1]",
         "192.0.2.1 by control/domainips, line 1"},
        {"[192.0.2.9]:[192.0.2.1]", "b@[192.0.2.9]", "192.0.2.1 by control/domainips, line 1"},
        {":192.0.2.1", "", "the system's choice"},
        {"#x:192.0.2.1", "b@#x", "the system's choice"},
        {"x.org: 192.0.2.1 |m", "b@x.org", "192.0.2.1 as m by control/domainips, line 1"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(by_domainips(row.content, row.sender), row.expected)
            << row.content << "  " << row.sender;
    for (const char* address : {"2001:db8::1", "[2001:db8::1]", "[IPv6:2001:db8::1]"})
        EXPECT_EQ(by_domainips(concat("x.org:", address, "|m"), "b@x.org", Family::ipv6),
                  "2001:db8::1 as m by control/domainips, line 1");
}

TEST(Domainips, AMalformedLineDefersWhatItDecides) {
    const char* const words = "control/domainips, line 1: ";
    for (const char* value : {"", "mail", "192.0.2.300", "192.0.2.1|", "192.0.2.1|m\xc3\xbc", "|m"})
        EXPECT_THAT(by_domainips(concat("x.org:", value, "\n*:192.0.2.2"), "b@x.org"),
                    StartsWith(words))
            << value;
    EXPECT_EQ(by_domainips("x.org:mail\nx.org:192.0.2.1", "b@x.org"),
              "192.0.2.1 by control/domainips, line 2");
    EXPECT_EQ(by_domainips("x.org:mail\n*:192.0.2.1", "b@y.org"),
              "192.0.2.1 by control/domainips, line 2");
    // What was meant as IPv4 says nothing of IPv6; "mail" may be either.
    EXPECT_EQ(by_domainips("x.org:192.0.2.300", "b@x.org", Family::ipv6), "the system's choice");
    EXPECT_THAT(by_domainips("x.org:mail", "b@x.org", Family::ipv6), StartsWith(words));
    EXPECT_EQ(by_domainips("x.org:192.0.2.1|", "b@x.org", Family::ipv6), "the system's choice");
}

TEST(Domainips, Check) {
    EXPECT_THAT(says(check_domainips("#\nx.org:192.0.2.1\nx.org:2001:db8::1\nX.ORG.:192.0.2.2\n"
                                     "misspelt\n.y.org:192.0.2.1\n:192.0.2.1\n*:192.0.2.1|\n"
                                     "z.org:mail\nz.org:192.0.2.1\nw.org:mail\nw.org:192.0.2.1\n"
                                     "w.org:::1\n!@:192.0.2.1")),
                ElementsAre(StartsWith("2: line 4 matches the same mail and overrides it"),
                            StartsWith("5: the line has no colon"),
                            StartsWith("6: \".y.org\" matches no sender"),
                            StartsWith("7: the line has no domain"),
                            StartsWith("8: the EHLO name is empty"),
                            StartsWith("9: \"mail\" is not an IP address"),
                            StartsWith("11: \"mail\" is not an IP address"),
                            StartsWith("11: line 13 matches the same mail"),
                            StartsWith("14: \"!@\" matches no sender")));
}

TEST(Sources, TheFileOfTheRouteGoesFirst) {
    SourceFiles files;
    files.domainips = "*:192.0.2.1|m";
    files.outgoingip = "192.0.2.2";
    files.outgoingip6 = "2001:db8::2";
    Route route;
    route.origin = Origin{"control/smtproutes.d/x.net", 3};
    const auto source = [&](Family family) { return shown(find_source(files, route, "", family)); };
    EXPECT_EQ(source(Family::ipv4), "192.0.2.1 as m by control/domainips, line 1");
    EXPECT_EQ(source(Family::ipv6), "2001:db8::2 by control/outgoingip6, line 1");
    route.source_ipv4 = IpAddress::parse("192.0.2.3");
    route.source_ipv6 = IpAddress::parse("::");
    EXPECT_EQ(source(Family::ipv4), "192.0.2.3 by control/smtproutes.d/x.net");
    EXPECT_EQ(source(Family::ipv6), "any by control/smtproutes.d/x.net");
    files.domainips = "*:nonsense";
    EXPECT_EQ(source(Family::ipv4), "192.0.2.3 by control/smtproutes.d/x.net");
}

// contract.md#outgoingip: mail does not leave from an IPv6 address that nobody chose.
TEST(Families, AreThoseWithASource) {
    struct Row {
        const char* outgoingip;
        const char* outgoingip6;
        const char* domainips;
        const char* of_route;   // outgoingip of a file in smtproutes.d
        const char* of_route6;
        bool ipv6_is_used;
    };
    const std::vector<Row> rows{
        {"", "", "", "", "", true},
        {"192.0.2.1", "", "", "", "", false},
        {"192.0.2.1", " \n", "", "", "", false},
        {"192.0.2.1", "::", "", "", "", true},
        {"192.0.2.1", "2001:db8::1", "", "", "", true},
        {"192.0.2.1", "nonsense", "", "", "", true},
        {"nonsense", "", "", "", "", false},
        {"0.0.0.0", "", "", "", "", true},
        {"", "2001:db8::1", "", "", "", true},
        {"", "", "x.org:192.0.2.1", "", "", false},
        {"", "", "x.org:192.0.2.1\n*:2001:db8::1", "", "", true},
        {"", "", "x.org:192.0.2.1\nx.org:::", "", "", true},
        {"", "", "y.org:192.0.2.1", "", "", true},
        {"", "", "x.org:2001:db8::1", "", "", true},
        {"192.0.2.1", "", "x.org:0.0.0.0", "", "", true},
        {"192.0.2.1", "", "x.org:2001:db8::1", "", "", true},
        {"", "", "", "192.0.2.1", "", false},
        {"", "", "", "192.0.2.1", "2001:db8::1", true},
        {"", "2001:db8::1", "", "192.0.2.1", "", true},
        {"192.0.2.1", "", "", "0.0.0.0", "", true},
    };
    for (const Row& row : rows) {
        const SourceFiles files{row.outgoingip, row.outgoingip6, row.domainips, ""};
        Route route;
        route.origin = Origin{"control/smtproutes.d/x.net", 0};
        route.source_ipv4 = IpAddress::parse(row.of_route);
        route.source_ipv6 = IpAddress::parse(row.of_route6);
        const auto families = [&](FamilyChoice preference) {
            return find_families(files, route, "bob@x.org", preference);
        };
        EXPECT_EQ(families(FamilyChoice::ipv4_first), row.ipv6_is_used
                                                          ? FamilyChoice::ipv4_first
                                                          : FamilyChoice::ipv4_by_source)
            << row.outgoingip << ", " << row.outgoingip6 << ", " << row.domainips << ", "
            << row.of_route;
        for (const FamilyChoice chosen :
             {FamilyChoice::ipv6_first, FamilyChoice::ipv6_only, FamilyChoice::ipv4_only})
            EXPECT_EQ(families(chosen), chosen);
    }
}

TEST(Helohostbyip, TheLineThatDecides) {
    EXPECT_EQ(hello("", "192.0.2.1"), "none");
    EXPECT_EQ(hello("192.0.2.1:a\n192.0.2.2:b", "192.0.2.2"), "b");
    EXPECT_EQ(hello("192.0.2.1:a\n192.0.2.1:b \r\n", "192.0.2.1"), "b");
    EXPECT_EQ(hello("#192.0.2.1:a", "192.0.2.1"), "none");
    EXPECT_EQ(hello("192.0.2.1:[192.0.2.1]", "192.0.2.1"), "[192.0.2.1]");
    EXPECT_EQ(hello("192.0.2.1:[IPv6:2001:db8::1]", "192.0.2.1"), "[IPv6:2001:db8::1]");
    for (const char* key : {"2001:db8::1", "2001:DB8:0::1", "[2001:db8::1]", "[IPv6:2001:db8::1]"})
        for (const char* name : {"mail.example", "[IPv6:2001:db8::1]", "beef"})
            EXPECT_EQ(hello(concat(key, ":", name), "2001:db8::1"), name) << key;
    EXPECT_EQ(hello("::ffff:192.0.2.1:a", "192.0.2.1"), "a");
    EXPECT_EQ(hello("nonsense:a\nno colon\n192.0.2.1:b", "192.0.2.1"), "b");
    EXPECT_EQ(hello("192.0.2.1:", "192.0.2.1"),
              "control/helohostbyip, line 1: the EHLO name is empty");
    EXPECT_THAT(hello("\n192.0.2.1:m\xc3\xbc", "192.0.2.1"),
                StartsWith("control/helohostbyip, line 2: the EHLO name contains a byte"));
    EXPECT_EQ(hello("192.0.2.1:\n192.0.2.1:b", "192.0.2.1"), "b");
}

TEST(Helohostbyip, Check) {
    EXPECT_THAT(says(check_helohostbyip("192.0.2.1:a\n\n::1:b\n[::1]:c\nmail:a\nno colon\n"
                                        "192.0.2.2:\n2001:db8::1")),
                ElementsAre(StartsWith("3: line 4 matches the same mail"),
                            StartsWith("5: \"mail\" is not an IP address"),
                            StartsWith("6: the line has no colon"),
                            StartsWith("7: the EHLO name is empty"),
                            StartsWith("8: \"2001:db8:\" is not an IP address")));
}

TEST(HelloNames, AreWhatHelohostTakes) {
    EXPECT_TRUE(is_hello_name("mail.example"));
    EXPECT_TRUE(is_hello_name("two words"));
    EXPECT_FALSE(is_hello_name(""));
    EXPECT_FALSE(is_hello_name("a\tb"));
    EXPECT_FALSE(is_hello_name("a\x7f"));
    EXPECT_FALSE(is_hello_name("m\xc3\xbc"));
}

}  // namespace
}  // namespace tern::routing
