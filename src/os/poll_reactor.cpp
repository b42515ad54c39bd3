// poll(2) up to a deadline; see poll_reactor.hpp.
#include "os/poll_reactor.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

namespace tern::os {

int poll_timeout(Time now, Deadline deadline) {
    if (deadline <= now) return 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
    return static_cast<int>(std::min<long long>(left, INT_MAX));
}

Readiness wait_for(std::span<pollfd> waits, const Clock& clock, Deadline deadline) {
    for (;;) {
        const Time now = clock.now();
        const int ready = ::poll(waits.data(), waits.size(), poll_timeout(now, deadline));
        if (ready > 0) return Readiness::ready;
        if (ready < 0 && errno != EINTR) return Readiness::failed;
        // Judged by the time before the wait: the last look is taken at or after the deadline.
        if (ready == 0 && now >= deadline) return Readiness::timed_out;
    }
}

bool PollReactor::begin(Wait& wait) {
    const Readiness readiness = wait_for(wait.descriptors(), clock_, wait.deadline());
    wait.end(readiness, errno);
    return true;
}

}  // namespace tern::os
