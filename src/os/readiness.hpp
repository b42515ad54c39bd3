// Waiting for a descriptor with poll(2): the one leaf on which a one-shot program waits.
#pragma once

#include <poll.h>

#include <span>

#include "base/clock.hpp"

namespace tern::os {

/// How long poll(2) is to wait from `now` to `deadline`, in its milliseconds: rounded up, so that
/// it does not spin before the deadline, and 0 when that has passed.
[[nodiscard]] int poll_timeout(Time now, Deadline deadline);

enum class Readiness { ready, timed_out, failed };

/// Waits until one of `waits` is ready or `deadline` passes; a deadline in the past makes it a
/// look. `failed` leaves the trouble in errno; a signal is none.
[[nodiscard]] Readiness wait_for(std::span<pollfd> waits, const Clock& clock, Deadline deadline);

}  // namespace tern::os
