// Time as the conversation sees it. Hosts implement Clock; nothing else asks the system.
#pragma once

#include <chrono>

namespace tern {

using Duration = std::chrono::nanoseconds;
/// A point of monotonic time; its origin is the host's own.
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// The moment a wait ends without success.
using Deadline = Time;

/// Tells the time. A real host answers from CLOCK_MONOTONIC, the simulation from its own.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    [[nodiscard]] virtual Time now() const = 0;
    /// Seconds since 1970 (UTC), for records that outlive the process (queue/lock/tcpto).
    [[nodiscard]] virtual std::chrono::seconds since_epoch() const = 0;
};

}  // namespace tern
