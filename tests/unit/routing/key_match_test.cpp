// How keys match names, and what their canonical forms are.
#include "routing/key_match.hpp"

#include <gmock/gmock.h>

#include "routing/host_port.hpp"
#include "routing/route_key.hpp"

namespace tern::routing {
namespace {

TEST(MatchedBytes, OfWholeNamesAndTheirEnds) {
    struct Row {
        std::string_view key, name, separators;
        std::optional<std::size_t> matched;
    };
    for (const Row& row : {Row{"", "a.net", ".", 0}, Row{"a.net", "a.net", ".", 5},
                           Row{"A.Net", "a.nET", ".", 5}, Row{".net", "a.net", ".", 4},
                           Row{"net", "a.net", ".", std::nullopt},
                           Row{".a.net", "a.net", ".", std::nullopt},
                           Row{".net", "a.net", "", std::nullopt},
                           Row{"@a.net", "b@a.net", "@.", 6},
                           Row{"@a.net", "b@a.net", ".", std::nullopt},
                           Row{".org", "a.net", ".", std::nullopt},
                           Row{"a", "", ".", std::nullopt}, Row{"", "", ".", 0}})
        EXPECT_EQ(matched_bytes(row.key, row.name, row.separators), row.matched)
            << row.key << " and " << row.name;
}

TEST(WithoutFinalDot, KeepsADotAlone) {
    EXPECT_EQ(without_final_dot("a.net."), "a.net");
    EXPECT_EQ(without_final_dot("a.net"), "a.net");
    EXPECT_EQ(without_final_dot(".."), ".");
    EXPECT_EQ(without_final_dot("."), ".");
    EXPECT_EQ(without_final_dot(""), "");
}

TEST(WithALabels, OfADomainOrAnEndOfDomains) {
    EXPECT_EQ(with_a_labels("M\xc3\xbcller.example"), "xn--mller-kva.example");
    EXPECT_EQ(with_a_labels(".m\xc3\xbcller.example"), ".xn--mller-kva.example");
    EXPECT_EQ(with_a_labels("A.Net."), "a.net");
    EXPECT_EQ(with_a_labels("a..net"), std::nullopt);
    EXPECT_EQ(with_a_labels("."), std::nullopt);
}

TEST(EndOfKey, OfDomainsAndSenders) {
    EXPECT_EQ(end_of_domain_key("a.net:b:26"), 5U);
    EXPECT_EQ(end_of_domain_key("[::1]:b"), 5U);
    EXPECT_EQ(end_of_domain_key("[::1:b"), 1U);
    EXPECT_EQ(end_of_domain_key("a.net"), std::string_view::npos);
    EXPECT_EQ(end_of_sender_key("\"a:b\"@c.net:d"), 11U);
    EXPECT_EQ(end_of_sender_key("\"a\\\":b\"@c.net:d"), 13U);
    EXPECT_EQ(end_of_sender_key("\"a:b@c.net"), 2U);
    EXPECT_EQ(end_of_sender_key("a@[IPv6:::1]:b"), 12U);
}

TEST(CanonicalKey, IsLowerCaseAndUnquoted) {
    EXPECT_EQ(canonical_key("A.Net", Keys::domains), "a.net");
    EXPECT_EQ(canonical_key("\"A\\:b\"@C.net", Keys::senders), "a:b@c.net");
    EXPECT_EQ(canonical_key("\"A:b@C.net", Keys::senders), "\"a:b@c.net");
}

TEST(HostPort, Ports) {
    for (const std::string_view wrong : {"", "0", "65536", "x", "99999999999999999999"}) {
        EXPECT_EQ(parse_port(wrong), std::nullopt) << wrong;
        EXPECT_EQ(leading_port(wrong), std::nullopt) << wrong;
    }
    EXPECT_EQ(parse_port("65535"), 65535);
    EXPECT_EQ(parse_port("25x"), std::nullopt);
    EXPECT_EQ(leading_port("25x"), 25);
}

TEST(HostPort, AddressesWithBracketsOrWithoutThem) {
    EXPECT_EQ(parse_address("[192.0.2.1]"), IpAddress::parse("192.0.2.1"));
    EXPECT_EQ(parse_address("[IPv6:2001:db8::1]"), IpAddress::parse("2001:db8::1"));
    EXPECT_EQ(parse_address("2001:db8::1"), IpAddress::parse("2001:db8::1"));
    for (const std::string_view wrong : {"", "[]", "[192.0.2.1", "192.0.2.1]", "a.net"})
        EXPECT_EQ(parse_address(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace tern::routing
