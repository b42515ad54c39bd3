// The Stream contract on a real TCP connection.
#include "os/fd_stream.hpp"

#include <future>
#include <optional>
#include <string>
#include <thread>

#include "contract/stream_contract.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "support/sockets.hpp"

namespace tern::test {
namespace {

class SocketHost {
public:
    SocketHost() : SocketHost(connected_pair()) {}

    Stream& stream() { return stream_; }
    const Clock& clock() { return clock_; }
    template <class T>
    Result<T> run(Task<T> task) {
        return task.run();
    }

    void peer_says(std::string_view bytes) {
        must(static_cast<int>(::send(theirs_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)),
             "send");
        wait_until_it_arrived();
    }
    void peer_begins_to_hear(std::size_t count) {
        heard_ = std::async(std::launch::async, [this, count] {
            std::string bytes(count, '\0');
            const ssize_t got = ::recv(theirs_.get(), bytes.data(), count, MSG_WAITALL);
            bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
            return bytes;
        });
    }
    std::string peer_heard() { return heard_.get(); }
    void peer_closes() {
        must(::shutdown(theirs_.get(), SHUT_WR), "shutdown");
        wait_until_it_arrived();
    }
    void peer_vanishes() {
        reset(theirs_);
        wait_until_it_arrived();
    }

private:
    explicit SocketHost(Pair pair)
        : ours_(pair.ours.get()),
          theirs_(std::move(pair.theirs)),
          stream_(std::move(pair.ours), reactor_, clock_) {}

    void wait_until_it_arrived() {
        pollfd wait{ours_, POLLIN, 0};
        if (os::wait_for({&wait, 1}, clock_, clock_.now() + std::chrono::seconds(30)) !=
            Readiness::ready)
            throw std::runtime_error("nothing arrives on loopback");
    }

    os::SystemClock clock_;
    os::PollReactor reactor_{clock_};
    int ours_;
    os::Descriptor theirs_;
    os::FdStream stream_;
    std::future<std::string> heard_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sockets, StreamContract, SocketHost);

/// A peer that reads a little at a time, over small buffers.
class SlowReader {
public:
    SlowReader() : pair_(connected_pair()) {
        const int small = 8 * 1024;
        must(::setsockopt(pair_.ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), "room");
        must(::setsockopt(pair_.theirs.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small), "room");
        const timeval while_nothing_comes{2, 0};
        must(::setsockopt(pair_.theirs.get(), SOL_SOCKET, SO_RCVTIMEO, &while_nothing_comes,
                          sizeof while_nothing_comes), "wait");
        stream_.emplace(std::move(pair_.ours), reactor_, clock_);
    }

    // A twentieth of a second for each 4 KiB.
    void reads(std::size_t most) {
        std::string bytes(4096, ' ');
        for (std::size_t all = 0; all < most;) {
            const ssize_t got = ::recv(pair_.theirs.get(), bytes.data(), bytes.size(), 0);
            if (got <= 0) return;
            all += static_cast<std::size_t>(got);
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    Result<Done> write(std::size_t size, Duration within) {
        const std::string bytes(size, 'x');
        return stream_->write(bytes, clock_.now() + within).run();
    }
    os::FdStream& stream() { return *stream_; }

private:
    os::SystemClock clock_;
    os::PollReactor reactor_{clock_};
    Pair pair_;
    std::optional<os::FdStream> stream_;
};

constexpr std::size_t much = 200UL * 1024;  // two seconds and a half, for a SlowReader
constexpr Duration idle = std::chrono::seconds(1);

TEST(SlowSockets, ADeadlineHoldsWhateverMoves) {
    SlowReader peer;
    const auto reading = std::async(std::launch::async, [&] { peer.reads(much / 4); });
    const Result<Done> written = peer.write(much, idle / 4);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().cause, Cause::timed_out);
}

TEST(SlowSockets, OneThatIsExtendedMovesOnWithTheBytes) {
    SlowReader peer;
    peer.stream().extend_writes(idle);
    const auto reading = std::async(std::launch::async, [&] { peer.reads(much); });
    EXPECT_TRUE(peer.write(much, idle).has_value());
}

TEST(SlowSockets, AndEndsWhenNoneMove) {
    SlowReader peer;
    peer.stream().extend_writes(idle / 4);
    const Result<Done> written = peer.write(much, idle / 4);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().cause, Cause::timed_out);
    EXPECT_GT(peer.stream().unsent(), 0U);
}

TEST(SlowSockets, ADeadlineThatHasPassedIsNotExtended) {
    SlowReader peer;
    peer.stream().extend_writes(idle);
    ASSERT_FALSE(peer.write(much, Duration::zero()).has_value());
}

TEST(SlowSockets, WhatThePeerHasIsNotUnsent) {
    SlowReader peer;
    ASSERT_TRUE(peer.write(100, idle).has_value());
    for (int i = 0; i < 100 && peer.stream().unsent() > 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(peer.stream().unsent(), 0U);
}

}  // namespace
}  // namespace tern::test
