// What a delivery tries next: each rule of the order and of the limits, without a network.
#include "delivery/itinerary.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"

namespace tern::delivery {
namespace {

using namespace std::chrono_literals;
using Kind = tls::Requirement::Kind;
using testing::ElementsAre;

constexpr Duration time_for_tls = 1260s;
constexpr Verdict another{Letter::deferred, Next::another, false};
constexpr Verdict another_requiring{Letter::deferred, Next::another_requiring, false};
constexpr Verdict tls_failed{Letter::deferred, Next::another, true};
constexpr Verdict without_chunking{Letter::deferred, Next::same_without_chunking, false};

Endpoint at(std::string_view address) {
    return Endpoint{*IpAddress::parse(address)};
}
Endpoint number(unsigned i) {
    return at(concat("192.0.2.", i));
}

tls::Requirement requiring(Kind kind) {
    return {kind, {}, {}, {}};
}

/// A delivery whose connections all succeed, and whose sessions end as the test says.
class Trip {
public:
    void add(std::string name, std::vector<Endpoint> endpoints, Kind kind = Kind::opportunistic) {
        itinerary.add(std::move(name), std::move(endpoints), requiring(kind));
    }
    /// The next step as `its_turn mx 192.0.2.1`; its first endpoint answers and ends with
    /// `verdict`.
    std::string next(const Verdict& verdict) {
        const std::optional<Step> step = itinerary.next(now);
        if (!step) return "nothing";
        itinerary.note_dialled(*step, std::span(step->racing).first(1), true);
        itinerary.note_failed(*step, step->racing.front(), verdict, "the handshake failed", now);
        return shown(*step);
    }
    /// No server answers, each endpoint is tried.
    std::string next_is_dead() {
        const std::optional<Step> step = itinerary.next(now);
        if (!step) return "nothing";
        itinerary.note_dialled(*step, step->racing, false);
        return shown(*step);
    }
    static std::string shown(const Step& step) {
        static constexpr const char* manners[] = {"its turn", "in clear", "by data", "further"};
        std::string words = concat(manners[static_cast<int>(step.manner)], " ", step.server_name);
        for (const Endpoint& endpoint : step.racing)
            words += concat(" ", endpoint.address.to_string());
        return words;
    }

    Itinerary itinerary{time_for_tls};
    Time now{1000s};
};

TEST(Itinerary, ServersInTheirOrderAndAddressesInTheirs) {
    Trip trip;
    trip.add("mx1", {number(1), number(2)});
    trip.add("mx2", {number(3)});
    trip.itinerary.no_more_servers();
    EXPECT_EQ(trip.next(another), "its turn mx1 192.0.2.1");
    EXPECT_EQ(trip.next(another), "its turn mx1 192.0.2.2");
    EXPECT_EQ(trip.next(another), "its turn mx2 192.0.2.3");
    EXPECT_EQ(trip.next(another), "nothing");
    EXPECT_FALSE(trip.itinerary.left_untried());
}

TEST(Itinerary, AnAddressOfTheOtherFamilyRaces) {
    Trip trip;
    trip.add("mx", {number(1), number(2), at("2001:db8::1"), at("2001:db8::2")});
    EXPECT_EQ(trip.next(another), "its turn mx 192.0.2.1 2001:db8::1");
    // The rival was not tried: it comes in its own turn, against the next one.
    EXPECT_EQ(trip.next_is_dead(), "its turn mx 192.0.2.2 2001:db8::1");
    EXPECT_EQ(trip.next(another), "its turn mx 2001:db8::2");
    EXPECT_EQ(trip.next(another), "nothing");
}

// contract.md#connections
TEST(Itinerary, AnAddressIsTriedOnceWhateverNamesLeadToIt) {
    Trip trip;
    for (const char* name : {"mx1", "mx2", "mx3", "mx4", "mx5"}) trip.add(name, {number(1)});
    trip.add("mx6", {number(2)});
    EXPECT_EQ(trip.next(another), "its turn mx1 192.0.2.1");
    EXPECT_EQ(trip.next(another), "its turn mx6 192.0.2.2");
    EXPECT_EQ(trip.next(another), "nothing");
    // Another port is another server.
    Endpoint submission = number(1);
    submission.port = 587;
    trip.add("relay", {submission});
    EXPECT_EQ(trip.next(another), "its turn relay 192.0.2.1");
}

TEST(Itinerary, FiveSessions) {
    Trip trip;
    for (unsigned i = 1; i <= 6; ++i) trip.add(concat("mx", i), {number(i)});
    for (unsigned i = 1; i <= 5; ++i) {
        EXPECT_TRUE(trip.itinerary.wants_servers(trip.now));
        EXPECT_EQ(trip.next(another), concat("its turn mx", i, " 192.0.2.", i));
    }
    EXPECT_FALSE(trip.itinerary.wants_servers(trip.now));
    EXPECT_EQ(trip.next(another), "nothing");
    EXPECT_TRUE(trip.itinerary.left_untried());
}

TEST(Itinerary, FiveSessionsWithNoRecipientLeftLeaveNothingUntried) {
    Trip trip;
    for (unsigned i = 1; i <= 5; ++i) trip.add(concat("mx", i), {number(i)});
    for (unsigned i = 1; i <= 5; ++i) trip.next(another);
    EXPECT_EQ(trip.next(another), "nothing");
    EXPECT_FALSE(trip.itinerary.left_untried());
}

// Twenty connections, and one of them is kept for clear text while that may become necessary.
TEST(Itinerary, TwentyConnections) {
    for (const Kind kind : {Kind::opportunistic, Kind::none, Kind::verified}) {
        Trip trip;
        std::vector<Endpoint> many;
        for (unsigned i = 1; i <= 30; ++i) many.push_back(number(i));
        trip.add("mx", many, kind);
        unsigned made = 0;
        while (trip.next_is_dead() != "nothing") ++made;
        EXPECT_EQ(made, kind == Kind::opportunistic ? 19U : 20U);
        EXPECT_TRUE(trip.itinerary.left_untried());
    }
}

TEST(Itinerary, ARivalIsAConnectionToo) {
    Trip trip;
    std::vector<Endpoint> many;
    for (unsigned i = 1; i <= 20; ++i) {
        many.push_back(number(i));
        many.push_back(at(concat("2001:db8::", i)));
    }
    trip.add("mx", many);
    for (unsigned i = 1; i <= 9; ++i)
        EXPECT_EQ(trip.next_is_dead(), concat("its turn mx 192.0.2.", i, " 2001:db8::", i));
    EXPECT_EQ(trip.next_is_dead(), "its turn mx 192.0.2.10");
    EXPECT_EQ(trip.next_is_dead(), "nothing");
}

// contract.md#required-tls
TEST(Itinerary, AfterTlsThatWasRequiredOnlyServersThatRequireIt) {
    Trip trip;
    trip.add("broken", {number(7)});
    trip.add("mx1", {number(1)}, Kind::verified);
    trip.add("mx2", {number(2)});
    trip.add("mx3", {number(3)}, Kind::encrypted);
    trip.add("mx4", {number(4)}, Kind::none);
    trip.itinerary.no_more_servers();
    EXPECT_EQ(trip.next(tls_failed), "its turn broken 192.0.2.7");
    EXPECT_EQ(trip.next(another_requiring), "its turn mx1 192.0.2.1");
    EXPECT_EQ(trip.next(another), "its turn mx3 192.0.2.3");
    // What was owed in clear is owed no more.
    EXPECT_EQ(trip.next(another), "nothing");
    EXPECT_FALSE(trip.itinerary.left_untried());
}

TEST(Itinerary, AConnectionThatWasNotMadeSaysNothingOfTls) {
    Trip trip;
    trip.add("mx1", {number(1)}, Kind::verified);
    trip.add("mx2", {number(2)});
    EXPECT_EQ(trip.next_is_dead(), "its turn mx1 192.0.2.1");
    EXPECT_EQ(trip.next(another), "its turn mx2 192.0.2.2");
}

// contract.md#clear-retry: five servers whose TLS is broken, and each
// is called again in clear.
TEST(Itinerary, InClearOnceAllOthersAreThrough) {
    Trip trip;
    for (unsigned i = 1; i <= 8; ++i) trip.add(concat("mx", i), {number(i)});
    for (unsigned i = 1; i <= 8; ++i)
        EXPECT_EQ(trip.next(tls_failed), concat("its turn mx", i, " 192.0.2.", i));
    EXPECT_EQ(trip.next(another), "nothing");  // another server may be found
    trip.itinerary.no_more_servers();
    std::optional<Step> clear = trip.itinerary.next(trip.now);
    ASSERT_TRUE(clear);
    EXPECT_EQ(Trip::shown(*clear), "in clear mx1 192.0.2.1");
    EXPECT_EQ(clear->requirement.kind, Kind::none);
    EXPECT_EQ(clear->tls_trouble, "the handshake failed");
    trip.itinerary.note_dialled(*clear, clear->racing, true);
    for (unsigned i = 2; i <= 5; ++i)
        EXPECT_EQ(trip.next(another), concat("in clear mx", i, " 192.0.2.", i));
    EXPECT_EQ(trip.next(another), "nothing");  // five sessions
    EXPECT_TRUE(trip.itinerary.left_untried());
}

TEST(Itinerary, TheLastConnectionIsForClearText) {
    Trip trip;
    for (unsigned i = 1; i <= 30; ++i) trip.add(concat("mx", i), {number(i)});
    trip.itinerary.no_more_servers();
    for (unsigned i = 1; i <= 19; ++i) trip.next(tls_failed);
    EXPECT_EQ(trip.next(another), "in clear mx1 192.0.2.1");
    EXPECT_EQ(trip.next(another), "nothing");
}

TEST(Itinerary, BrokenTlsHasItsTime) {
    Trip trip;
    for (unsigned i = 1; i <= 9; ++i) trip.add(concat("mx", i), {number(i)});
    EXPECT_EQ(trip.itinerary.until(), std::nullopt);
    EXPECT_EQ(trip.itinerary.tls_patience(trip.now), time_for_tls / 3);
    trip.next(tls_failed);
    ASSERT_TRUE(trip.itinerary.until());
    EXPECT_EQ(*trip.itinerary.until(), trip.now + time_for_tls - time_for_tls / 3);
    // However many stall, something is left: each takes a third of what is left at most.
    for (unsigned i = 2; i <= 8; ++i) {
        const Duration timeout = trip.itinerary.tls_patience(trip.now);
        EXPECT_GT(timeout, 10s);
        trip.now += timeout;
        EXPECT_NE(trip.next(tls_failed), "nothing");
    }
    trip.now = *trip.itinerary.until();
    EXPECT_FALSE(trip.itinerary.wants_servers(trip.now));
    EXPECT_EQ(trip.next(another), "nothing");
    EXPECT_TRUE(trip.itinerary.left_untried());
}

TEST(Itinerary, DataInThePlaceOfBdatIsOwedAtOnceAndOnce) {
    Trip trip;
    trip.add("mx1", {number(1)});
    trip.add("mx2", {number(2)});
    EXPECT_EQ(trip.next(without_chunking), "its turn mx1 192.0.2.1");
    const std::optional<Step> step = trip.itinerary.next(trip.now);
    ASSERT_TRUE(step);
    EXPECT_EQ(Trip::shown(*step), "by data mx1 192.0.2.1");
    EXPECT_FALSE(step->chunking);
    trip.itinerary.note_dialled(*step, step->racing, true);
    trip.itinerary.note_failed(*step, step->racing.front(), without_chunking, "", trip.now);
    EXPECT_EQ(trip.next(another), "its turn mx2 192.0.2.2");
}

// contract.md#lost-or-doubled: after the end of data no other address.
TEST(Itinerary, OnlyWhatIsOwedOnceTheEndOfDataWasWritten) {
    Trip trip;
    trip.add("mx1", {number(1)});
    trip.add("mx2", {number(2)});
    trip.itinerary.no_more_servers();
    EXPECT_EQ(trip.next(without_chunking), "its turn mx1 192.0.2.1");
    trip.itinerary.only_what_is_owed();
    EXPECT_FALSE(trip.itinerary.wants_servers(trip.now));
    EXPECT_EQ(trip.next(tls_failed), "by data mx1 192.0.2.1");
    EXPECT_EQ(trip.next(another), "nothing");
}

TEST(Itinerary, FurtherTransactionsComeFirstAndKeepTheManner) {
    Trip trip;
    trip.add("mx1", {number(1)});
    trip.add("mx2", {number(2)});
    const std::optional<Step> step = trip.itinerary.next(trip.now);
    ASSERT_TRUE(step);
    trip.itinerary.note_dialled(*step, step->racing, true);
    Step in_another_manner = *step;
    in_another_manner.chunking = false;
    trip.itinerary.owe_further(in_another_manner, number(1));
    const std::optional<Step> further = trip.itinerary.next(trip.now);
    ASSERT_TRUE(further);
    EXPECT_EQ(Trip::shown(*further), "further mx1 192.0.2.1");
    EXPECT_FALSE(further->chunking);
    EXPECT_EQ(trip.next(another), "its turn mx2 192.0.2.2");
}

TEST(Itinerary, SettledIsSettled) {
    Trip trip;
    trip.add("mx1", {number(1)});
    trip.itinerary.owe_further(Step(), number(1));
    trip.itinerary.settle();
    EXPECT_FALSE(trip.itinerary.wants_servers(trip.now));
    EXPECT_EQ(trip.next(another), "nothing");
}

// A dial that tried nothing means that the time was over; it must not be asked for without end.
TEST(Itinerary, WhatCouldNotEvenBeTriedIsNotAskedForAgain) {
    Trip trip;
    trip.add("mx1", {number(1), at("2001:db8::1")});
    const std::optional<Step> step = trip.itinerary.next(trip.now);
    ASSERT_TRUE(step);
    trip.itinerary.note_dialled(*step, {}, false);
    EXPECT_EQ(trip.next(another), "nothing");
}

}  // namespace
}  // namespace tern::delivery
