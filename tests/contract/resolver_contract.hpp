// What every dns::Resolver keeps, whatever carries its questions. A host under test has
//     explicit Host(Zone zone);                     serves the zone to a resolver of its own
//     dns::Answer<dns::Mx> mx(name);                runs a look-up to its end, with time enough
//     dns::Addresses addresses(name);
//     dns::Addresses addresses_without_time(name);  with a deadline that has passed
// and is put in with INSTANTIATE_TYPED_TEST_SUITE_P(Which, ResolverContract, Host).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "contract/zone.hpp"
#include "dns/resolver.hpp"

namespace tern::test {

template <class Host>
class ResolverContract : public testing::Test {};

TYPED_TEST_SUITE_P(ResolverContract);

inline IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TYPED_TEST_P(ResolverContract, GivesExchangersInTheOrderReceived) {
    Zone zone;
    zone["example.com"].mx(20, "B.Example.com").mx(10, "a.example.com").mx(20, "c.example.com");
    TypeParam host(zone);
    const dns::Answer<dns::Mx> answer = host.mx("example.com");
    EXPECT_EQ(answer.outcome, dns::Outcome::found);
    EXPECT_THAT(answer.records,
                testing::ElementsAre(dns::Mx{20, "b.example.com"}, dns::Mx{10, "a.example.com"},
                                     dns::Mx{20, "c.example.com"}));
    EXPECT_EQ(answer.detail, "");
}

TYPED_TEST_P(ResolverContract, GivesTheNullMxAsAnEmptyName) {
    Zone zone;
    zone["example.com"].mx(0, "");
    TypeParam host(zone);
    EXPECT_THAT(host.mx("example.com").records, testing::ElementsAre(dns::Mx{0, ""}));
}

TYPED_TEST_P(ResolverContract, TellsNoDataFromNoSuchName) {
    Zone zone;
    zone["example.com"].address("192.0.2.1");
    TypeParam host(zone);
    EXPECT_EQ(host.mx("example.com").outcome, dns::Outcome::no_data);
    EXPECT_EQ(host.mx("example.net").outcome, dns::Outcome::no_such_name);
    const dns::Addresses none = host.addresses("example.net");
    EXPECT_EQ(none.ipv4.outcome, dns::Outcome::no_such_name);
    EXPECT_EQ(none.ipv6.outcome, dns::Outcome::no_such_name);
}

TYPED_TEST_P(ResolverContract, GivesBothFamilies) {
    Zone zone;
    zone["mx.example"].address("192.0.2.1").address("2001:db8::1").address("192.0.2.2");
    zone["six.example"].address("2001:db8::6");
    TypeParam host(zone);
    const dns::Addresses both = host.addresses("mx.example");
    EXPECT_THAT(both.ipv4.records, testing::ElementsAre(ip("192.0.2.1"), ip("192.0.2.2")));
    EXPECT_THAT(both.ipv6.records, testing::ElementsAre(ip("2001:db8::1")));
    const dns::Addresses six = host.addresses("six.example");
    EXPECT_EQ(six.ipv4.outcome, dns::Outcome::no_data);
    EXPECT_THAT(six.ipv6.records, testing::ElementsAre(ip("2001:db8::6")));
}

TYPED_TEST_P(ResolverContract, OneFamilysTroubleLeavesTheOtherAlone) {
    Zone zone;
    zone["mx.example"].address("192.0.2.1").servfails = {Kind::ipv6};
    zone["six.example"].address("2001:db8::6").mute = {Kind::ipv4};
    TypeParam host(zone);
    const dns::Addresses found = host.addresses("mx.example");
    EXPECT_THAT(found.ipv4.records, testing::ElementsAre(ip("192.0.2.1")));
    EXPECT_EQ(found.ipv6.outcome, dns::Outcome::failed);
    const dns::Addresses six = host.addresses("six.example");
    EXPECT_EQ(six.ipv4.outcome, dns::Outcome::failed);
    EXPECT_THAT(six.ipv6.records, testing::ElementsAre(ip("2001:db8::6")));
}

TYPED_TEST_P(ResolverContract, SaysWhatFailed) {
    Zone zone;
    zone["example.com"].servfails = {Kind::mx};
    zone["mute.example"].mute = {Kind::mx};
    TypeParam host(zone);
    const dns::Answer<dns::Mx> refused = host.mx("example.com");
    EXPECT_EQ(refused.outcome, dns::Outcome::failed);
    EXPECT_THAT(refused.detail, testing::HasSubstr("SERVFAIL"));
    const dns::Answer<dns::Mx> unheard = host.mx("mute.example");
    EXPECT_EQ(unheard.outcome, dns::Outcome::failed);
    EXPECT_THAT(unheard.detail, testing::HasSubstr("did not answer"));
}

TYPED_TEST_P(ResolverContract, FollowsAliases) {
    Zone zone;
    zone["example.com"].alias = "b.example";
    zone["b.example"].alias = "c.example";
    zone["c.example"].mx(10, "mx.example").address("192.0.2.3");
    zone["nowhere.example"].alias = "gone.example";
    TypeParam host(zone);
    EXPECT_THAT(host.mx("example.com").records, testing::ElementsAre(dns::Mx{10, "mx.example"}));
    const dns::Addresses found = host.addresses("example.com");
    EXPECT_THAT(found.ipv4.records, testing::ElementsAre(ip("192.0.2.3")));
    EXPECT_EQ(found.ipv6.outcome, dns::Outcome::no_data);
    EXPECT_EQ(host.mx("nowhere.example").outcome, dns::Outcome::no_such_name);
}

TYPED_TEST_P(ResolverContract, AliasesThatNeverEndAreTrouble) {
    Zone zone;
    zone["example.com"].alias = "b.example";
    zone["b.example"].alias = "example.com";
    for (int i = 0; i < 26; ++i)
        zone["a" + std::to_string(i)].alias = "a" + std::to_string(i + 1);
    TypeParam host(zone);
    for (const char* name : {"example.com", "a0"}) {
        const dns::Answer<dns::Mx> answer = host.mx(name);
        EXPECT_EQ(answer.outcome, dns::Outcome::failed) << name;
        EXPECT_THAT(answer.detail, testing::HasSubstr("CNAME")) << name;
    }
}

TYPED_TEST_P(ResolverContract, GivesLargeAnswersWhole) {
    Zone zone;
    for (int i = 0; i < 200; ++i)
        zone["example.com"].mx(static_cast<std::uint16_t>(i),
                               "mx" + std::to_string(i) + ".example");
    zone["example.com"].truncates = {Kind::mx};
    TypeParam host(zone);
    const dns::Answer<dns::Mx> answer = host.mx("example.com");
    ASSERT_EQ(answer.records.size(), 200U) << answer.detail;
    EXPECT_EQ(answer.records.back(), (dns::Mx{199, "mx199.example"}));
}

TYPED_TEST_P(ResolverContract, IsAuthenticWhenEveryLinkOfTheChainIs) {
    Zone zone;
    zone["signed.example"].mx(10, "mx.example").authentic = true;
    zone["plain.example"].mx(10, "mx.example");
    zone["half.example"].alias = "plain.example";
    zone["half.example"].authentic = true;
    zone["other.example"].alias = "signed.example";
    zone["whole.example"].alias = "signed.example";
    zone["whole.example"].authentic = true;
    TypeParam host(zone);
    EXPECT_TRUE(host.mx("signed.example").authentic);
    EXPECT_TRUE(host.mx("whole.example").authentic);
    EXPECT_FALSE(host.mx("plain.example").authentic);
    EXPECT_FALSE(host.mx("half.example").authentic);
    EXPECT_FALSE(host.mx("other.example").authentic);
}

TYPED_TEST_P(ResolverContract, WithoutTimeFailsAndSaysSo) {
    Zone zone;
    zone["mx.example"].address("192.0.2.1").mute = {Kind::ipv4, Kind::ipv6};
    TypeParam host(zone);
    const dns::Addresses answer = host.addresses_without_time("mx.example");
    EXPECT_EQ(answer.ipv4.outcome, dns::Outcome::failed);
    EXPECT_EQ(answer.ipv6.outcome, dns::Outcome::failed);
    EXPECT_NE(answer.ipv4.detail, "");
}

REGISTER_TYPED_TEST_SUITE_P(ResolverContract, GivesExchangersInTheOrderReceived,
                            GivesTheNullMxAsAnEmptyName, TellsNoDataFromNoSuchName,
                            GivesBothFamilies, OneFamilysTroubleLeavesTheOtherAlone,
                            SaysWhatFailed, FollowsAliases, AliasesThatNeverEndAreTrouble,
                            GivesLargeAnswersWhole, IsAuthenticWhenEveryLinkOfTheChainIs,
                            WithoutTimeFailsAndSaysSo);

}  // namespace tern::test
