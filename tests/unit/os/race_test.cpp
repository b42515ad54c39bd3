// The race of connects in virtual time: the dialer itself, over connects whose end is written down.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "os/dialer.hpp"
#include "os/fd_stream.hpp"
#include "support/simulated_reactor.hpp"

namespace tern::os {
namespace {

using namespace std::chrono_literals;

/// What becomes of a connect: after `delay` the error, or 0. `at_once`: by connect(2) itself.
struct Fate {
    Duration delay{};
    int error = 0;
    bool at_once = false;
};
constexpr Fate silent{std::chrono::hours(24)};

/// Connects that end as their row says. Their sockets are descriptors of nothing.
class ToldConnector final : public Connector {
public:
    ToldConnector(test::Simulation& time, test::SimulatedReactor& reactor)
        : time_(time), reactor_(reactor) {}

    std::map<std::uint16_t, Fate> fates;  ///< by port
    std::map<std::uint16_t, Time> begun;
    std::set<int> sockets;  ///< all that were opened

    Begun begin(const Target& target) override {
        const std::uint16_t port = target.endpoint.port;
        begun[port] = time_.now();
        const Fate fate = fates.at(port);
        if (fate.at_once && fate.error != 0)
            return {Descriptor(), outcome_of_error(fate.error), "as its row says"};
        Descriptor socket(::open("/dev/null", O_RDWR | O_CLOEXEC));
        sockets.insert(socket.get());
        if (fate.at_once) return {std::move(socket), Connected::yes, {}};
        results_[socket.get()] = fate.error;
        const std::uint64_t held = reactor_.hold(socket.get());
        time_.schedule(time_.now() + fate.delay, [this, held] { reactor_.release(held); });
        return {std::move(socket), Connected::not_tried, {}};
    }
    int result_of(int socket) override { return results_.at(socket); }
    std::optional<Endpoint> local_end(int) override { return Endpoint{ours, 40000}; }
    std::unique_ptr<Stream> stream_over(Descriptor socket) override {
        return std::make_unique<FdStream>(std::move(socket), reactor_, time_);
    }

    [[nodiscard]] long open_sockets() const {
        return std::ranges::count_if(sockets, [](int fd) { return ::fcntl(fd, F_GETFD) >= 0; });
    }

    const IpAddress ours = *IpAddress::parse("192.0.2.99");

private:
    test::Simulation& time_;
    test::SimulatedReactor& reactor_;
    std::map<int, int> results_;
};

constexpr std::uint16_t first = 1;
constexpr std::uint16_t second = 2;
const std::vector<Target> both = {{Endpoint{*IpAddress::parse("192.0.2.1"), first}},
                                  {Endpoint{*IpAddress::parse("2001:db8::2"), second}}};

/// One race, from its own time 0.
struct Race {
    test::Simulation time{1};
    test::SimulatedReactor reactor{time};
    ToldConnector connector{time, reactor};
    Dialer dialer{connector, reactor, time};
    const Time start = time.now();
    Duration took{};

    Race(Fate of_first, Fate of_second) {
        connector.fates = {{first, of_first}, {second, of_second}};
    }

    Result<DialResult> run(Duration timeout = 60s, Duration total = 121s) {
        Task<DialResult> dial = dialer.dial(both, timeout, start + total);
        if (!reactor.run(dial)) throw std::logic_error("it waits for ever");
        took = time.now() - start;
        return dial.take();
    }
    // Nothing: it did not begin.
    std::optional<Duration> begun(std::uint16_t port) const {
        const auto found = connector.begun.find(port);
        if (found == connector.begun.end()) return std::nullopt;
        return found->second - start;
    }
};

/// How a race ends. Of the first and of the second, in this order.
struct Row {
    const char* title;
    Fate of_first;
    Fate of_second;
    std::optional<std::size_t> winner;
    Connected first_ends;
    Connected second_ends;
    std::optional<Duration> second_begins;
    Duration takes;
    Duration total = std::chrono::seconds(121);
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.title; }

class Races : public testing::TestWithParam<Row> {};

TEST_P(Races, EndAsTold) {
    const Row& row = GetParam();
    Race race(row.of_first, row.of_second);
    const DialResult result = *race.run(60s, row.total);
    EXPECT_EQ(result.stream != nullptr, row.winner.has_value());
    if (row.winner) {
        EXPECT_EQ(result.winner, *row.winner);
        EXPECT_EQ(result.local, race.connector.ours);
    }
    EXPECT_EQ(result.each.at(0).outcome, row.first_ends);
    EXPECT_EQ(result.each.at(1).outcome, row.second_ends);
    EXPECT_EQ(race.begun(second), row.second_begins);
    EXPECT_EQ(race.took, row.takes);
    EXPECT_EQ(race.connector.open_sockets(), row.winner ? 1 : 0) << "the loser is closed";
    EXPECT_EQ(race.reactor.waiting(), 0U);
}

constexpr std::optional<std::size_t> no_winner;
constexpr std::optional<Duration> never;

// RFC 8305 5 and contract.md#time.
INSTANTIATE_TEST_SUITE_P(
    Dialer, Races,
    testing::Values(
        Row{"the first answers immediately", {0ms, 0, true}, {1ms}, 0, Connected::yes,
            Connected::not_tried, never, 0ms},
        Row{"the first answers within the head start", {249ms}, {1ms}, 0, Connected::yes,
            Connected::not_tried, never, 249ms},
        Row{"the second starts 250 ms later and wins", silent, {10ms}, 1, Connected::not_tried,
            Connected::yes, 250ms, 260ms},
        Row{"the first wins after the second has started", {300ms}, {100ms}, 0, Connected::yes,
            Connected::not_tried, 250ms, 300ms},
        Row{"the first fails immediately", {0ms, ECONNREFUSED, true}, {10ms}, 1, Connected::refused,
            Connected::yes, 0ms, 10ms},
        Row{"the first fails a little later", {40ms, ECONNREFUSED}, {10ms}, 1, Connected::refused,
            Connected::yes, 40ms, 50ms},
        Row{"the second fails, the first is waited for", {5s}, {10ms, EHOSTUNREACH}, 0,
            Connected::yes, Connected::refused, 250ms, 5s},
        Row{"both fail", {40ms, ECONNREFUSED}, {10ms, ENETUNREACH}, no_winner, Connected::refused,
            Connected::refused, 40ms, 50ms},
        Row{"both are late", silent, silent, no_winner, Connected::timed_out, Connected::timed_out,
            250ms, 60250ms},
        Row{"the kernel's own time-out counts", {30s, ETIMEDOUT}, {20s, ECONNREFUSED}, no_winner,
            Connected::timed_out, Connected::refused, 250ms, 30s},
        Row{"the first is late, the second answers just before", silent, {59999ms}, 1,
            Connected::timed_out, Connected::yes, 250ms, 60249ms},
        Row{"no descriptors", {0ms, EMFILE, true}, {0ms, EMFILE, true}, no_winner,
            Connected::resources, Connected::resources, 0ms, 0ms},
        Row{"the deadline comes first", silent, silent, no_winner, Connected::not_tried,
            Connected::not_tried, 250ms, 10s, 10s},
        Row{"the deadline comes before the second's turn", silent, silent, no_winner,
            Connected::not_tried, Connected::not_tried, never, 100ms, 100ms},
        Row{"the deadline has passed", {0ms}, {0ms}, no_winner, Connected::not_tried,
            Connected::not_tried, never, 0ms, 0ms}));

// docs/reading.md: ending a wait ends the call, at whichever of its waits that happens, and leaves
// neither a socket nor a suspended coroutine.
TEST(RaceCancelled, AtEveryWait) {
    const std::vector<std::pair<Fate, Fate>> fates = {
        {silent, silent},
        {{300ms}, {100ms}},
        {silent, {10ms, ECONNREFUSED}},
        {{40ms, ECONNREFUSED}, {10ms, ENETUNREACH}}};
    for (const auto& [of_first, of_second] : fates) {
        Race whole(of_first, of_second);
        ASSERT_TRUE(whole.run().has_value());
        const std::size_t waits = whole.reactor.begun();
        ASSERT_GE(waits, 2U);
        for (std::size_t i = 0; i < waits; ++i) {
            SCOPED_TRACE(i);
            Race race(of_first, of_second);
            race.reactor.cancel_from(i);
            const Result<DialResult> result = race.run();
            ASSERT_FALSE(result.has_value());
            EXPECT_EQ(result.error().cause, Cause::cancelled);
            EXPECT_EQ(race.connector.open_sockets(), 0);
            EXPECT_EQ(race.reactor.waiting(), 0U);
            EXPECT_EQ(race.reactor.begun(), i + 1) << "no other try because of it";
            while (race.reactor.step()) continue;
        }
    }
}

// One dialer and one reactor carry many races at the same time: each has its own time.
TEST(RaceTogether, ManyDoNotDisturbEachOther) {
    test::Simulation time(1);
    test::SimulatedReactor reactor(time);
    ToldConnector connector(time, reactor);
    Dialer dialer(connector, reactor, time);
    connector.fates = {{first, silent}, {second, {10ms}}};
    const Time start = time.now();
    std::list<Task<DialResult>> races;
    for (int i = 0; i < 200; ++i) {
        races.push_back(dialer.dial(both, 60s, start + 121s));
        races.back().start();
    }
    EXPECT_EQ(reactor.waiting(), races.size());
    while (reactor.waiting() > 0) ASSERT_TRUE(reactor.step());
    while (time.now() < start + 261ms && reactor.step()) continue;
    for (Task<DialResult>& race : races) {
        ASSERT_TRUE(race.finished());
        EXPECT_EQ(race.take()->winner, 1U);
    }
}

}  // namespace
}  // namespace tern::os
