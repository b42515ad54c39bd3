// Exchangers: order, chance among equals, ourselves, the null MX, and what is never dialled.
#include "delivery/exchangers.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "base/text.hpp"
#include "support/simulated_environment.hpp"
#include "unit/delivery/told_resolver.hpp"

namespace tern::delivery {
namespace {

using test::SimulatedEnvironment;

/// The groups of a next hop in words: "a[192.0.2.1 2001:db8::1] b[...] | c[...]", or the failure.
class Walk {
    SimulatedEnvironment environment_{1};
    test::NoDialer dialer_;

public:
    SimulatedEnvironment& environment() { return environment_; }
    test::ToldResolver resolver{environment_.simulation, environment_.records};
    routing::FamilyChoice families = routing::FamilyChoice::ipv4_first;
    Failure none_left = Failure(Stage::start, Cause::cancelled, "");
    bool reaches_all = false;  // every exchanger is connected to
    Duration took{};

    std::string of(const routing::NextHop& hop) {
        Environment seen = environment_.with(resolver, dialer_);
        Exchangers exchangers(seen, std::chrono::seconds(30), families);
        const Time began = environment_.simulation.now();
        Result<Done> found = run(exchangers.find(hop));
        if (!found) return fault(found.error());
        std::string words;
        for (;;) {
            Result<std::vector<Exchanger>> group = run(exchangers.next_group());
            if (!group) return fault(group.error());
            if (group->empty()) break;
            if (!words.empty()) words += " | ";
            for (const Exchanger& exchanger : *group) {
                words += shown(exchanger);
                if (reaches_all && exchanger.name) exchangers.note_reached(*exchanger.name);
            }
        }
        took = environment_.simulation.now() - began;
        none_left = exchangers.none_left();
        return words;
    }

    std::string of(std::string_view host, std::string_view routes = "") {
        routing::RouteFiles files;
        files.smtproutes = routes;
        return of(
            routing::next_hops(*routing::find_route(files, host, "alice@sender.example"), host)
                ->at(0));
    }

private:
    template <class T>
    Result<T> run(Task<T> task) {
        task.start();
        while (!task.finished() && environment_.simulation.step()) {}
        EXPECT_TRUE(task.finished());
        return task.take();
    }

    static std::string fault(const Failure& failure) {
        switch (failure.cause) {
            case Cause::no_such_host: return "no such host";
            case Cause::null_mx: return "null MX";
            case Cause::name_service: return "trouble";
            case Cause::resources: return "resources";
            default: return "?";
        }
    }

    static std::string shown(const Exchanger& exchanger) {
        std::string words = exchanger.name ? exchanger.name->ascii() : std::string();
        words += '[';
        for (const Endpoint& endpoint : exchanger.endpoints) {
            if (words.back() != '[') words += ' ';
            words += endpoint.address.to_string();
            if (endpoint.port != 25) words += concat(":", endpoint.port);
        }
        return words + ']';
    }
};

TEST(Exchangers, GoByPreference) {
    Walk walk;
    walk.environment().add_exchanger("x.net", 30, "c");
    walk.environment().add_exchanger("x.net", 10, "a");
    walk.environment().add_exchanger("x.net", 20, "b");
    walk.environment().add_address("a", "192.0.2.1");
    walk.environment().add_address("b", "192.0.2.2");
    walk.environment().add_address("c", "192.0.2.3");
    EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1] | b[192.0.2.2] | c[192.0.2.3]");
}

// RFC 5321 5.1: equals in random order, each as often as another.
TEST(Exchangers, AreShuffledAmongEquals) {
    Walk walk;
    for (const char* name : {"a", "b", "c"}) walk.environment().add_exchanger("x.net", 10, name);
    walk.environment().add_address("a", "192.0.2.1");
    walk.environment().add_address("b", "192.0.2.2");
    walk.environment().add_address("c", "192.0.2.3");
    std::map<std::string, unsigned> orders;
    constexpr unsigned times = 6000;
    for (unsigned i = 0; i < times; ++i) {
        std::string order;
        for (const char c : walk.of("x.net"))
            if (c >= 'a' && c <= 'c') order += c;
        ++orders[order];
    }
    EXPECT_EQ(orders.size(), 6U);
    for (const auto& [order, count] : orders) {
        EXPECT_GT(count, times / 6 * 8 / 10) << order;
        EXPECT_LT(count, times / 6 * 12 / 10) << order;
    }
}

TEST(Exchangers, FamiliesAlternate) {
    Walk walk;
    for (const char* address : {"192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3"})
        walk.environment().add_address("x.net", address);
    EXPECT_EQ(walk.of("x.net"), "x.net[192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3]");
}

TEST(Exchangers, WithoutMxTheDomainItself) {
    Walk walk;
    walk.environment().add_address("x.net", "2001:db8::1");
    EXPECT_EQ(walk.of("x.net"), "x.net[2001:db8::1]");
}

TEST(Exchangers, TroubleIsTold) {
    Walk walk;
    EXPECT_EQ(walk.of("nowhere.net"), "no such host");
    walk.environment().records.mx["x.net"];
    EXPECT_EQ(walk.of("x.net"), "trouble");
    walk.environment().add_exchanger("null.net", 0, "");
    EXPECT_EQ(walk.of("null.net"), "null MX");
}

// RFC 7505 3: beside others the null MX is a mistake.
TEST(Exchangers, ANullMxBesideOthersIsPassedOver) {
    Walk walk;
    walk.environment().add_exchanger("x.net", 0, "");
    walk.environment().add_exchanger("x.net", 10, "a");
    walk.environment().add_address("a", "192.0.2.1");
    EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1]");
}

TEST(Exchangers, OurselvesAndWhatIsNoBetterAreLeftOut) {
    Walk walk;
    walk.environment().local_addresses.ours.insert(*IpAddress::parse("192.0.2.9"));
    walk.environment().add_exchanger("x.net", 10, "a");
    walk.environment().add_exchanger("x.net", 20, "b");
    walk.environment().add_exchanger("x.net", 20, "us");
    walk.environment().add_exchanger("x.net", 30, "c");
    walk.environment().add_address("a", "192.0.2.1");
    walk.environment().add_address("b", "192.0.2.2");
    walk.environment().add_address("us", "192.0.2.9");
    walk.environment().add_address("c", "192.0.2.3");
    for (int i = 0; i < 20; ++i) EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1]");
    walk.environment().records.ipv4.erase("a");
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::loops_back);
    EXPECT_EQ(walk.none_left.detail,
              "x.net; us has the address 192.0.2.9, which is an address of this host; "
              "a does not exist");
    walk.environment().records.ipv4["a"];  // fails
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::name_service);
}

TEST(Exchangers, RelaysMayBeOurselves) {
    Walk walk;
    walk.environment().local_addresses.ours.insert(*IpAddress::parse("192.0.2.9"));
    walk.environment().add_address("us", "192.0.2.9");
    walk.environment().add_exchanger("us", 10, "wrong");
    EXPECT_EQ(walk.of("x.net", ":us:26"), "us[192.0.2.9:26]");
    EXPECT_EQ(walk.of("x.net", ":[192.0.2.9]"), "[192.0.2.9]");
    EXPECT_EQ(walk.of("[192.0.2.9]"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::loops_back);
    EXPECT_EQ(walk.none_left.detail, "192.0.2.9, an address of this host");
    EXPECT_EQ(walk.of("x.net", ":nowhere"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::no_relay);
    EXPECT_EQ(walk.none_left.detail, "the relay nowhere does not exist");
}

TEST(Exchangers, SomeAddressesAreNeverDialled) {
    Walk walk;
    for (const char* address :
         {"224.0.0.1", "255.255.255.255", "169.254.0.1", "ff02::1", "fe80::1"})
        walk.environment().add_address("x.net", address);
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::no_address);
    walk.environment().add_address("x.net", "192.0.2.1");
    EXPECT_EQ(walk.of("x.net"), "x.net[192.0.2.1]");
    EXPECT_EQ(walk.of("[224.0.0.1]"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::no_address);
}

TEST(Exchangers, NamesThatCannotExistArePassedOver) {
    Walk walk;
    walk.environment().add_exchanger("x.net", 10, "a b/c");
    walk.environment().add_exchanger("x.net", 10, "../../etc");
    walk.environment().add_exchanger("x.net", 20, "a");
    walk.environment().add_address("a", "192.0.2.1");
    EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1]");
}

// contract.md#exchangers: with neither MX nor address, as the old program said.
TEST(Exchangers, ADomainWithNeitherMxNorAddressIsNoHost) {
    Walk walk;
    walk.environment().records.ipv4["x.net"].outcome = dns::Outcome::no_data;
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::no_such_host);
    walk.environment().add_address("x.net", "224.0.0.5");
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::no_address);
    EXPECT_EQ(walk.none_left.detail,
              "The host is x.net; it has no MX record and has no usable address (224.0.0.5).");
}

// The same section: each exchanger, five at most, and what is wrong with it.
TEST(Exchangers, WhatIsWrongWithEachIsNamed) {
    Walk walk;
    const char* const names[] = {"192.0.2.1", "2001:db8::1", "a b", "gone",
                                 "empty",     "group",       "six"};
    for (std::uint16_t i = 0; i < 5; ++i) walk.environment().add_exchanger("x.net", i, names[i]);
    walk.environment().records.ipv4["empty"].outcome = dns::Outcome::no_data;
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::no_address);
    EXPECT_EQ(walk.none_left.detail,
              "The host is x.net; its mail exchangers are not usable: 192.0.2.1 is an IP address, "
              "not a host name; 2001:db8::1 is not a valid host name; a b is not a valid host "
              "name; gone does not exist; empty has no address.");
    for (std::uint16_t i = 5; i < 7; ++i) walk.environment().add_exchanger("x.net", i, names[i]);
    walk.environment().add_address("group", "224.0.0.5");
    walk.environment().add_address("group", "ff02::1");
    walk.environment().add_address("six", "2001:db8::6");
    walk.families = routing::FamilyChoice::ipv4_only;
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_THAT(walk.none_left.detail, testing::HasSubstr("empty has no address; and 2 more."));
    walk.environment().records.mx["x.net"].records.erase(
        walk.environment().records.mx["x.net"].records.begin(),
        walk.environment().records.mx["x.net"].records.begin() + 5);
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.detail,
              "The host is x.net; its mail exchangers are not usable: group has no usable address "
              "(224.0.0.5, ff02::1); six has only addresses of the family that "
              "control/addresspreference excludes.");
}

// The same section: exchangers that no limit let us look up may have addresses: never D.
TEST(Exchangers, AreLookedUpAsFarAsTheLimitAllows) {
    Walk walk;
    for (std::uint16_t i = 0; i < 300; ++i)
        walk.environment().add_exchanger("x.net", i, concat("gone", i));
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::name_service);
    EXPECT_EQ(walk.none_left.detail,
              "200 of the 300 mail exchangers of x.net were not looked up: the limit for one "
              "delivery was reached");
    EXPECT_EQ(walk.resolver.addresses_asked.size(), Exchangers::most_names);
    walk.environment().add_address("gone20", "192.0.2.20");
    EXPECT_EQ(walk.of("x.net"), "gone20[192.0.2.20]");
    walk.environment().records.mx["x.net"].records.resize(20);
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::no_address);
}

TEST(Exchangers, AllLookUpsTogetherAreBoundedInTime) {
    Walk walk;
    for (std::uint16_t i = 0; i < 50; ++i) {
        walk.environment().add_exchanger("x.net", i, concat("mute", i));
        walk.environment().records.unanswered.insert(concat("mute", i));
    }
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::name_service);
    EXPECT_LT(walk.took, std::chrono::seconds(121));
}

TEST(Exchangers, AnExchangerListedAgainIsLookedUpOnce) {
    Walk walk;
    constexpr std::uint16_t preferences[] = {30, 10, 20, 10};
    for (const std::uint16_t preference : preferences)
        walk.environment().add_exchanger("x.net", preference, "a");
    walk.environment().add_exchanger("x.net", 20, "b");
    walk.environment().add_address("a", "192.0.2.1");
    walk.environment().add_address("b", "192.0.2.2");
    EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1] | b[192.0.2.2]");
    EXPECT_THAT(walk.resolver.addresses_asked, testing::ElementsAre("a", "b"));
}

// RFC 8305 3, and what becomes of the answer that was not waited for.
class LateAnswer : public testing::Test {
protected:
    LateAnswer() {
        walk.environment().add_exchanger("x.net", 10, "a");
        walk.environment().add_exchanger("x.net", 20, "b");
        walk.environment().add_address("a", "192.0.2.1");
        walk.environment().add_address("a", "2001:db8::1");
        walk.environment().add_address("b", "192.0.2.2");
    }
    Walk walk;
};

TEST_F(LateAnswer, OfOneFamilyThatNeverComesCostsLittle) {
    walk.environment().records.ipv6_delays["a"] = Duration::max();
    walk.environment().records.ipv6_delays["b"] = Duration::max();
    walk.reaches_all = true;
    EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1] | b[192.0.2.2]");
    EXPECT_LT(walk.took, std::chrono::seconds(1));
    walk.reaches_all = false;
    EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1] | b[192.0.2.2]");
    EXPECT_LT(walk.took, std::chrono::seconds(13));
    EXPECT_EQ(walk.none_left.cause, Cause::name_service);
}

TEST_F(LateAnswer, IsUsedBeforeTheNextPreferenceIfItIsThere) {
    walk.environment().records.ipv4_delays["a"] = std::chrono::milliseconds(60);
    EXPECT_EQ(walk.of("x.net"), "a[2001:db8::1] | a[192.0.2.1] | b[192.0.2.2]");
}

TEST_F(LateAnswer, IsUsedAfterAllOthersIfItTakesLonger) {
    walk.environment().records.ipv4_delays["a"] = std::chrono::seconds(4);
    EXPECT_EQ(walk.of("x.net"), "a[2001:db8::1] | b[192.0.2.2] | a[192.0.2.1]");
}

TEST_F(LateAnswer, IsWaitedForWhereTheOtherFamilyIsOfNoUse) {
    walk.environment().records.ipv6_delays["a"] = std::chrono::seconds(4);
    walk.families = routing::FamilyChoice::ipv6_only;
    EXPECT_EQ(walk.of("x.net"), "a[2001:db8::1]");
    walk.families = routing::FamilyChoice::ipv4_first;
    walk.environment().records.ipv4["a"].records = {*IpAddress::parse("224.0.0.5")};
    EXPECT_EQ(walk.of("x.net"), "a[2001:db8::1] | b[192.0.2.2]");
    walk.environment().records.ipv6_delays["a"] = Duration::max();
    walk.environment().records.mx["x.net"].records.resize(1);
    EXPECT_EQ(walk.of("x.net"), "");
    EXPECT_EQ(walk.none_left.cause, Cause::name_service);
}

TEST_F(LateAnswer, MayShowThatTheExchangerIsThisHost) {
    walk.environment().local_addresses.ours.insert(*IpAddress::parse("2001:db8::1"));
    walk.environment().records.ipv6_delays["a"] = std::chrono::milliseconds(60);
    walk.environment().add_address("a", "2001:db8::2");
    EXPECT_EQ(walk.of("x.net"), "a[192.0.2.1]");
    EXPECT_EQ(walk.none_left.cause, Cause::loops_back);
}

TEST_F(LateAnswer, OfARelayIsNotLostEither) {
    walk.environment().records.ipv4_delays["a"] = std::chrono::seconds(4);
    EXPECT_EQ(walk.of("x.net", ":a:26"), "a[2001:db8::1:26] | a[192.0.2.1:26]");
}

TEST(Exchangers, UnknownInterfacesAreTrouble) {
    Walk walk;
    walk.environment().local_addresses.unknown = true;
    walk.environment().add_address("x.net", "192.0.2.1");
    EXPECT_EQ(walk.of("x.net"), "resources");
}

}  // namespace
}  // namespace tern::delivery
