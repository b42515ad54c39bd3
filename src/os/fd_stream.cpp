// Reads and writes a socket; see fd_stream.hpp.
#include "os/fd_stream.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/error_words.hpp"

namespace tern::os {
namespace {

// How often a wait for room asks whether the send queue shrinks, in parts of the idle time.
constexpr int looks = 20;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// recv(2) and send(2) hand over what the network reported about the connection earlier.
Failure broken(int error) {
    const Cause cause = error == ETIMEDOUT ? Cause::timed_out : Cause::closed;
    return {Stage::start, cause, error_words(error)};
}

// What a wait that did not end with a ready socket means.
Failure trouble(Readiness readiness) {
    if (readiness == Readiness::timed_out) return {Stage::start, Cause::timed_out, "timed out"};
    return readiness == Readiness::cancelled ? cancelled() : broken(errno);
}

}  // namespace

FdStream::FdStream(Descriptor socket, Reactor& reactor, const Clock& clock)
    : socket_(std::move(socket)), reactor_(reactor), clock_(clock) {}

Task<std::size_t> FdStream::read_some(std::span<char> into, Deadline deadline) {
    for (;;) {
        // Who has time waits first: after a command nothing can be there yet. Who has none looks.
        const bool has_time = clock_.now() < deadline;
        if (has_time) {
            const Readiness readiness = co_await reactor_.wait(socket_.get(), POLLIN, deadline);
            if (readiness != Readiness::ready) co_return trouble(readiness);
        }
        const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
        if (got >= 0) co_return static_cast<std::size_t>(got);
        if (errno == EINTR) continue;
        if (!would_block(errno)) co_return broken(errno);
        if (!has_time) co_return Failure(Stage::start, Cause::timed_out, "timed out");
    }
}

Task<Done> FdStream::write(std::string_view bytes, Deadline deadline) {
    if (deadline != asked_) asked_ = until_ = deadline;
    while (!bytes.empty()) {
        // A broken connection is an answer here, not a signal, in any program.
        const ssize_t sent =
            ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (!would_block(errno)) co_return broken(errno);
        co_await wait_for_room();
    }
    co_return Done();
}

// contract.md#time: progress of the send queue is progress. The kernel reports room only once
// a good part of its buffer is free, which takes long on a slow link, so the queue itself is looked
// at.
Task<Done> FdStream::wait_for_room() {
    Time now = clock_.now();
    std::optional<std::size_t> before;
    for (;;) {
        const bool extends = idle_ > Duration::zero() && now < until_;
        const Deadline look = extends ? std::min(until_, now + idle_ / looks) : until_;
        const Readiness readiness = co_await reactor_.wait(socket_.get(), POLLOUT, look);
        const bool is_ready = readiness == Readiness::ready;
        if (!is_ready && (!extends || readiness != Readiness::timed_out))
            co_return trouble(readiness);
        if (!extends) co_return Done();
        now = clock_.now();
        const std::size_t held = is_ready ? 0 : unsent();
        if (is_ready || (before && held < *before)) until_ = std::max(until_, now + idle_);
        if (is_ready) co_return Done();
        if (now >= until_) co_return trouble(readiness);
        before = held;
    }
}

std::size_t FdStream::unsent() const {
    int held = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &held) != 0) return 0;
    return static_cast<std::size_t>(std::max(held, 0));
}

}  // namespace tern::os
