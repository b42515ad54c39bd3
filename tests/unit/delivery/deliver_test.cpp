// What a delivery leaves behind when it ends in an exception. Its verdicts are told by the
// conversations of tests/conversation.
#include "delivery/deliver.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <new>
#include <set>
#include <vector>

#include "conversation/script.hpp"
#include "support/simulated_environment.hpp"
#include "unit/delivery/told_resolver.hpp"

namespace tern::delivery {
namespace {

/// A server that gives one reply for each read, after the last of which memory is short.
class ShortOfMemory final : public Stream {
public:
    ShortOfMemory(const Clock& clock, std::deque<std::string> replies)
        : clock_(clock), replies_(std::move(replies)) {}

    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override {
        if (deadline <= clock_.now())  // a look, not a wait
            co_return Failure(Stage::start, Cause::timed_out, "nothing is there");
        if (replies_.empty()) throw std::bad_alloc();
        const std::string reply = replies_.front();
        replies_.pop_front();
        co_return reply.copy(into.data(), into.size());
    }
    Task<Done> write(std::string_view, Deadline) override { co_return Done(); }

private:
    const Clock& clock_;
    std::deque<std::string> replies_;
};

class OneConnection final : public Dialer {
public:
    OneConnection(const Clock& clock, std::deque<std::string> replies)
        : clock_(clock), replies_(std::move(replies)) {}

    Task<DialResult> dial(std::span<const Target> targets, Duration, Deadline) override {
        DialResult result;
        result.each.resize(targets.size());
        result.each[0].outcome = Connected::yes;
        result.stream = std::make_unique<ShortOfMemory>(clock_, replies_);
        co_return result;
    }

private:
    const Clock& clock_;
    std::deque<std::string> replies_;
};

bool written_when_memory_ran_out(std::deque<std::string> replies) {
    test::SimulatedEnvironment others(1);
    OneConnection dialer(others.simulation, std::move(replies));
    test::ToldResolver resolver(others.simulation, others.records);
    Environment environment = others.with(resolver, dialer);
    routing::Settings settings;
    settings.hello_name = "me.sender.example";
    const std::array<std::string_view, 1> recipients{"bob@example.net"};
    const DeliveryRequest request{"[198.51.100.1]", "alice@sender.example", recipients,
                                  others.message};
    bool written = false;
    EXPECT_THROW(
        (void)deliver(environment, settings, routing::Route(), request, written).run(),
        std::bad_alloc);
    return written;
}

TEST(Deliver, ShortOfMemoryBeforeTheFinalDotIsNoDoubt) {
    EXPECT_FALSE(written_when_memory_ran_out(
        {"220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n"}));
}

TEST(Deliver, ShortOfMemoryBehindTheFinalDotIsADoubt) {
    EXPECT_TRUE(written_when_memory_ran_out(
        {"220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"}));
}

class Seen final : public OutcomeObserver {
public:
    void ended(const Outcome& outcome) override { outcomes.push_back(outcome); }

    std::vector<Outcome> outcomes;
};

constexpr auto refuses = R"(
    S: 554 5.7.1 not here
    HANGS UP)";
constexpr auto accepts = R"(
    S: 220 mx
    C: EHLO me.sender.example
    S: 250 mx
    C: MAIL FROM:<alice@sender.example>
    S: 250 ok
    C: RCPT TO:<bob@example.net>
    S: 250 ok
    C: DATA
    S: 354 go
    C: (message)
    S: 250 taken)";

TEST(Deliver, OffersEveryOutcomeToTheObserver) {
    test::SimulatedEnvironment host(1);
    Seen seen;
    host.observer = &seen;
    host.settings.routes.smtproutes = ":[192.0.2.1],[192.0.2.2]\n";
    host.add_server("192.0.2.1", 25, test::playing(refuses));
    host.add_server("192.0.2.2", 25, test::playing(accepts));
    const test::Outcome outcome = host.deliver();
    ASSERT_EQ(seen.outcomes.size(), 2U) << host.simulation.transcript();
    EXPECT_EQ(seen.outcomes[0].peer.to_string(), "[192.0.2.1]");
    EXPECT_EQ(seen.outcomes[0].failure->reply, (Reply{554, "554 5.7.1 not here\n"}));
    EXPECT_EQ(seen.outcomes[1].peer.to_string(), "[192.0.2.2]");
    EXPECT_FALSE(seen.outcomes[1].failure);
    EXPECT_EQ(outcome.report->letter, Letter::accepted);
}

// Each has its own request and route; all else is shared, and nothing of it changes.
TEST(Deliver, TwoAtOnceShareEnvironmentAndSettings) {
    test::SimulatedEnvironment host(1);
    host.settings.routes.smtproutes = ":[192.0.2.1]\n";
    const routing::Settings& settings = host.settings;
    for (int i = 0; i < 2; ++i) host.add_server("192.0.2.1", 25, test::playing(accepts));
    const test::SocketCalls::Active simulated(host.network);
    test::ToldResolver resolver(host.simulation, host.records);
    test::CountedDialer dialer(host, host.dialer());
    Environment environment = host.with(resolver, dialer);
    const std::array<std::string_view, 1> recipients{"bob@example.net"};
    std::array<Seen, 2> seen;
    test::SimulatedMessage other(host.simulation, host.reactor);
    other.content = "Subject: another\n";
    const DeliveryRequest one{"example.net", "alice@sender.example", recipients, host.message,
                              &seen[0]};
    const DeliveryRequest two{"example.net", "alice@sender.example", recipients, other, &seen[1]};
    std::array<bool, 2> written{};
    Task<Report> first = deliver(environment, settings,
                                 find_route(settings.routes, one.host, one.sender), one,
                                 written[0]);
    Task<Report> second = deliver(environment, settings,
                                  find_route(settings.routes, two.host, two.sender), two,
                                  written[1]);
    first.start();
    second.start();
    ASSERT_EQ(host.dials, 2U) << "one waits for the other";
    while (!(first.finished() && second.finished()) && host.reactor.step()) {}
    ASSERT_TRUE(first.finished() && second.finished()) << host.simulation.transcript();
    EXPECT_EQ(first.take()->letter, Letter::accepted);
    EXPECT_EQ(second.take()->letter, Letter::accepted);
    for (std::size_t i = 0; i < written.size(); ++i) {
        EXPECT_TRUE(written[i]);
        EXPECT_EQ(seen[i].outcomes.size(), 1U);
    }
    std::set<std::string> bodies;
    for (const test::Connection& connection : host.connections)
        bodies.insert(connection.peer->heard(false).clear);
    EXPECT_EQ(bodies.size(), 2U);
    while (host.reactor.step()) {}
}

}  // namespace
}  // namespace tern::delivery
