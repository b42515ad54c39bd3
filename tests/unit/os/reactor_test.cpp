// Waits: the reactor that never suspends, streams in virtual time, and what cancelling a wait does
// to the one that waits.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "os/fd_stream.hpp"
#include "os/message_file.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "support/simulated_reactor.hpp"
#include "support/sockets.hpp"

namespace tern::os {
namespace {

using namespace std::chrono_literals;

Task<Readiness> wait_once(Reactor& reactor, int descriptor, Deadline deadline) {
    co_return co_await reactor.wait(descriptor, POLLIN, deadline);
}

Task<Readiness> wait_until(Reactor& reactor, Deadline deadline) {
    co_return co_await reactor.wait(deadline);
}

Task<int> error_of_wait(Reactor& reactor, std::span<pollfd> waits) {
    const Readiness readiness = co_await reactor.wait(waits, Deadline::max());
    co_return readiness == Readiness::failed ? errno : 0;
}

// Task::run() ends the program where something suspends.
TEST(PollReactor, NeverSuspends) {
    const SystemClock clock;
    PollReactor reactor(clock);
    const test::Pair pair = test::connected_pair();
    const Time began = clock.now();
    EXPECT_EQ(wait_once(reactor, pair.ours.get(), began + 20ms).run(), Readiness::timed_out);
    EXPECT_GE(clock.now(), began + 20ms);
    EXPECT_EQ(wait_until(reactor, clock.now() + 20ms).run(), Readiness::timed_out);
    EXPECT_EQ(wait_until(reactor, began).run(), Readiness::timed_out) << "in the past";
    test::must(static_cast<int>(::send(pair.theirs.get(), "x", 1, 0)), "send");
    EXPECT_EQ(wait_once(reactor, pair.ours.get(), Deadline::max()).run(), Readiness::ready);
    EXPECT_EQ(wait_once(reactor, pair.ours.get(), Deadline()).run(), Readiness::ready) << "a look";
}

TEST(PollReactor, TellsItsTroubleInErrno) {
    const SystemClock clock;
    PollReactor reactor(clock);
    std::vector<pollfd> more_than_may_be(1UL << 22, pollfd{-1, 0, 0});
    EXPECT_EQ(error_of_wait(reactor, more_than_may_be).run(), EINVAL);
}

/// One end of a connection as a stream in virtual time, the other end in the test's hand.
class StreamInTime : public testing::Test {
protected:
    StreamInTime() : fd_(pair_.ours.get()) {
        stream_.emplace(std::move(pair_.ours), reactor_, time_);
    }
    void peer_says_after(Duration delay) {
        time_.schedule(time_.now() + delay, [this] {
            test::must(static_cast<int>(::send(pair_.theirs.get(), "220 hi\r\n", 8, 0)), "send");
        });
    }

    test::Simulation time_{1};
    test::SimulatedReactor reactor_{time_};
    test::Pair pair_ = test::connected_pair();
    int fd_;
    std::optional<FdStream> stream_;
    std::array<char, 64> buffer_{};
    const Time began_ = time_.now();
};

TEST_F(StreamInTime, ReadsWhatComesInWhenItComes) {
    Task<std::size_t> reading = stream_->read_some(buffer_, began_ + 5min);
    peer_says_after(4min);
    ASSERT_TRUE(reactor_.run(reading));
    EXPECT_EQ(reading.take(), 8U);
    EXPECT_EQ(time_.now() - began_, 4min);
}

TEST_F(StreamInTime, FiveMinutesOfSilenceTakeNoTime) {
    Task<std::size_t> reading = stream_->read_some(buffer_, began_ + 5min);
    ASSERT_TRUE(reactor_.run(reading));
    EXPECT_EQ(reading.take().error().cause, Cause::timed_out);
    EXPECT_EQ(time_.now() - began_, 5min);
}

/// Notes its end in a log.
class Noted {
public:
    Noted(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;
    ~Noted() { log_.push_back(name_); }

private:
    std::vector<std::string>& log_;
    std::string name_;
};

Task<Done> read_greeting(Stream& stream, std::span<char> into, Deadline deadline,
                         std::vector<std::string>& log) {
    const Noted first(log, "inner first");
    const Noted second(log, "inner second");
    co_await stream.read_some(into, deadline);
    log.emplace_back("read");
    co_await stream.read_some(into, deadline);
    log.emplace_back("read again");
    co_return Done();
}

Task<Done> converse(Stream& stream, std::span<char> into, Deadline deadline,
                    std::vector<std::string>& log) {
    const Noted outer(log, "outer");
    co_await read_greeting(stream, into, deadline, log);
    log.emplace_back("conversed");
    co_return Done();
}

Task<Cause> judged(Stream& stream, std::span<char> into, Deadline deadline,
                   std::vector<std::string>& log) {
    const Result<Done> end = co_await converse(stream, into, deadline, log).outcome();
    log.emplace_back("judged");
    co_return end.error().cause;
}

// docs/reading.md: the call fails, failure passes up, and destructors run innermost first, before
// the one that looks at the outcome goes on.
TEST_F(StreamInTime, CancelledAtEveryWaitOfAConversation) {
    for (std::size_t i = 0; i < 2; ++i) {
        SCOPED_TRACE(i);
        std::vector<std::string> log;
        reactor_.cancel_from(reactor_.begun() + i);
        Task<Cause> task = judged(*stream_, buffer_, time_.now() + 5min, log);
        peer_says_after(1s);
        ASSERT_TRUE(reactor_.run(task));
        EXPECT_EQ(task.take(), Cause::cancelled);
        std::vector<std::string> expected = {"inner second", "inner first", "outer", "judged"};
        if (i == 1) expected.insert(expected.begin(), "read");
        EXPECT_EQ(log, expected);
        EXPECT_EQ(reactor_.waiting(), 0U);
        reactor_.cancel_none();
        while (reactor_.step()) continue;
    }
}

TEST_F(StreamInTime, CancellingDropsNothingThatCame) {
    Task<std::size_t> reading = stream_->read_some(buffer_, time_.now() + 5min);
    reactor_.cancel_from(reactor_.begun());
    ASSERT_TRUE(reactor_.run(reading));
    EXPECT_EQ(reading.take().error(), cancelled());
    peer_says_after(0s);
    while (reactor_.step()) continue;
    // After the end of all waits a look is still one.
    Task<std::size_t> looking = stream_->read_some(buffer_, Deadline());
    ASSERT_TRUE(reactor_.run(looking));
    EXPECT_EQ(looking.take(), 8U);
}

TEST_F(StreamInTime, CancelledAtEveryWaitForRoom) {
    constexpr std::size_t much = 64UL << 20U;
    const std::string body(much, 'x');
    stream_->extend_writes(5min);
    for (std::size_t i = 0; i < 25; ++i) {
        SCOPED_TRACE(i);
        reactor_.cancel_from(reactor_.begun() + i);
        Task<Done> writing = stream_->write(body, time_.now() + 5min);
        ASSERT_TRUE(reactor_.run(writing));
        const Result<Done> written = writing.take();
        ASSERT_FALSE(written.has_value());
        // 20 looks make up the time in which nothing moves.
        EXPECT_EQ(written.error().cause, i < 20 ? Cause::cancelled : Cause::timed_out);
        reactor_.cancel_none();
    }
}

TEST_F(StreamInTime, TheMessageIsWaitedForInTheSameWay) {
    MessageFile message(fd_, reactor_);
    Task<std::size_t> in_vain = message.read_some(buffer_, began_ + 20min);
    ASSERT_TRUE(reactor_.run(in_vain));
    EXPECT_EQ(in_vain.take().error().cause, Cause::message_source);
    EXPECT_EQ(time_.now() - began_, 20min);
    reactor_.cancel_from(reactor_.begun());
    Task<std::size_t> ended = message.read_some(buffer_, time_.now() + 20min);
    ASSERT_TRUE(reactor_.run(ended));
    EXPECT_EQ(ended.take().error().cause, Cause::cancelled);
}

}  // namespace
}  // namespace tern::os
