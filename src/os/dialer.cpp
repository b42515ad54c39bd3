// Racing connects over poll(2); see dialer.hpp.
#include "os/dialer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "os/error_words.hpp"
#include "os/fd_stream.hpp"
#include "os/readiness.hpp"

namespace tern::os {
namespace {


constexpr Duration head_start = std::chrono::milliseconds(250);  // RFC 8305 5

/// A socket address of either family.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    // The socket functions take every family through this one type.
    sockaddr* pointer() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Endpoint& endpoint) {
    SocketAddress result;
    const auto& bytes = endpoint.address.bytes();
    if (endpoint.address.family() == Family::ipv4) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, bytes.data(), sizeof address.sin_addr);
        std::memcpy(&result.storage, &address, result.size = sizeof address);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(endpoint.port);
        std::memcpy(&address.sin6_addr, bytes.data(), sizeof address.sin6_addr);
        std::memcpy(&result.storage, &address, result.size = sizeof address);
    }
    return result;
}

Endpoint endpoint_of(const SocketAddress& address) {
    if (address.storage.ss_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address.storage, sizeof ipv4);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &ipv4.sin_addr, bytes.size());
        return {IpAddress::ipv4(bytes), ntohs(ipv4.sin_port)};
    }
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address.storage, sizeof ipv6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
    return {IpAddress::ipv6(bytes), ntohs(ipv6.sin6_port)};
}

// The port is chosen at connect(2), by the whole four-tuple: otherwise one source could hold no
// more connections than there are ports (ip(7), IP_BIND_ADDRESS_NO_PORT).
bool leaves_from(int fd, const IpAddress& source) {
    const int on = 1;
    static_cast<void>(
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on));
    SocketAddress address = socket_address(Endpoint{source, 0});
    return ::bind(fd, address.pointer(), address.size) == 0;
}

std::optional<Endpoint> local_end(int fd) {
    SocketAddress here;
    if (::getsockname(fd, here.pointer(), &here.size) != 0) return std::nullopt;
    return endpoint_of(here);
}

/// One endpoint's part in the race.
struct Attempt {
    Descriptor socket;  // none before it starts and after it ended
    Deadline until;
    bool cut_short = false;  // the overall deadline comes before its patience is over
};

class Race {
public:
    Race(std::span<const Target> targets, const Clock& clock, Duration patience,
         Deadline deadline)
        : targets_(targets),
          clock_(clock),
          patience_(patience),
          deadline_(deadline),
          attempts_(targets.size()) {
        result_.each.resize(targets.size());
    }

    DialResult run() {
        while (!result_.stream) {
            start_those_due();
            if (!anyone_runs()) break;
            wait();
        }
        return std::move(result_);
    }

private:
    // The next one starts with a head start for those before, or at once when none of them runs.
    void start_those_due() {
        while (!result_.stream && next_ < attempts_.size()) {
            const Time now = clock_.now();
            if (now >= deadline_ || (anyone_runs() && now < next_start_)) return;
            start(next_++, now);
            next_start_ = now + head_start;
        }
    }

    void start(std::size_t index, Time now) {
        Attempt& attempt = attempts_[index];
        attempt.cut_short = deadline_ - now < patience_;
        attempt.until = attempt.cut_short ? deadline_ : now + patience_;
        const Target& target = targets_[index];
        SocketAddress address = socket_address(target.endpoint);
        attempt.socket = Descriptor(::socket(address.storage.ss_family,
                                             SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!attempt.socket) return end(index, errno);
        if (target.source && !leaves_from(attempt.socket.get(), *target.source))
            return end(index, Connected::wrong_source,
                       text(target.source->to_string(),
                            errno == EADDRNOTAVAIL
                                ? std::string(" is not an address of this host")
                                : " cannot be used as source address: " + error_words(errno)));
        // Commands are small and each waits for a reply: Nagle would hold the last of them back.
        // Slower is no reason not to try.
        const int on = 1;
        static_cast<void>(::setsockopt(attempt.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on,
                                       sizeof on));
        if (::connect(attempt.socket.get(), address.pointer(), address.size) == 0)
            return connected(index);
        // An interrupted connect goes on in the background (POSIX connect).
        if (errno != EINPROGRESS && errno != EINTR) end(index, errno);
    }

    void wait() {
        std::vector<pollfd> waits;
        Deadline wake = Deadline::max();
        for (const Attempt& attempt : attempts_) {
            waits.push_back({attempt.socket.get(), POLLOUT, 0});  // poll(2) passes over -1
            if (attempt.socket) wake = std::min(wake, attempt.until);
        }
        if (next_ < attempts_.size()) wake = std::min(wake, next_start_);
        const Readiness readiness = wait_for(waits, clock_, wake);
        if (readiness == Readiness::failed) return end_all(errno);
        const Time now = clock_.now();
        for (std::size_t i = 0; i < attempts_.size() && !result_.stream; ++i) {
            if (!attempts_[i].socket) continue;
            if (waits[i].revents != 0) look(i);
            else if (now >= attempts_[i].until) give_up(i);
        }
    }

    // The kernel has made up its mind about this one.
    void look(std::size_t index) {
        int error = 0;
        socklen_t size = sizeof error;
        const int fd = attempts_[index].socket.get();
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
        if (error == 0) connected(index);
        else end(index, error);
    }

    void connected(std::size_t index) {
        Attempt& attempt = attempts_[index];
        const std::optional<Endpoint> here = local_end(attempt.socket.get());
        // A connect to a port of our own in the ephemeral range can meet itself (simultaneous open,
        // RFC 9293 3.5): nothing listens there.
        if (here == targets_[index].endpoint)
            return end(index, Connected::refused, "connection refused (TCP self-connect)");
        if (here) result_.local = here->address;
        result_.stream = std::make_unique<FdStream>(std::move(attempt.socket), clock_);
        result_.winner = index;
        result_.each[index].outcome = Connected::yes;
    }

    void give_up(std::size_t index) {
        if (attempts_[index].cut_short)
            end(index, Connected::not_tried, "no time was left for further attempts");
        else
            end(index, ETIMEDOUT);
    }

    void end(std::size_t index, int error) {
        end(index, outcome_of_error(error), error_words(error));
    }

    void end(std::size_t index, Connected outcome, std::string why) {
        attempts_[index].socket.close();
        result_.each[index].outcome = outcome;
        result_.each[index].why = std::move(why);
        next_start_ = clock_.now();
    }

    void end_all(int error) {
        for (std::size_t i = 0; i < attempts_.size(); ++i)
            if (attempts_[i].socket) end(i, error);
    }

    [[nodiscard]] bool anyone_runs() const {
        return std::ranges::any_of(attempts_, [](const Attempt& a) { return bool(a.socket); });
    }

    std::span<const Target> targets_;
    const Clock& clock_;
    Duration patience_;
    Deadline deadline_;
    std::vector<Attempt> attempts_;
    std::size_t next_ = 0;  // the first that has not started
    Time next_start_;
    DialResult result_;
};

}  // namespace

Connected outcome_of_error(int error) {
    switch (error) {
        case ETIMEDOUT: return Connected::timed_out;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS: return Connected::resources;
        default: return Connected::refused;
    }
}

Task<DialResult> Dialer::dial(std::span<const Target> targets, Duration patience,
                              Deadline deadline) {
    Race race(targets, clock_, patience, deadline);
    co_return race.run();
}

}  // namespace tern::os
