// Dialling on loopback: hosts that answer, refuse or stay silent, alone and racing.
#include "os/dialer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <set>
#include <stdexcept>
#include <vector>

#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "support/sockets.hpp"

namespace tern::os {
namespace {

using namespace std::chrono_literals;
using test::Port;

std::set<int> open_descriptors() {
    std::set<int> open;
    constexpr int most = 4096;
    for (int fd = 0; fd < most; ++fd)
        if (::fcntl(fd, F_GETFD) >= 0) open.insert(fd);
    return open;
}

class DialerTest : public testing::Test {
protected:
    DialResult dial(const std::vector<Endpoint>& endpoints, Duration timeout, Duration total) {
        std::vector<Target> targets;
        for (const Endpoint& endpoint : endpoints) targets.push_back({endpoint});
        const Time begin = clock_.now();
        DialResult result = *dialer_.dial(targets, timeout, begin + total).run();
        took_ = clock_.now() - begin;
        return result;
    }

    SystemClock clock_;
    PollReactor reactor_{clock_};
    SocketConnector connector_{reactor_, clock_};
    Dialer dialer_{connector_, reactor_, clock_};
    Duration took_{};
};

TEST_F(DialerTest, ConnectsOverBothFamilies) {
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        Port port(family);
        port.listen();
        const DialResult result = dial({port.endpoint()}, 5s, 5s);
        ASSERT_TRUE(result.stream);
        EXPECT_EQ(result.winner, 0U);
        EXPECT_EQ(result.each.at(0).outcome, Connected::yes);
        const Descriptor theirs = port.accept();
        ASSERT_EQ(::send(theirs.get(), "220 hi\r\n", 8, 0), 8);
        std::array<char, 64> buffer{};
        EXPECT_EQ(result.stream->read_some(buffer, clock_.now() + 5s).run(), 8U);
    }
}

TEST_F(DialerTest, TheSocketIsFitForUse) {
    Port port(Family::ipv4);
    port.listen();
    const std::set<int> before = open_descriptors();
    const DialResult result = dial({port.endpoint()}, 5s, 5s);
    ASSERT_TRUE(result.stream);
    std::set<int> opened = open_descriptors();
    for (const int known : before) opened.erase(known);
    ASSERT_EQ(opened.size(), 1U);
    const int fd = *opened.begin();
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
    EXPECT_NE(no_delay, 0);
}

TEST_F(DialerTest, LeavesFromTheAddressItIsTold) {
    Port port(Family::ipv4);
    port.listen();
    const std::array<Target, 1> target{
        {{port.endpoint(), IpAddress::parse("127.8.9.10")}}};
    const DialResult result = *dialer_.dial(target, 5s, clock_.now() + 5s).run();
    ASSERT_TRUE(result.stream);
    EXPECT_EQ(result.local, IpAddress::parse("127.8.9.10"));
}

TEST_F(DialerTest, TellsItsOwnAddress) {
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        Port port(family);
        port.listen();
        const DialResult result = dial({port.endpoint()}, 5s, 5s);
        EXPECT_EQ(result.local, port.endpoint().address);
    }
}

TEST_F(DialerTest, AnAddressThatIsNotOursIsLocalTrouble) {
    for (const auto& [family, foreign] : {std::pair(Family::ipv4, "192.0.2.77"),
                                          std::pair(Family::ipv6, "2001:db8:77::1")}) {
        Port port(family);
        port.listen();
        const std::array<Target, 1> target{
            {{port.endpoint(), IpAddress::parse(foreign)}}};
        const DialResult result = *dialer_.dial(target, 5s, clock_.now() + 5s).run();
        EXPECT_FALSE(result.stream);
        EXPECT_EQ(result.each.at(0).outcome, Connected::wrong_source);
        EXPECT_EQ(result.each.at(0).why,
                  std::string(foreign) + " is not an address of this host");
    }
}

TEST_F(DialerTest, TellsARefusal) {
    const Port port(Family::ipv4);
    const DialResult result = dial({port.endpoint()}, 5s, 5s);
    EXPECT_FALSE(result.stream);
    EXPECT_EQ(result.each.at(0).outcome, Connected::refused);
    EXPECT_EQ(result.each.at(0).why, "connection refused");
    EXPECT_LT(took_, 2s);
}

TEST_F(DialerTest, TellsSilence) {
    Port port(Family::ipv4);
    port.fall_silent();
    const DialResult result = dial({port.endpoint()}, 120ms, 5s);
    EXPECT_FALSE(result.stream);
    EXPECT_EQ(result.each.at(0).outcome, Connected::timed_out);
    EXPECT_EQ(result.each.at(0).why, "connection timed out");
    EXPECT_GE(took_, 120ms);
    EXPECT_LT(took_, 2s);
}

TEST_F(DialerTest, EvenNoPatienceIsOneLook) {
    Port silent(Family::ipv4);
    silent.fall_silent();
    EXPECT_EQ(dial({silent.endpoint()}, 0s, 5s).each.at(0).outcome, Connected::timed_out);
    EXPECT_LT(took_, 1s);
    const Port closed(Family::ipv4);
    EXPECT_EQ(dial({closed.endpoint()}, 0s, 5s).each.at(0).outcome, Connected::refused);
}

TEST_F(DialerTest, TheSecondIsNotTriedWhenTheFirstAnswersAtOnce) {
    Port first(Family::ipv4);
    Port second(Family::ipv6);
    first.listen();
    second.listen();
    const DialResult result = dial({first.endpoint(), second.endpoint()}, 5s, 5s);
    ASSERT_TRUE(result.stream);
    EXPECT_EQ(result.winner, 0U);
    EXPECT_EQ(result.each.at(1).outcome, Connected::not_tried);
    EXPECT_FALSE(second.somebody_came());
}

TEST_F(DialerTest, TheSecondStartsAtOnceWhenTheFirstIsRefused) {
    const Port first(Family::ipv6);
    Port second(Family::ipv4);
    second.listen();
    const DialResult result = dial({first.endpoint(), second.endpoint()}, 5s, 5s);
    ASSERT_TRUE(result.stream);
    EXPECT_EQ(result.winner, 1U);
    EXPECT_EQ(result.each.at(0).outcome, Connected::refused);
    EXPECT_EQ(result.each.at(1).outcome, Connected::yes);
    EXPECT_LT(took_, 200ms) << "no head start for one that has failed";
}

TEST_F(DialerTest, TheSecondOvertakesASilentFirst) {
    Port first(Family::ipv6);
    Port second(Family::ipv4);
    first.fall_silent();
    second.listen();
    const std::set<int> before = open_descriptors();
    const DialResult result = dial({first.endpoint(), second.endpoint()}, 5s, 11s);
    ASSERT_TRUE(result.stream);
    EXPECT_EQ(result.winner, 1U);
    EXPECT_EQ(result.each.at(0).outcome, Connected::not_tried) << "it did not have the whole time";
    EXPECT_GE(took_, 250ms);
    EXPECT_LT(took_, 2s);
    EXPECT_EQ(open_descriptors().size(), before.size() + 1) << "the loser is closed";
}

TEST_F(DialerTest, ARefusedSecondDoesNotEndTheFirst) {
    Port first(Family::ipv4);
    first.fall_silent();
    const Port second(Family::ipv6);
    const std::set<int> before = open_descriptors();
    const DialResult result = dial({first.endpoint(), second.endpoint()}, 500ms, 11s);
    EXPECT_FALSE(result.stream);
    EXPECT_EQ(result.each.at(0).outcome, Connected::timed_out);
    EXPECT_EQ(result.each.at(1).outcome, Connected::refused);
    EXPECT_GE(took_, 500ms);
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(DialerTest, EachHasItsOwnPatience) {
    Port first(Family::ipv4);
    Port second(Family::ipv6);
    first.fall_silent();
    second.fall_silent();
    const DialResult result = dial({first.endpoint(), second.endpoint()}, 400ms, 11s);
    EXPECT_FALSE(result.stream);
    EXPECT_EQ(result.each.at(0).outcome, Connected::timed_out);
    EXPECT_EQ(result.each.at(1).outcome, Connected::timed_out);
    EXPECT_GE(took_, 650ms) << "the second began 250 ms later";
    EXPECT_LT(took_, 3s);
}

TEST_F(DialerTest, WithLittlePatienceTheSecondStartsWhenTheFirstIsGivenUp) {
    Port first(Family::ipv4);
    Port second(Family::ipv6);
    first.fall_silent();
    second.listen();
    const DialResult result = dial({first.endpoint(), second.endpoint()}, 50ms, 11s);
    EXPECT_TRUE(result.stream);
    EXPECT_EQ(result.each.at(0).outcome, Connected::timed_out);
    EXPECT_LT(took_, 250ms);
}

TEST_F(DialerTest, TheOverallDeadlineIsNotATimeout) {
    Port first(Family::ipv4);
    Port second(Family::ipv6);
    first.fall_silent();
    second.fall_silent();
    const DialResult result = dial({first.endpoint(), second.endpoint()}, 5s, 100ms);
    EXPECT_FALSE(result.stream);
    EXPECT_EQ(result.each.at(0).outcome, Connected::not_tried);
    EXPECT_EQ(result.each.at(1).outcome, Connected::not_tried);
    EXPECT_GE(took_, 100ms);
    EXPECT_LT(took_, 2s);
}

TEST_F(DialerTest, NothingIsTriedPastTheDeadline) {
    Port port(Family::ipv4);
    port.listen();
    const DialResult result = dial({port.endpoint()}, 5s, -1s);
    EXPECT_FALSE(result.stream);
    ASSERT_EQ(result.each.size(), 1U);
    EXPECT_EQ(result.each[0].outcome, Connected::not_tried);
    EXPECT_FALSE(port.somebody_came());
}

TEST_F(DialerTest, NoDescriptorsIsOurOwnTrouble) {
    Port port(Family::ipv4);
    port.listen();
    // Once with descriptors: UndefinedBehaviorSanitizer needs some to know the types in use.
    ASSERT_TRUE(dial({port.endpoint()}, 5s, 5s).stream);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const DialResult result = dial({port.endpoint()}, 5s, 5s);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_FALSE(result.stream);
    EXPECT_EQ(result.each.at(0).outcome, Connected::resources);
    EXPECT_EQ(result.each.at(0).why, "too many open files");
}

// A free even port of the ephemeral range; another one each time, for a port on which a connection
// met itself rests for a second.
Endpoint unused_port() {
    for (;;) {
        const Endpoint other = Port(Family::ipv4).endpoint();
        const auto even = static_cast<std::uint16_t>(other.port & ~1);
        try {
            return Port(Family::ipv4, even).endpoint();
        } catch (const std::runtime_error&) {
            continue;  // a server is there
        }
    }
}

// Linux walks the even ports of its range from one attempt to the next, so that one of as many
// attempts gets the very port it calls and meets itself (simultaneous open).
TEST_F(DialerTest, MeetingOneselfIsARefusal) {
    const Endpoint unused = unused_port();
    SCOPED_TRACE(unused.port);
    bool met = false;
    for (int i = 0; i < 65536 && !met; ++i) {
        const DialResult result = dial({unused}, 5s, 5s);
        ASSERT_FALSE(result.stream);
        ASSERT_EQ(result.each.at(0).outcome, Connected::refused);
        met = result.each[0].why == "connection refused (TCP self-connect)";
    }
    EXPECT_TRUE(met);
}

TEST(DialerErrors, OnlyATimeoutIsATimeout) {
    EXPECT_EQ(outcome_of_error(ETIMEDOUT), Connected::timed_out);
    for (const int error : {ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN,
                            EADDRNOTAVAIL, EACCES, EPERM, EAFNOSUPPORT, EINVAL, ENETDOWN})
        EXPECT_EQ(outcome_of_error(error), Connected::refused) << error;
    for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS})
        EXPECT_EQ(outcome_of_error(error), Connected::resources) << error;
}

}  // namespace
}  // namespace tern::os
