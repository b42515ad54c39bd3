// Look-ups in virtual time: the resolver itself with c-ares below it, over real sockets whose other
// end answers when the simulated clock says so.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>

#include "os/cares_resolver.hpp"
#include "support/dns_answer.hpp"
#include "support/simulated_reactor.hpp"
#include "support/sockets.hpp"

namespace tern::os {
namespace {

using namespace std::chrono_literals;
using dns::Outcome;
using test::DnsAnswer;

/// What comes back to one query, and when; nothing: silence.
struct Reply {
    std::string bytes;
    Duration delay{};
};
using Script = std::function<std::optional<Reply>(const std::string& query)>;

/// A name server on a UDP port, served between the steps of the simulation.
class ToldServer {
public:
    explicit ToldServer(Script script) : script_(std::move(script)) {
        sockaddr_storage address = test::loopback(Family::ipv4, 0);
        test::must(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address),
                          test::size_of(address)),
                   "bind");
        socklen_t size = sizeof address;
        test::must(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size),
                   "name");
        port_ = ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
    }

    [[nodiscard]] NameServer place() const {
        NameServer place;
        place.address = *IpAddress::parse("127.0.0.1");
        place.port = port_;
        return place;
    }

    void serve(test::Simulation& time) {
        std::array<char, 1024> query{};
        for (;;) {
            sockaddr_storage from{};
            socklen_t size = sizeof from;
            const ssize_t got = ::recvfrom(socket_.get(), query.data(), query.size(), MSG_DONTWAIT,
                                           reinterpret_cast<sockaddr*>(&from), &size);
            if (got < 0) return;
            const std::optional<Reply> reply =
                script_(std::string(query.data(), static_cast<std::size_t>(got)));
            if (!reply) continue;
            time.schedule(time.now() + reply->delay, [this, from, size, bytes = reply->bytes] {
                ::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                         reinterpret_cast<const sockaddr*>(&from), size);
            });
        }
    }

private:
    Script script_;
    Descriptor socket_{test::must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")};
    std::uint16_t port_ = 0;
};

/// A resolver that asks one server, or that one and then a second.
class Chase {
public:
    explicit Chase(Script script) : first_(std::move(script)) {}

    /// Runs what is due, up to the end of `task`.
    template <class T>
    Result<T> run(Task<T> task) {
        const Time began = time.now();
        task.start();
        while (!task.finished()) step();
        took = time.now() - began;
        return task.take();
    }
    void step() {
        first_.serve(time);
        second_.serve(time);
        if (!reactor.step()) throw std::logic_error("it waits for ever");
    }
    Task<dns::Answer<dns::Mx>> mx(const std::string& name = "example.com") {
        return resolver.mx(kept(name), time.now() + 60s);
    }
    Task<dns::Addresses> addresses() {
        return resolver.addresses(kept("mx.example"), time.now() + 60s);
    }

    test::Simulation time{1};
    test::SimulatedReactor reactor{time};
    Duration took{};

private:
    // A look-up refers to its name as long as it is under way.
    const dns::Domain& kept(const std::string& name) {
        return names_.emplace_back(dns::Domain::parse(name).value());
    }

    std::list<dns::Domain> names_;
    ToldServer first_;
    ToldServer second_{[](const std::string&) { return std::nullopt; }};

public:
    CaresResolver resolver{reactor, time, time.random(),
                           ResolvConf{{first_.place(), second_.place()}, 5s, 2}};
};

std::optional<Reply> silence(const std::string&) { return std::nullopt; }

bool asks_ipv4(const std::string& query) { return test::asked_by(query).type == 1; }

std::optional<Reply> both_families(const std::string& query, Duration ipv4, Duration ipv6) {
    const bool is_ipv4 = asks_ipv4(query);
    const char* const address = is_ipv4 ? "192.0.2.1" : "2001:db8::1";
    return Reply{DnsAnswer(query).address("mx.example", address).bytes(), is_ipv4 ? ipv4 : ipv6};
}

// contract.md#names: thirty seconds at most, and none of them is waited for in earnest here.
TEST(Chase, SilentServersTakeThirtySeconds) {
    Chase chase(silence);
    const Result<dns::Answer<dns::Mx>> answer = chase.run(chase.mx());
    EXPECT_EQ(answer->outcome, Outcome::failed);
    EXPECT_EQ(chase.took, 30s);
}

TEST(Chase, ADeadlineEndsIt) {
    Chase chase(silence);
    const dns::Domain name = dns::Domain::parse("example.com").value();
    EXPECT_EQ(chase.run(chase.resolver.mx(name, chase.time.now() + 7s))->outcome, Outcome::failed);
    EXPECT_EQ(chase.took, 7s);
}

TEST(Chase, FollowsAnAliasFromAnswerToAnswer) {
    Chase chase([](const std::string& query) -> std::optional<Reply> {
        if (test::asked_by(query).name == "example.com")
            return Reply{DnsAnswer(query).cname("example.com", "b.example").bytes(), 100ms};
        return Reply{DnsAnswer(query).mx("b.example", 10, "mx.example").bytes(), 200ms};
    });
    const dns::Answer<dns::Mx> answer = *chase.run(chase.mx());
    EXPECT_THAT(answer.records, testing::ElementsAre(dns::Mx{10, "mx.example"}));
    EXPECT_EQ(chase.took, 300ms);
}

TEST(Chase, WithoutEdnsHalfWayToTheEndOfItsPatience) {
    Chase chase([](const std::string& query) -> std::optional<Reply> {
        if (query.size() > test::asked_by(query).name.size() + 18) return std::nullopt;  // an OPT
        return Reply{DnsAnswer(query).mx("example.com", 10, "mx.example").bytes(), 1ms};
    });
    EXPECT_EQ(chase.run(chase.mx())->outcome, Outcome::found);
    EXPECT_EQ(chase.took, 2501ms);
}

// RFC 8305 3.
TEST(Chase, TheOtherFamilyIsWaitedForFiftyMilliseconds) {
    Chase late([](const std::string& query) { return both_families(query, 3ms, 60ms); });
    const dns::Addresses one = *late.run(late.addresses());
    EXPECT_EQ(one.ipv4.outcome, Outcome::found);
    EXPECT_TRUE(one.ipv6.late);
    EXPECT_EQ(late.took, 53ms);
    Chase in_time([](const std::string& query) { return both_families(query, 3ms, 52ms); });
    EXPECT_EQ(in_time.run(in_time.addresses())->ipv6.outcome, Outcome::found);
    EXPECT_EQ(in_time.took, 52ms);
}

TEST(Chase, LookUpsAtTheSameTimeDoNotWaitForEachOther) {
    Chase chase([](const std::string& query) -> std::optional<Reply> {
        const std::string name = test::asked_by(query).name;
        const Duration delay = name == "slow.example" ? 2s : 10ms;
        return Reply{DnsAnswer(query).mx(name, 10, "mx.example").bytes(), delay};
    });
    Task<dns::Answer<dns::Mx>> slow = chase.mx("slow.example");
    Task<dns::Answer<dns::Mx>> quick = chase.mx("quick.example");
    const Time began = chase.time.now();
    slow.start();
    quick.start();
    EXPECT_EQ(chase.reactor.waiting(), 2U);
    while (!quick.finished()) chase.step();
    EXPECT_EQ(chase.time.now() - began, 10ms);
    while (!slow.finished()) chase.step();
    EXPECT_EQ(chase.time.now() - began, 2s);
    EXPECT_EQ(quick.take()->outcome, Outcome::found);
    EXPECT_EQ(slow.take()->outcome, Outcome::found);
}

long open_descriptors() {
    long open = 0;
    constexpr int most = 1024;
    for (int fd = 0; fd < most; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return open;
}

std::optional<Reply> slow_or_silent(const std::string& query) {
    if (!asks_ipv4(query)) return std::nullopt;
    return both_families(query, 8s, 0s);
}

// docs/reading.md: whichever of its waits ends, the look-up fails, its sockets are closed, and the
// resolver answers the next question as if nothing had been.
TEST(ChaseCancelled, AtEveryWait) {
    Chase whole(slow_or_silent);
    EXPECT_EQ(whole.run(whole.addresses())->ipv4.outcome, Outcome::found);
    const std::size_t waits = whole.reactor.begun();
    ASSERT_GE(waits, 4U);
    for (std::size_t i = 0; i < waits; ++i) {
        SCOPED_TRACE(i);
        Chase chase(slow_or_silent);
        const long before = open_descriptors();
        chase.reactor.cancel_from(i);
        const Result<dns::Addresses> found = chase.run(chase.addresses());
        ASSERT_FALSE(found.has_value());
        EXPECT_EQ(found.error().cause, Cause::cancelled);
        EXPECT_EQ(chase.reactor.begun(), i + 1);
        EXPECT_EQ(chase.reactor.waiting(), 0U);
        EXPECT_EQ(open_descriptors(), before);
        chase.reactor.cancel_none();
        EXPECT_EQ(chase.run(chase.addresses())->ipv4.outcome, Outcome::found);
    }
}

}  // namespace
}  // namespace tern::os
