// Questions and answers on the wire, with c-ares 1.18; see cares_channel.hpp.
#include "os/cares_channel.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "dns/message.hpp"
#include "os/error_words.hpp"
#include "os/readiness.hpp"

namespace tern::os {
namespace {

// The interface of a link-local server: a name, or its number (RFC 4007 11.2).
std::uint32_t scope_of(const std::string& zone) {
    constexpr std::uint64_t highest = 0xffffffff;
    const std::optional<std::uint64_t> number = leading_number(zone, highest);
    if (number) return static_cast<std::uint32_t>(*number);
    return if_nametoindex(zone.c_str());
}

std::optional<IpAddress> address_in(const sockaddr_storage& from) {
    if (from.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof v4);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
        return IpAddress::ipv4(bytes);
    }
    if (from.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &from, sizeof v6);
        std::array<std::uint8_t, 16> bytes{};
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return IpAddress::ipv6(bytes);
    }
    return std::nullopt;
}

ares_addr_port_node node_for(const NameServer& server) {
    ares_addr_port_node node{};
    const auto& bytes = server.address.bytes();
    if (server.address.family() == Family::ipv4) {
        node.family = AF_INET;
        std::memcpy(&node.addr.addr4, bytes.data(), sizeof node.addr.addr4);
    } else {
        node.family = AF_INET6;
        std::memcpy(&node.addr.addr6, bytes.data(), sizeof node.addr.addr6);
    }
    node.udp_port = node.tcp_port = server.port;
    return node;
}

bool is_datagram(int socket) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

// Throws for lack of memory, c-ares' only trouble with options such as ours.
void check(int status) {
    if (status != ARES_SUCCESS) throw std::bad_alloc();
}

}  // namespace

// What c-ares calls instead of socket(2) and its kin. Nothing here throws.
struct CaresChannel::SocketFunctions {
    static CaresChannel& channel(void* self) { return *static_cast<CaresChannel*>(self); }

    static int open(int family, int type, int protocol, void* self) {
        const int socket = ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        if (socket < 0) {
            channel(self).trouble_ = errno;
            channel(self).no_socket_ = true;
        }
        return socket;
    }

    static int close(int socket, void*) { return ::close(socket); }

    // c-ares 1.18 drops the scope of an address, without which link-local servers are not reached.
    static int connect(int socket, const sockaddr* to, socklen_t length, void* self) {
        sockaddr_storage target{};
        std::memcpy(&target, to, std::min<std::size_t>(length, sizeof target));
        if (to->sa_family == AF_INET6) {
            const std::optional<IpAddress> address = address_in(target);
            for (const NameServer& server : channel(self).conf_.servers) {
                if (server.zone.empty() || server.address != address) continue;
                const std::uint32_t scope = scope_of(server.zone);
                constexpr std::size_t at = offsetof(sockaddr_in6, sin6_scope_id);
                std::memcpy(reinterpret_cast<char*>(&target) + at, &scope, sizeof scope);
            }
        }
        const int result = ::connect(socket, reinterpret_cast<const sockaddr*>(&target), length);
        if (result < 0 && errno != EINPROGRESS) channel(self).note_trouble();
        return result;
    }

    static ssize_t receive(int socket, void* into, std::size_t size, int flags, sockaddr* from,
                           socklen_t* from_length, void* self) {
        const ssize_t got = ::recvfrom(socket, into, size, flags, from, from_length);
        if (got < 0 && errno != EAGAIN) channel(self).note_trouble();
        if (got > 0) channel(self).note(into, static_cast<std::size_t>(got), socket);
        return got;
    }

    static ssize_t send(int socket, const iovec* parts, int count, void* self) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        // The ICMP error of the question before this one on the same socket. Taken for this one's,
        // it would leave that one waiting for a server that is known to be gone: sent again, both
        // hear of it at the next read.
        if (sent < 0 && errno == ECONNREFUSED && is_datagram(socket))
            sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) channel(self).note_trouble();
        return sent;
    }
};

CaresChannel::Library::Library() { check(ares_library_init(ARES_LIB_INIT_ALL)); }

CaresChannel::CaresChannel(const ResolvConf& conf, const Clock& clock)
    : conf_(conf), clock_(clock), began_(clock.now()) {
    static const ares_socket_functions functions{SocketFunctions::open, SocketFunctions::close,
                                                 SocketFunctions::connect, SocketFunctions::receive,
                                                 SocketFunctions::send};
    // Every option that c-ares would otherwise seek in /etc/resolv.conf, the environment or the
    // host's name is given, if only as "none".
    ares_options options{};
    options.flags = 0;
    options.timeout = static_cast<int>(conf.patience.count());
    options.tries = conf.attempts;
    options.ndots = 1;
    char lookups[] = "b";
    options.lookups = lookups;
    ares_channel made = nullptr;
    check(ares_init_options(&made, &options,
                            ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                                ARES_OPT_NOROTATE | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
                                ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST));
    channel_.reset(made);
    std::vector<ares_addr_port_node> nodes;
    std::ranges::transform(conf.servers, std::back_inserter(nodes), node_for);
    // Rotation by c-ares would begin with the first server in every process.
    if (conf.rotate) {
        const auto count = static_cast<std::uint32_t>(nodes.size());
        std::rotate(nodes.begin(), nodes.begin() + arc4random_uniform(count), nodes.end());
    }
    for (std::size_t i = 1; i < nodes.size(); ++i) nodes[i - 1].next = &nodes[i];
    check(ares_set_servers_ports(channel_.get(), nodes.data()));
    ares_set_socket_functions(channel_.get(), &functions, this);
}

void CaresChannel::send(Exchange& exchange) {
    waiting_.push_back(&exchange);
    exchange.state = Exchange::State::waiting;
    exchange.seen = Exchange::Seen();
    ares_send(channel_.get(), reinterpret_cast<const unsigned char*>(exchange.query.data()),
              static_cast<int>(exchange.query.size()), on_answer, &exchange);
}

void CaresChannel::on_answer(void* to, int status, int timeouts, unsigned char* bytes, int length) {
    Exchange& exchange = *static_cast<Exchange*>(to);
    exchange.seen.status = status;
    exchange.seen.timeouts = timeouts;
    exchange.state = Exchange::State::unanswered;
    exchange.seen.no_memory = status == ARES_ENOMEM;
    if (status != ARES_SUCCESS) return;
    try {
        exchange.answer.assign(reinterpret_cast<const char*>(bytes),
                               static_cast<std::size_t>(length));
        exchange.state = Exchange::State::answered;
    } catch (const std::bad_alloc&) {
        exchange.seen.no_memory = true;
    }
}

void CaresChannel::note_trouble() noexcept {
    trouble_ = errno;
    no_socket_ = false;
}

// c-ares keeps to itself which server refused, and why; the headers that pass here tell. Of an
// answer over TCP that comes in pieces, a later piece hardly ever looks like a header of ours, and
// all that hangs on it is a sentence.
void CaresChannel::note(const void* message, std::size_t length, int socket) noexcept {
    constexpr std::size_t enough = 4;
    if (length < enough) return;
    std::array<unsigned char, enough> header{};
    std::memcpy(header.data(), message, enough);
    for (Exchange* exchange : waiting_) {
        if (std::memcmp(header.data(), exchange->query.data(), 2) != 0) continue;
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
        const unsigned code = header[3] & 0x0fU;
        const bool refused = code == dns::rcode_server_failure ||
                             code == dns::rcode_not_implemented || code == dns::rcode_refused;
        exchange->seen.by = address_in(peer).value_or(IpAddress());
        exchange->seen.refusal = refused ? code : 0;
        exchange->seen.truncated = (header[2] & 0x02) != 0;
    }
}

void CaresChannel::turn(Deadline deadline) {
    settle_ended();
    if (waiting_.empty()) return;
    if (clock_.now() >= deadline) ares_cancel(channel_.get());
    else wait_for_sockets(deadline);
    settle_ended();
}

void CaresChannel::wait_for_sockets(Deadline deadline) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted = static_cast<unsigned>(
        ares_getsock(channel_.get(), sockets.data(), ARES_GETSOCK_MAXNUM));
    std::array<pollfd, ARES_GETSOCK_MAXNUM> polled{};
    std::size_t count = 0;
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        const unsigned readable = wanted >> i & 1U;
        const unsigned writable = wanted >> (i + ARES_GETSOCK_MAXNUM) & 1U;
        if (!readable && !writable) continue;
        polled[count++] = pollfd{
            sockets[i], static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)), 0};
    }
    timeval next{};
    if (ares_timeout(channel_.get(), nullptr, &next) != nullptr) {
        // A millisecond more: c-ares cuts fractions off, and would be woken too early.
        const auto patience = std::chrono::seconds(next.tv_sec) +
                              std::chrono::microseconds(next.tv_usec) +
                              std::chrono::milliseconds(1);
        deadline = std::min<Deadline>(deadline, clock_.now() + patience);
    }
    switch (wait_for(std::span(polled.data(), count), clock_, deadline)) {
        case Readiness::failed:
            note_trouble();
            return ares_cancel(channel_.get());
        case Readiness::timed_out:
            return ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        case Readiness::ready:
            break;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const int events = polled[i].revents;
        if (events == 0) continue;
        const bool broken = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
        const bool in = broken || (events & POLLIN) != 0;
        const bool out = (polled[i].events & POLLOUT) != 0 && (broken || (events & POLLOUT) != 0);
        ares_process_fd(channel_.get(), in ? polled[i].fd : ARES_SOCKET_BAD,
                        out ? polled[i].fd : ARES_SOCKET_BAD);
    }
}

void CaresChannel::settle_ended() {
    std::erase_if(waiting_, [this](Exchange* exchange) {
        if (exchange->state == Exchange::State::waiting) return false;
        if (exchange->seen.no_memory) throw std::bad_alloc();
        if (exchange->state == Exchange::State::unanswered) exchange->why = reason(exchange->seen);
        return true;
    });
}

std::string CaresChannel::reason(const Exchange::Seen& seen) const {
    if (seen.refusal != 0)
        return text("the name server ", seen.by.to_string(), " answered ",
                    dns::rcode_name(seen.refusal));
    if (seen.truncated)
        return text("the name server ", seen.by.to_string(),
                    " truncated its answer and gave none over TCP");
    std::string servers;
    for (const NameServer& server : conf_.servers) {
        if (!servers.empty()) servers += ", ";
        servers += server.address.to_string();
    }
    const bool one = conf_.servers.size() == 1;
    const bool timed_out = seen.timeouts > 0 || seen.status == ARES_ECANCELLED;
    if (!timed_out && no_socket_)
        return text("cannot open a socket to ask a name server: ", error_words(trouble_));
    if (!timed_out)
        return text(one ? "the name server cannot be reached (" : "no name server can be reached (",
                    servers, trouble_ != 0 ? text(": ", error_words(trouble_)) : "", ")");
    const auto waited =
        std::max<std::int64_t>(1, std::chrono::round<std::chrono::seconds>(clock_.now() - began_)
                                      .count());
    return text(one ? "the name server (" : text(conf_.servers.size(), " name servers ("), servers,
                ") did not answer in ", waited, waited == 1 ? " second" : " seconds");
}

}  // namespace tern::os
