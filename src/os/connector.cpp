// Sockets and connect(2); see connector.hpp.
#include "os/connector.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "os/error_words.hpp"
#include "os/fd_stream.hpp"

namespace tern::os {
namespace {

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

Connector::Begun ended(Connected outcome, std::string why) {
    return {Descriptor(), outcome, std::move(why)};
}

Connector::Begun ended(int error) { return ended(outcome_of_error(error), error_words(error)); }

Connector::Begun ended_for_source(const IpAddress& source, int error) {
    return ended(Connected::wrong_source,
                 concat(source.to_string(),
                        error == EADDRNOTAVAIL
                            ? std::string(" is not an address of this host")
                            : " cannot be used as source address: " + error_words(error)));
}

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

Connector::Begun SocketConnector::begin(const Target& target) {
    SocketAddress address = socket_address(target.endpoint);
    Descriptor socket(::socket(address.storage.ss_family,
                               SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return ended(errno);
    if (target.source && !leaves_from(socket.get(), *target.source))
        return ended_for_source(*target.source, errno);
    // Commands are small and each waits for a reply: Nagle would hold the last of them back.
    // Slower is no reason not to try.
    const int on = 1;
    static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    if (::connect(socket.get(), address.pointer(), address.size) == 0)
        return {std::move(socket), Connected::yes, {}};
    // An interrupted connect goes on in the background (POSIX connect).
    if (errno != EINPROGRESS && errno != EINTR) return ended(errno);
    return {std::move(socket), Connected::not_tried, {}};
}

int SocketConnector::result_of(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::optional<Endpoint> SocketConnector::local_end(int socket) {
    SocketAddress here;
    if (::getsockname(socket, here.pointer(), &here.size) != 0) return std::nullopt;
    return endpoint_of(here);
}

std::unique_ptr<Stream> SocketConnector::stream_over(Descriptor socket) {
    return std::make_unique<FdStream>(std::move(socket), reactor_, clock_);
}

}  // namespace tern::os
