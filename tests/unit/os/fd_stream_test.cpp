// What FdStream owes to being a socket; what every Stream owes is in tests/contract.
#include "os/fd_stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include "os/error_words.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "support/sockets.hpp"

namespace tern::os {
namespace {

using namespace std::chrono_literals;

class FdStreamTest : public testing::Test {
protected:
    FdStreamTest() : pair_(test::connected_pair()), fd_(pair_.ours.get()) {
        stream_.emplace(std::move(pair_.ours), reactor_, clock_);
    }

    SystemClock clock_;
    PollReactor reactor_{clock_};
    test::Pair pair_;
    int fd_;
    std::optional<FdStream> stream_;
    std::array<char, 64> buffer_{};
};

TEST_F(FdStreamTest, ClosesItsSocket) {
    ASSERT_GE(::fcntl(fd_, F_GETFD), 0);
    stream_.reset();
    EXPECT_EQ(::fcntl(fd_, F_GETFD), -1);
    char byte = 0;
    EXPECT_EQ(::recv(pair_.theirs.get(), &byte, 1, 0), 0) << "the peer sees the end";
}

TEST_F(FdStreamTest, RaisesNoSignalOnABrokenConnection) {
    // With the default disposition SIGPIPE would end this program.
    const auto before = std::signal(SIGPIPE, SIG_DFL);
    test::reset(pair_.theirs);
    Result<Done> written = Done();
    for (int i = 0; i < 8 && written; ++i) written = stream_->write("x", clock_.now() + 5s).run();
    std::signal(SIGPIPE, before);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().cause, Cause::closed);
}

TEST_F(FdStreamTest, SaysInWordsWhatHappened) {
    test::reset(pair_.theirs);
    const Result<std::size_t> got = stream_->read_some(buffer_, clock_.now() + 5s).run();
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error(), Failure(Stage::start, Cause::closed, "connection reset by peer"));
    const Result<Done> written = stream_->write("x", clock_.now() + 5s).run();
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error(), Failure(Stage::start, Cause::closed, "broken pipe"));
}

TEST_F(FdStreamTest, LastWordsBeforeAResetAreStillRead) {
    test::must(static_cast<int>(::send(pair_.theirs.get(), "421 bye\r\n", 9, 0)), "send");
    pollfd arrived{fd_, POLLIN, 0};
    ASSERT_EQ(wait_for({&arrived, 1}, clock_, clock_.now() + 5s), Readiness::ready);
    test::reset(pair_.theirs);
    EXPECT_EQ(stream_->read_some(buffer_, clock_.now() + 5s).run(), 9U);
    EXPECT_FALSE(stream_->read_some(buffer_, clock_.now() + 5s).run().has_value());
}

TEST_F(FdStreamTest, ABlockingSocketDoesNotBlockIt) {
    ASSERT_EQ(::fcntl(fd_, F_GETFL) & O_NONBLOCK, 0);
    const Time begin = clock_.now();
    EXPECT_FALSE(stream_->read_some(buffer_, begin + 30ms).run().has_value());
    EXPECT_FALSE(stream_->write(std::string(64 << 20, 'x'), clock_.now() + 30ms).run());
    EXPECT_LT(clock_.now() - begin, 10s);
}

extern "C" void do_nothing(int) {}

TEST_F(FdStreamTest, SignalsDoNotEndAWait) {
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = do_nothing;  // without SA_RESTART: each one interrupts the wait
    ::sigaction(SIGUSR1, &action, &before);
    const pthread_t reader = ::pthread_self();
    std::atomic<bool> over = false;
    std::thread annoyance([&] {
        while (!over) {
            ::pthread_kill(reader, SIGUSR1);
            std::this_thread::sleep_for(2ms);
        }
    });
    const Deadline deadline = clock_.now() + 60ms;
    const Result<std::size_t> got = stream_->read_some(buffer_, deadline).run();
    const Time end = clock_.now();
    over = true;
    annoyance.join();
    ::sigaction(SIGUSR1, &before, nullptr);
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().cause, Cause::timed_out);
    EXPECT_GE(end, deadline);
    EXPECT_LT(end, deadline + 5s);
}

TEST(Readiness, RoundsUpSoThatItNeverSpins) {
    const Time now = Time() + 1h;
    EXPECT_EQ(poll_timeout(now, now), 0);
    EXPECT_EQ(poll_timeout(now, now - 1ns), 0);
    EXPECT_EQ(poll_timeout(now, Deadline::min()), 0);
    EXPECT_EQ(poll_timeout(now, now + 1ns), 1);
    EXPECT_EQ(poll_timeout(now, now + 1ms), 1);
    EXPECT_EQ(poll_timeout(now, now + 1ms + 1ns), 2);
    EXPECT_EQ(poll_timeout(now, Deadline::max()), INT_MAX);
}

TEST(ErrorWords, FitIntoASentence) {
    EXPECT_EQ(error_words(ECONNREFUSED), "connection refused");
    EXPECT_EQ(error_words(EHOSTUNREACH), "no route to host");
    EXPECT_EQ(error_words(EDOTDOT), "RFS specific error") << "a name keeps its capitals";
    EXPECT_EQ(error_words(4711), "error 4711");
}

}  // namespace
}  // namespace tern::os
