// What tern is asked, read from words; and what a route lets one expect.
#include <gmock/gmock.h>

#include "explain/probe/probe.hpp"
#include "explain/check/reader.hpp"
#include "explain/route/route.hpp"

namespace tern::explain {
namespace {

using delivery::Letter;
using routing::NextHop;
using routing::Relay;

NextHop relay(std::string_view host, std::uint16_t port, bool by_mx = false) {
    Relay made{IpAddress(), port, by_mx};
    if (const std::optional<IpAddress> address = IpAddress::parse(host)) made.host = *address;
    else made.host = *dns::Domain::parse(host);
    return made;
}

TEST(ReadTarget, ReadsNamesAndAddresses) {
    EXPECT_EQ(read_target("mx.example", false), relay("mx.example", 25));
    EXPECT_EQ(read_target("MX.example.", false), relay("mx.example", 25));
    EXPECT_EQ(read_target("mx.example:587", false), relay("mx.example", 587));
    EXPECT_EQ(read_target("192.0.2.1", false), relay("192.0.2.1", 25));
    EXPECT_EQ(read_target("192.0.2.1:465", false), relay("192.0.2.1", 465));
    EXPECT_EQ(read_target("[192.0.2.1]", false), relay("192.0.2.1", 25));
    EXPECT_EQ(read_target("2001:db8::25", false), relay("2001:db8::25", 25));
    EXPECT_EQ(read_target("[2001:db8::25]:26", false), relay("2001:db8::25", 26));
    EXPECT_EQ(read_target("[IPv6:2001:db8::25]", false), relay("2001:db8::25", 25));
}

TEST(ReadTarget, ByMxWantsADomain) {
    EXPECT_EQ(read_target("example.org", true), NextHop(*dns::Domain::parse("example.org")));
    EXPECT_EQ(read_target("example.org:26", true), relay("example.org", 26, true));
    EXPECT_EQ(read_target("192.0.2.1", true), std::nullopt);
    EXPECT_EQ(read_target("[2001:db8::25]", true), std::nullopt);
}

TEST(ReadTarget, RefusesWhatIsNone) {
    for (const char* words : {"", ":", "mx.example:", "mx.example:0", "mx.example:65536",
                              "mx.example:x", "mx.example:25x", "[mx.example]", "[192.0.2.1",
                              "[192.0.2.1]25", "a b", "mx..example", "mx.example:25:25",
                              "192.0.2.1:99999999999999999999"})
        EXPECT_EQ(read_target(words, false), std::nullopt) << words;
}

TEST(HostOf, FollowsTheLastAt) {
    EXPECT_EQ(host_of("joe@example.org"), "example.org");
    EXPECT_EQ(host_of("\"a@b\"@example.org"), "example.org");
    EXPECT_EQ(host_of("example.org"), "example.org");
    EXPECT_EQ(host_of("joe@"), "");
}

TEST(FindLocalUser, ReadsPasswd) {
    constexpr std::string_view passwd = "root:x:0:0:root:/root:/bin/bash\n"
                                        "short:x\n"
                                        "qmailr:x:64014:64010::/var/qmail:/bin/false\n";
    const std::optional<LocalUser> found = find_local_user(passwd, "qmailr");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->uid, 64014U);
    EXPECT_EQ(found->gid, 64010U);
    EXPECT_FALSE(find_local_user(passwd, "qmail"));
    EXPECT_FALSE(find_local_user(passwd, "short"));
    EXPECT_FALSE(find_local_user(passwd, ""));
    EXPECT_FALSE(find_local_user("", "qmailr"));
}

TEST(FindLocalUser, TakesNumbers) {
    const std::optional<LocalUser> found = find_local_user("", "64014:64010");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->uid, 64014U);
    EXPECT_EQ(found->gid, 64010U);
    for (const char* words : {"64014:", ":64010", "a:1", "1:b", "-1:1", "1:2:3"})
        EXPECT_FALSE(find_local_user("", words)) << words;
}

/// A route to one server with addresses that deliveries skip or not.
PlannedRoute route_with(std::vector<bool> skipped) {
    PlannedRoute route;
    RoutedServer server;
    for (const bool each : skipped)
        server.addresses.push_back(RoutedAddress{Endpoint{}, each});
    route.hops.push_back(RoutedHop{NextHop(IpAddress()), {server}, std::nullopt});
    return route;
}

TEST(Expectation, IsADeliveryWhereAnAddressIsLeft) {
    EXPECT_EQ(route_with({false}).expectation(), Letter::accepted);
    EXPECT_EQ(route_with({true, false}).expectation(), Letter::accepted);
}

TEST(Expectation, IsADeferralWhereAllAreSkipped) {
    EXPECT_EQ(route_with({true, true}).expectation(), Letter::deferred);
}

TEST(Expectation, IsWhatFailuresMean) {
    PlannedRoute route;
    route.hops.push_back(RoutedHop{NextHop(IpAddress()), {},
                                   Failure(Stage::routing, Cause::null_mx, "a.example")});
    EXPECT_EQ(route.expectation(), Letter::rejected);
    route.hops.back().failure = Failure(Stage::routing, Cause::name_service, "timed out");
    EXPECT_EQ(route.expectation(), Letter::deferred);
    route = route_with({false});
    route.failure = Failure(Stage::routing, Cause::control_file, "control/domainips, line 1");
    EXPECT_EQ(route.expectation(), Letter::deferred);
    route = route_with({false});
    route.faults.push_back("a@b c: no domain");
    EXPECT_EQ(route.expectation(), Letter::rejected);
}

TEST(Expectation, IsADeferralWhereOneOfTheRelaysIsOnlySkipped) {
    PlannedRoute route = route_with({true});
    route.hops.push_back(RoutedHop{NextHop(IpAddress()), {},
                                   Failure(Stage::routing, Cause::no_relay, "the relay x")});
    EXPECT_EQ(route.expectation(), Letter::deferred);
}

}  // namespace
}  // namespace tern::explain
