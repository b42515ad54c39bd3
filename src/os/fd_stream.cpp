// Reads and writes a socket; see fd_stream.hpp.
#include "os/fd_stream.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/error_words.hpp"
#include "os/readiness.hpp"

namespace tern::os {
namespace {

// How often a wait for room asks whether the send queue shrinks, in parts of the idle time.
constexpr int looks = 20;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// recv(2) and send(2) hand over what the network told about the connection earlier.
Failure broken(int error) {
    const Cause cause = error == ETIMEDOUT ? Cause::timed_out : Cause::closed;
    return {Stage::start, cause, error_words(error)};
}

// Nothing when the socket is ready.
std::optional<Failure> trouble_waiting(int fd, short events, const Clock& clock,
                                       Deadline deadline) {
    pollfd wait{fd, events, 0};
    switch (wait_for({&wait, 1}, clock, deadline)) {
        case Readiness::ready: return std::nullopt;
        case Readiness::timed_out:
            return Failure(Stage::start, Cause::timed_out, "timed out");
        case Readiness::failed: break;
    }
    return broken(errno);
}

}  // namespace

FdStream::FdStream(Descriptor socket, const Clock& clock)
    : socket_(std::move(socket)), clock_(clock) {}

Task<std::size_t> FdStream::read_some(std::span<char> into, Deadline deadline) {
    for (;;) {
        // Who has time waits first: behind a command nothing can be there yet. Who has none looks.
        const bool has_time = clock_.now() < deadline;
        if (has_time) {
            std::optional<Failure> trouble =
                trouble_waiting(socket_.get(), POLLIN, clock_, deadline);
            if (trouble) co_return std::move(*trouble);
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
        // A broken connection is an answer here, not a signal, whoever embeds this.
        const ssize_t sent =
            ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (!would_block(errno)) co_return broken(errno);
        std::optional<Failure> trouble = wait_for_room();
        if (trouble) co_return std::move(*trouble);
    }
    co_return Done();
}

// contract.md#time: progress of the send queue is progress. The kernel reports room only once
// a good part of its buffer is free, which takes long on a slow link, so the queue itself is looked
// at.
std::optional<Failure> FdStream::wait_for_room() {
    Time now = clock_.now();
    std::optional<std::size_t> before;
    for (;;) {
        const bool extends = idle_ > Duration::zero() && now < until_;
        const Deadline look = extends ? std::min(until_, now + idle_ / looks) : until_;
        std::optional<Failure> trouble =
            trouble_waiting(socket_.get(), POLLOUT, clock_, look);
        if (!extends || (trouble && trouble->cause != Cause::timed_out)) return trouble;
        now = clock_.now();
        const std::size_t held = trouble ? unsent() : 0;
        if (!trouble || (before && held < *before)) until_ = std::max(until_, now + idle_);
        if (!trouble || now >= until_) return trouble;
        before = held;
    }
}

std::size_t FdStream::unsent() const {
    int held = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &held) != 0) return 0;
    return static_cast<std::size_t>(std::max(held, 0));
}

}  // namespace tern::os
