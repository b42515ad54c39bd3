// Virtual time, randomness by seed, and suspended waits: the base of every simulation. It must
// not know SMTP, nor what runs on it.
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/task.hpp"

namespace tern::test {

/// Numbers by seed, the same on every machine (splitmix64).
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint32_t below(std::uint32_t bound) override;
    /// True once in `times`.
    bool once_in(std::uint32_t times) { return below(times) == 0; }
    /// Evenly spread over 0 .. longest.
    Duration up_to(Duration longest);

private:
    std::uint64_t state_;
};

enum class Woken { yes, timed_out, cancelled };

class Simulation;

/// Where at most one coroutine waits for something to happen.
class Signal {
public:
    explicit Signal(Simulation& simulation) : simulation_(simulation) {}
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    class Waiting {
    public:
        Waiting(Signal& signal, Deadline deadline) : signal_(signal), deadline_(deadline) {}
        bool await_ready();
        void await_suspend(std::coroutine_handle<> waiter);
        Woken await_resume() { return woken_; }

    private:
        friend Signal;
        friend Simulation;
        void end(Woken woken);

        Signal& signal_;
        Deadline deadline_;
        std::coroutine_handle<> waiter_;
        std::uint64_t timer_ = 0;  // 0: none
        Woken woken_ = Woken::yes;
    };

    /// Suspends until notify() or the deadline; Deadline::max() waits for notify() alone.
    Waiting wait(Deadline deadline) { return Waiting(*this, deadline); }
    /// Wakes who waits, at this same virtual moment but not within this call.
    void notify();

private:
    Simulation& simulation_;
    Waiting* waiting_ = nullptr;
};

class Simulation final : public Clock {
public:
    explicit Simulation(std::uint64_t seed) : seed_(seed), random_(seed) {}

    [[nodiscard]] Time now() const override { return now_; }
    [[nodiscard]] std::chrono::seconds since_epoch() const override;

    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    SeededRandom& random() { return random_; }

    /// Does `what` at `when` (not before now). The number can be given to unschedule().
    std::uint64_t schedule(Time when, std::function<void()> what);
    void unschedule(std::uint64_t number);
    Task<Done> sleep(Duration how_long);

    /// Runs one event; false when nothing is left to run.
    bool step();
    /// Ends every wait; new ones end at once. Events already due still run.
    void cancel_all_waits();

    /// Adds a line with the time to the transcript, which a failing test prints.
    void note(std::string line);
    [[nodiscard]] std::string transcript() const;
    /// Adds to what a test must report as failed, and to the transcript.
    void complain(std::string what);
    [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

private:
    friend Signal;

    std::uint64_t seed_;
    SeededRandom random_;
    Time now_{std::chrono::hours(24)};
    std::uint64_t last_number_ = 0;
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> events_;
    std::map<std::uint64_t, Time> times_;
    std::set<Signal::Waiting*> waits_;
    bool cancelling_ = false;
    std::vector<std::string> transcript_;
    std::size_t transcript_bytes_ = 0;
    std::vector<std::string> complaints_;
};

/// Bytes for people: control and 8-bit bytes as escapes, long ones cut.
[[nodiscard]] std::string shown(std::string_view bytes, std::size_t most = 160);

}  // namespace tern::test
