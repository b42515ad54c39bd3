// What a delivery leaves behind when it ends in an exception. Its verdicts are told by the
// conversations of tests/conversation.
#include "delivery/deliver.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <new>

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
    const Arguments arguments{"[198.51.100.1]", "alice@sender.example", recipients};
    bool written = false;
    EXPECT_THROW((void)deliver(environment, settings, arguments, written).run(), std::bad_alloc);
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

}  // namespace
}  // namespace tern::delivery
