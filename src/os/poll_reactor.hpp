// The reactor of a program that does one thing at a time: it waits in poll(2) and never suspends.
#pragma once

#include <poll.h>

#include <span>

#include "base/clock.hpp"
#include "environment/reactor.hpp"

namespace tern::os {

/// How long poll(2) is to wait from `now` to `deadline`, in its milliseconds: rounded up, so that
/// it does not spin before the deadline, and 0 when that has passed.
[[nodiscard]] int poll_timeout(Time now, Deadline deadline);

/// Waits until one of `waits` is ready or `deadline` passes; a deadline in the past makes it a
/// look. `failed` leaves the trouble in errno; a signal is none. Never `cancelled`.
[[nodiscard]] Readiness wait_for(std::span<pollfd> waits, const Clock& clock, Deadline deadline);

class PollReactor final : public Reactor {
public:
    /// `clock` is the system's, and must outlive it.
    explicit PollReactor(const Clock& clock) : clock_(clock) {}

private:
    bool begin(Wait& wait) override;

    const Clock& clock_;
};

}  // namespace tern::os
