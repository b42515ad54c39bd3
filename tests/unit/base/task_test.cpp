// Task on both kinds of host: one that never suspends, and one that resumes leaves later.
#include "base/task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tern {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A wait that the test ends by hand, as a reactor would.
class Leaf {
public:
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
    void await_resume() noexcept {}

    [[nodiscard]] bool awaited() const { return waiter_ != nullptr; }
    void end() { std::exchange(waiter_, nullptr).resume(); }

private:
    std::coroutine_handle<> waiter_;
};

const Failure hung_up(Stage::mail, Cause::closed, "the server hung up");

using Trace = std::vector<std::string>;

/// Notes when its scope ends.
class Scope {
public:
    Scope(Trace& trace, std::string name) : trace_(trace), name_(std::move(name)) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { trace_.push_back("~" + name_); }

private:
    Trace& trace_;
    std::string name_;
};

Task<int> gives(int value) { co_return value; }
Task<int> fails() { co_return hung_up; }
Task<int> throws() {
    throw std::runtime_error("a bug");
    co_return 0;
}
Task<int> gives_after(Leaf& leaf, int value) {
    co_await leaf;
    co_return value;
}
Task<int> fails_after(Leaf& leaf) {
    co_await leaf;
    co_return hung_up;
}
Task<int> throws_after(Leaf& leaf) {
    co_await leaf;
    throw std::runtime_error("a bug");
}

Task<int> twice(Task<int> child) { co_return 2 * co_await std::move(child); }

/// Awaits `child` inside of `levels` coroutines, each with a local of its own.
Task<int> nested(Trace& trace, int levels, Task<int> child) {
    const Scope scope(trace, std::to_string(levels));
    if (levels == 1) co_return co_await std::move(child);
    co_return co_await nested(trace, levels - 1, std::move(child));
}

Task<std::string> shown(Task<int> child) {
    const Result<int> outcome = co_await child.outcome();
    co_return outcome ? std::to_string(*outcome) : outcome.error().detail;
}

TEST(Task, DoesNothingBeforeItIsStarted) {
    Leaf leaf;
    Task<int> task = gives_after(leaf, 7);
    EXPECT_FALSE(leaf.awaited());
    EXPECT_FALSE(task.finished());
    task.start();
    EXPECT_TRUE(leaf.awaited());
    leaf.end();
    EXPECT_EQ(task.take(), 7);
}

TEST(Task, NeverStartedIsDestroyedWithItsParameters) {
    Trace trace;
    { const Task<int> task = nested(trace, 3, gives(1)); }
    EXPECT_THAT(trace, IsEmpty()) << "no local came to life";
}

TEST(Task, GivesValuesInPlace) {
    EXPECT_EQ(gives(21).run(), 21);
    EXPECT_EQ(twice(gives(21)).run(), 42);
    Trace trace;
    EXPECT_EQ(nested(trace, 3, twice(gives(4))).run(), 8);
    EXPECT_THAT(trace, ElementsAre("~1", "~2", "~3"));
}

TEST(Task, GivesValuesAfterAWait) {
    Leaf leaf;
    Trace trace;
    Task<int> task = nested(trace, 3, twice(gives_after(leaf, 4)));
    task.start();
    EXPECT_FALSE(task.finished());
    EXPECT_THAT(trace, IsEmpty());
    leaf.end();
    ASSERT_TRUE(task.finished());
    EXPECT_EQ(task.take(), 8);
    EXPECT_THAT(trace, ElementsAre("~1", "~2", "~3"));
}

TEST(Task, PassesFailuresOnInPlace) {
    Trace trace;
    {
        Task<int> task = nested(trace, 3, twice(fails()));
        EXPECT_EQ(task.run().error(), hung_up);
    }
    EXPECT_THAT(trace, ElementsAre("~1", "~2", "~3")) << "innermost first, each once";
}

TEST(Task, PassesFailuresOnAfterAWait) {
    Leaf leaf;
    Trace trace;
    {
        Task<int> task = nested(trace, 3, twice(fails_after(leaf)));
        task.start();
        leaf.end();
        ASSERT_TRUE(task.finished());
        EXPECT_EQ(task.take().error(), hung_up);
    }
    EXPECT_THAT(trace, ElementsAre("~1", "~2", "~3"));
}

TEST(Task, HandsItsOutcomeOver) {
    EXPECT_EQ(shown(gives(5)).run(), "5");
    EXPECT_EQ(shown(fails()).run(), "the server hung up");
    Trace trace;
    EXPECT_EQ(shown(nested(trace, 3, fails())).run(), "the server hung up");
    EXPECT_THAT(trace, ElementsAre("~1", "~2", "~3"));
}

TEST(Task, HandsItsOutcomeOverAfterAWait) {
    for (const bool well : {true, false}) {
        Leaf leaf;
        Trace trace;
        {
            Task<std::string> task =
                shown(nested(trace, 3, well ? gives_after(leaf, 5) : fails_after(leaf)));
            task.start();
            EXPECT_THAT(trace, IsEmpty());
            leaf.end();
            ASSERT_TRUE(task.finished());
            EXPECT_EQ(task.take(), well ? "5" : "the server hung up");
        }
        EXPECT_THAT(trace, ElementsAre("~1", "~2", "~3"));
    }
}

// A coroutine that was resumed by a host ends where it is, inside of its own await_suspend,
// while those above it go on and destroy it. Its locals live as long as its Task: here a parameter
// of the one that awaits it, which goes after that one's locals.
Task<int> waits_then(Leaf& leaf, Trace& trace, Task<int> child) {
    const Scope scope(trace, "waits_then");
    co_await leaf;
    co_return co_await std::move(child);
}

TEST(Task, FailsInPlaceAfterAnEarlierWait) {
    Leaf leaf;
    Trace trace;
    {
        Task<std::string> task = shown(nested(trace, 2, waits_then(leaf, trace, twice(fails()))));
        task.start();
        leaf.end();
        ASSERT_TRUE(task.finished());
        EXPECT_EQ(task.take(), "the server hung up");
    }
    EXPECT_THAT(trace, ElementsAre("~1", "~waits_then", "~2"));
}

TEST(Task, WaitsAgainAndAgain) {
    Leaf first;
    Leaf second;
    Trace trace;
    Task<std::string> task = shown(waits_then(first, trace, twice(gives_after(second, 3))));
    task.start();
    first.end();
    EXPECT_FALSE(task.finished());
    second.end();
    EXPECT_EQ(task.take(), "6");
}

TEST(Task, LetsExceptionsThrough) {
    Trace trace;
    EXPECT_THROW(static_cast<void>(throws().run()), std::runtime_error);
    EXPECT_THROW(static_cast<void>(nested(trace, 3, throws()).run()), std::runtime_error);
    EXPECT_THAT(trace, ElementsAre("~1", "~2", "~3"));
    EXPECT_THROW(static_cast<void>(shown(throws()).run()), std::runtime_error)
        << "outcome() is for failures, not for bugs";
}

TEST(Task, LetsExceptionsThroughAfterAWait) {
    Leaf leaf;
    Trace trace;
    Task<std::string> task = shown(nested(trace, 2, throws_after(leaf)));
    task.start();
    leaf.end();
    ASSERT_TRUE(task.finished());
    EXPECT_THAT(trace, ElementsAre("~1", "~2"));
    EXPECT_THROW(static_cast<void>(task.take()), std::runtime_error);
}

Task<int> recovers(Trace& trace) {
    try {
        co_await throws();
    } catch (const std::runtime_error& bug) {
        trace.emplace_back(bug.what());
    }
    co_return 1;
}

TEST(Task, ExceptionsCanBeCaughtAtAnAwait) {
    Trace trace;
    EXPECT_EQ(recovers(trace).run(), 1);
    EXPECT_THAT(trace, ElementsAre("a bug"));
}

// What a failed coroutine would have done next is not done; what it holds goes in reverse order.
Task<int> steps(Trace& trace, Task<int> child) {
    const Scope outer(trace, "outer");
    const Scope inner(trace, "inner");
    trace.emplace_back("before");
    const int value = co_await std::move(child);
    trace.emplace_back("after");
    co_return value;
}

TEST(Task, DestroysLocalsInReverseOrder) {
    Trace trace;
    EXPECT_EQ(steps(trace, gives(1)).run(), 1);
    EXPECT_THAT(trace, ElementsAre("before", "after", "~inner", "~outer"));
    trace.clear();
    EXPECT_FALSE(steps(trace, fails()).run().has_value());
    EXPECT_THAT(trace, ElementsAre("before", "~inner", "~outer"));
}

Task<int> goes_on_after(Trace& trace, Task<int> child) {
    const Result<int> outcome = co_await steps(trace, std::move(child)).outcome();
    trace.emplace_back("goes on");
    co_return outcome ? *outcome : -1;
}

TEST(Task, WhatFailedIsGoneWhenItsCallerGoesOn) {
    Trace trace;
    EXPECT_EQ(goes_on_after(trace, fails()).run(), -1);
    EXPECT_THAT(trace, ElementsAre("before", "~inner", "~outer", "goes on"));
}

// The frame that failed is inside of its own await_suspend while its caller, resumed from
// there, destroys it.
Task<int> tries_twice(Leaf& leaf, Trace& trace) {
    const Result<int> first =
        co_await nested(trace, 2, waits_then(leaf, trace, twice(fails()))).outcome();
    trace.emplace_back(first ? "went well" : "goes on");
    co_return co_await waits_then(leaf, trace, gives(9));
}

TEST(Task, WhatFailedAfterAWaitIsGoneWhenItsCallerGoesOn) {
    Leaf leaf;
    Trace trace;
    Task<int> task = tries_twice(leaf, trace);
    task.start();
    leaf.end();
    EXPECT_THAT(trace, ElementsAre("~1", "~waits_then", "~2", "goes on"));
    leaf.end();
    ASSERT_TRUE(task.finished());
    EXPECT_EQ(task.take(), 9);
}

Result<int> halved(int number) {
    if (number % 2 != 0) return fail(Stage::start, Cause::protocol_error, "odd");
    return number / 2;
}
Task<int> quarter(Task<int> child) {
    const int half = co_await halved(co_await std::move(child));
    co_return co_await halved(half);
}

TEST(Task, AwaitsResults) {
    EXPECT_EQ(quarter(gives(12)).run(), 3);
    EXPECT_EQ(quarter(gives(6)).run().error().detail, "odd");
    EXPECT_EQ(quarter(fails()).run().error(), hung_up);
    EXPECT_EQ(shown(quarter(gives(7))).run(), "odd");
}

TEST(Task, AwaitsResultsAfterAWait) {
    Leaf leaf;
    Task<std::string> task = shown(twice(quarter(gives_after(leaf, 6))));
    task.start();
    leaf.end();
    ASSERT_TRUE(task.finished());
    EXPECT_EQ(task.take(), "odd");
}

Task<int> returns(Result<int> result) { co_return result; }
Task<int> returns_unexpected() { co_return tl::unexpected<Failure>(hung_up); }

TEST(Task, ReturnsResultsAsTheyAre) {
    EXPECT_EQ(returns(5).run(), 5);
    EXPECT_EQ(returns(fail(Stage::data, Cause::tls, "broken")).run().error().cause, Cause::tls);
    EXPECT_EQ(returns_unexpected().run().error(), hung_up);
}

Task<std::unique_ptr<int>> gives_pointer() { co_return std::make_unique<int>(3); }
Task<std::unique_ptr<int>> hands_on() { co_return co_await gives_pointer(); }

TEST(Task, MovesValuesThatCannotBeCopied) {
    const Result<std::unique_ptr<int>> given = hands_on().run();
    ASSERT_TRUE(given.has_value());
    EXPECT_EQ(**given, 3);
}

TEST(Task, MovedFromHoldsNothing) {
    Task<int> first = gives(3);
    Task<int> second = std::move(first);
    EXPECT_EQ(second.run(), 3);
}

TEST(TaskDeathTest, RunDemandsAHostThatNeverSuspends) {
    Leaf leaf;
    EXPECT_DEATH(static_cast<void>(gives_after(leaf, 1).run()), "");
}

// Decision, pitfall 4: two million awaits that end immediately must not grow the stack, at -O0 and
// under AddressSanitizer least of all. Depth is seen in where an innermost local lies.
constexpr int many = 2'000'000;
constexpr std::uintptr_t one_depth = 64 << 10;

std::uintptr_t stack_position() {
    // The frame's address and not a local's: AddressSanitizer may move locals off the stack.
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

std::uintptr_t distance(std::uintptr_t a, std::uintptr_t b) { return a > b ? a - b : b - a; }

Task<std::uintptr_t> position() { co_return stack_position(); }

Task<std::uintptr_t> deepest_of(int rounds) {
    const std::uintptr_t first = co_await position();
    std::uintptr_t deepest = 0;
    for (int i = 0; i < rounds; ++i) {
        const std::uintptr_t here = co_await position();
        deepest = std::max(deepest, distance(here, first));
    }
    co_return deepest;
}

TEST(TaskStack, StaysFlatOverImmediateAwaits) {
    EXPECT_LT(*deepest_of(many).run(), one_depth);
}

Task<int> count_failures(int rounds) {
    int failures = 0;
    for (int i = 0; i < rounds; ++i) {
        const Result<int> outcome = co_await twice(fails()).outcome();
        if (!outcome) ++failures;
    }
    co_return failures;
}

TEST(TaskStack, StaysFlatOverImmediateFailures) {
    EXPECT_EQ(count_failures(many / 4).run(), many / 4);
}

Task<int> add_halves(int rounds) {
    int sum = 0;
    for (int i = 0; i < rounds; ++i) sum += co_await halved(2);
    co_return sum;
}

TEST(TaskStack, StaysFlatOverResults) { EXPECT_EQ(add_halves(many).run(), many); }

Task<std::uintptr_t> waits_each_time(Leaf& leaf, int rounds, std::uintptr_t& deepest) {
    std::uintptr_t first = 0;
    for (int i = 0; i < rounds; ++i) {
        co_await twice(gives_after(leaf, 1));
        const std::uintptr_t here = stack_position();
        if (first == 0) first = here;
        deepest = std::max(deepest, distance(here, first));
    }
    co_return deepest;
}

TEST(TaskStack, StaysFlatWhenAHostResumesEachTime) {
    constexpr int rounds = 200'000;
    Leaf leaf;
    std::uintptr_t deepest = 0;
    Task<std::uintptr_t> task = waits_each_time(leaf, rounds, deepest);
    task.start();
    int resumed = 0;
    while (!task.finished()) {
        leaf.end();
        ++resumed;
    }
    EXPECT_EQ(resumed, rounds);
    EXPECT_LT(deepest, one_depth);
}

// Both together: after a wait, the loop goes on from inside of its resumption.
Task<std::uintptr_t> waits_then_loops(Leaf& leaf, int rounds) {
    co_await gives_after(leaf, 1);
    co_return co_await deepest_of(rounds);
}

TEST(TaskStack, StaysFlatOverImmediateAwaitsAfterAWait) {
    Leaf leaf;
    Task<std::uintptr_t> task = waits_then_loops(leaf, many);
    task.start();
    leaf.end();
    ASSERT_TRUE(task.finished());
    EXPECT_LT(*task.take(), one_depth);
}

}  // namespace
}  // namespace tern
