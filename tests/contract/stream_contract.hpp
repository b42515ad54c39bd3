// What a Stream is, as tests for each implementation: a socket, TLS, the simulated wire.
//
// An implementation brings a Host, default constructible, with one connection:
//   Stream& stream();                       our end
//   const Clock& clock();                   the time its deadlines mean
//   Result<T> run(Task<T>);                 runs a task of our end to its end
//   void peer_says(std::string_view);       the bytes have arrived when it returns
//   void peer_begins_to_hear(std::size_t);  from now on the peer reads until it has that many
//   std::string peer_heard();               waits for them
//   void peer_closes();                     ends its side in good order; that has arrived
//   void peer_vanishes();                   breaks the connection without a word; so has that
// and a line: INSTANTIATE_TYPED_TEST_SUITE_P(Sockets, StreamContract, SocketHost);
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/stream.hpp"

namespace tern::test {

template <class Host>
class StreamContract : public testing::Test {
protected:
    Deadline in(Duration timeout) { return host_.clock().now() + timeout; }
    Deadline soon() { return in(std::chrono::milliseconds(50)); }
    Deadline late() { return in(std::chrono::seconds(30)); }

    Result<std::size_t> read(Deadline deadline, std::size_t most = 4096) {
        return host_.run(host_.stream().read_some(std::span(buffer_).first(most), deadline));
    }
    Result<Done> write(std::string_view bytes, Deadline deadline) {
        return host_.run(host_.stream().write(bytes, deadline));
    }
    /// What the last read gave.
    [[nodiscard]] std::string_view bytes(std::size_t count) const {
        return {buffer_.data(), count};
    }
    /// Reads until `count` bytes have come.
    std::string read_all(std::size_t count) {
        std::string all;
        while (all.size() < count) {
            const Result<std::size_t> got = read(late());
            if (!got || *got == 0) break;
            all += bytes(*got);
        }
        return all;
    }

    Host host_;
    std::array<char, 4096> buffer_{};
};

TYPED_TEST_SUITE_P(StreamContract);

TYPED_TEST_P(StreamContract, ReadsWhatThePeerSaid) {
    this->host_.peer_says("220 mx.example\r\n");
    EXPECT_EQ(this->read_all(16), "220 mx.example\r\n");
}

TYPED_TEST_P(StreamContract, GivesNoMoreThanFitsAndTheRestLater) {
    this->host_.peer_says("220 mx.example\r\n");
    const Result<std::size_t> first = this->read(this->late(), 4);
    ASSERT_TRUE(first.has_value());
    ASSERT_GE(*first, 1U);
    ASSERT_LE(*first, 4U);
    std::string all(this->bytes(*first));
    all += this->read_all(16 - all.size());
    EXPECT_EQ(all, "220 mx.example\r\n");
}

TYPED_TEST_P(StreamContract, PassesEveryByteAsItIs) {
    std::string every;
    for (int value = 0; value < 256; ++value) every += static_cast<char>(value);
    this->host_.peer_says(every);
    EXPECT_EQ(this->read_all(every.size()), every);
    this->host_.peer_begins_to_hear(every.size());
    ASSERT_TRUE(this->write(every, this->late()).has_value());
    EXPECT_EQ(this->host_.peer_heard(), every);
}

TYPED_TEST_P(StreamContract, ADeadlineThatHasPassedMakesItALook) {
    const Time before = this->host_.clock().now();
    const Result<std::size_t> nothing = this->read(before - std::chrono::seconds(1));
    ASSERT_FALSE(nothing.has_value());
    EXPECT_EQ(nothing.error().cause, Cause::timed_out);
    this->host_.peer_says("here");
    const Result<std::size_t> something = this->read(before);
    ASSERT_TRUE(something.has_value()) << something.error().detail;
    EXPECT_EQ(this->bytes(*something), "here");
}

TYPED_TEST_P(StreamContract, LooksAtTheEdgesOfTime) {
    EXPECT_EQ(this->read(Deadline::min()).error().cause, Cause::timed_out);
    this->host_.peer_says("here");
    EXPECT_EQ(this->read(Deadline::max()), 4U);
}

TYPED_TEST_P(StreamContract, WaitsUntilItsDeadlineAndNoLonger) {
    const Deadline deadline = this->soon();
    const Result<std::size_t> nothing = this->read(deadline);
    ASSERT_FALSE(nothing.has_value());
    EXPECT_EQ(nothing.error().cause, Cause::timed_out);
    EXPECT_EQ(nothing.error().stage, Stage::start) << "who calls knows the stage";
    EXPECT_FALSE(nothing.error().detail.empty());
    EXPECT_GE(this->host_.clock().now(), deadline);
    EXPECT_LT(this->host_.clock().now(), deadline + std::chrono::seconds(5));
}

TYPED_TEST_P(StreamContract, GoesOnAfterATimeout) {
    ASSERT_FALSE(this->read(this->soon()).has_value());
    this->host_.peer_says("late");
    EXPECT_EQ(this->read_all(4), "late");
}

TYPED_TEST_P(StreamContract, GivesZeroAtTheEndAndAgain) {
    this->host_.peer_says("221 bye\r\n");
    this->host_.peer_closes();
    EXPECT_EQ(this->read_all(9), "221 bye\r\n");
    EXPECT_EQ(this->read(this->late()), 0U);
    EXPECT_EQ(this->read(this->late()), 0U);
}

TYPED_TEST_P(StreamContract, WritesAllHoweverMuch) {
    std::string much;
    for (int i = 0; much.size() < (4U << 20); ++i) much += std::to_string(i) + "\r\n";
    this->host_.peer_begins_to_hear(much.size());
    ASSERT_TRUE(this->write(much, this->late()).has_value());
    EXPECT_TRUE(this->host_.peer_heard() == much);
}

TYPED_TEST_P(StreamContract, WritesNothingWithoutAWait) {
    EXPECT_TRUE(this->write("", Deadline::min()).has_value());
}

TYPED_TEST_P(StreamContract, WritesPastADeadlineWhatGoesAtOnce) {
    this->host_.peer_begins_to_hear(6);
    ASSERT_TRUE(this->write("QUIT\r\n", this->host_.clock().now()).has_value());
    EXPECT_EQ(this->host_.peer_heard(), "QUIT\r\n");
}

TYPED_TEST_P(StreamContract, GivesUpWritingWhenThePeerDoesNotRead) {
    const std::string much(64 << 20, 'x');
    const Deadline deadline = this->soon();
    const Result<Done> written = this->write(much, deadline);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().cause, Cause::timed_out);
    EXPECT_GE(this->host_.clock().now(), deadline);
}

TYPED_TEST_P(StreamContract, TellsABrokenConnectionFromAnEnd) {
    this->host_.peer_vanishes();
    const Result<std::size_t> got = this->read(this->late());
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().cause, Cause::closed);
    EXPECT_EQ(got.error().stage, Stage::start);
    EXPECT_FALSE(got.error().detail.empty());
}

TYPED_TEST_P(StreamContract, CannotWriteToABrokenConnection) {
    this->host_.peer_vanishes();
    const std::string much(1 << 20, 'x');
    Result<Done> written = Done();
    for (int i = 0; i < 64 && written; ++i) written = this->write(much, this->late());
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().cause, Cause::closed);
    EXPECT_FALSE(written.error().detail.empty());
}

TYPED_TEST_P(StreamContract, TalksBothWaysInTurn) {
    for (int i = 0; i < 20; ++i) {
        const std::string line = "line " + std::to_string(i) + "\r\n";
        this->host_.peer_begins_to_hear(line.size());
        ASSERT_TRUE(this->write(line, this->late()).has_value());
        EXPECT_EQ(this->host_.peer_heard(), line);
        this->host_.peer_says(line);
        EXPECT_EQ(this->read_all(line.size()), line);
    }
}

REGISTER_TYPED_TEST_SUITE_P(StreamContract, ReadsWhatThePeerSaid,
                            GivesNoMoreThanFitsAndTheRestLater, PassesEveryByteAsItIs,
                            ADeadlineThatHasPassedMakesItALook, LooksAtTheEdgesOfTime,
                            WaitsUntilItsDeadlineAndNoLonger, GoesOnAfterATimeout,
                            GivesZeroAtTheEndAndAgain, WritesAllHoweverMuch,
                            WritesNothingWithoutAWait, WritesPastADeadlineWhatGoesAtOnce,
                            GivesUpWritingWhenThePeerDoesNotRead, TellsABrokenConnectionFromAnEnd,
                            CannotWriteToABrokenConnection, TalksBothWaysInTurn);

}  // namespace tern::test
