// Waiting for descriptors and for a point in time: the one leaf on which the coroutines of sockets,
// connects, name look-ups and locks stand. It must not know what is waited for, nor why.
#pragma once

#include <poll.h>

#include <cerrno>
#include <coroutine>
#include <span>

#include "base/clock.hpp"
#include "base/failure.hpp"

namespace tern {

/// How a wait ended.
enum class Readiness {
    ready,      ///< at least one descriptor has something to tell in `revents`
    timed_out,  ///< the deadline passed first
    cancelled,  ///< the host ended it: the waiting call fails with Cause::cancelled
    failed,     ///< the host cannot wait; the trouble is in errno
};

class Reactor;

/// One wait, as long as it is awaited. It lives in the frame of the coroutine that awaits it, so a
/// host may keep its address until it has ended it: no Task is destroyed while it waits.
class [[nodiscard]] Wait {
public:
    Wait(Reactor& reactor, pollfd one, Deadline deadline)
        : reactor_(reactor), one_(one), deadline_(deadline) {}
    Wait(Reactor& reactor, std::span<pollfd> several, Deadline deadline)
        : reactor_(reactor), several_(several), deadline_(deadline) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() = default;

    /// For hosts: what is waited for, each with room for the answer in `revents`. A negative
    /// descriptor is passed over, as poll(2) does.
    [[nodiscard]] std::span<pollfd> descriptors() {
        return several_.empty() ? std::span(&one_, 1) : several_;
    }
    [[nodiscard]] Deadline deadline() const { return deadline_; }
    /// For hosts: notes how it ended, with errno where it failed. A host whose begin() said false
    /// then resumes waiter(), once, and not from within another coroutine.
    void end(Readiness readiness, int error = 0) {
        readiness_ = readiness;
        error_ = error;
    }
    [[nodiscard]] std::coroutine_handle<> waiter() const { return waiter_; }

    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
    Readiness await_resume() const {
        if (readiness_ == Readiness::failed) errno = error_;
        return readiness_;
    }

private:
    Reactor& reactor_;
    pollfd one_{-1, 0, 0};
    std::span<pollfd> several_;
    Deadline deadline_;
    std::coroutine_handle<> waiter_;
    Readiness readiness_ = Readiness::cancelled;
    int error_ = 0;
};

/// Where coroutines wait. Implementations: one that blocks in poll(2) and never suspends (os), and
/// that of the tests, in virtual time.
class Reactor {
public:
    Reactor() = default;
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;
    virtual ~Reactor() = default;

    /// To be awaited at once: until `descriptor` has one of `events` (POLLIN, POLLOUT) or is
    /// broken, or `deadline` has passed. A deadline in the past makes it a look.
    Wait wait(int descriptor, short events, Deadline deadline) {
        return {*this, pollfd{descriptor, events, 0}, deadline};
    }
    /// The same for several descriptors, which must outlive the wait. Their `revents` hold good
    /// only when it gave Readiness::ready.
    Wait wait(std::span<pollfd> descriptors, Deadline deadline) {
        return {*this, descriptors, deadline};
    }
    /// Until `when`, for nothing else.
    Wait wait(Deadline when) { return {*this, std::span<pollfd>(), when}; }

private:
    friend Wait;
    /// True when `wait` has ended already (see Wait::end): its coroutine then goes on without
    /// having been suspended. Else the host keeps its address until it ends it.
    virtual bool begin(Wait& wait) = 0;
};

inline bool Wait::await_ready() { return reactor_.begin(*this); }

/// What a call fails with whose wait was cancelled.
inline Failure cancelled() {
    return {Stage::start, Cause::cancelled, "the wait was cancelled"};
}

}  // namespace tern
