// Sockets that wait for others.
#include "sink/endpoint.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "sink/ascii.hpp"

namespace tern::sink {

namespace {

template <typename Address>
Endpoint of(const Address& address) {
    Endpoint made;
    std::memcpy(&made.bytes, &address, sizeof address);
    made.length = sizeof address;
    return made;
}

Descriptor bound(const Endpoint& endpoint, int kind) {
    const auto fail = [&](const char* what) {
        throw std::runtime_error(std::string("cannot ") + what + " " + to_text(endpoint) + ": " +
                                 std::strerror(errno));
    };
    Descriptor made(::socket(endpoint.bytes.ss_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!made) fail("make a socket for");
    const int on = 1;
    ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (endpoint.bytes.ss_family == AF_INET6)
        ::setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.bytes);
    if (::bind(made.get(), address, endpoint.length) != 0) fail("bind to");
    constexpr int backlog = 4096;
    if (kind == SOCK_STREAM && ::listen(made.get(), backlog) != 0) fail("listen on");
    return made;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    constexpr std::uint64_t largest_port = 65535;
    const std::size_t colon = text.rfind(':');
    std::string_view address = "127.0.0.1";
    std::string_view port = text;
    if (colon != std::string_view::npos) {
        address = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const auto value = number(port, largest_port);
    if (!value) return std::nullopt;
    const in_port_t wire_port = htons(static_cast<std::uint16_t>(*value));
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        sockaddr_in6 made{};
        made.sin6_family = AF_INET6;
        made.sin6_port = wire_port;
        const std::string inner(address.substr(1, address.size() - 2));
        if (inet_pton(AF_INET6, inner.c_str(), &made.sin6_addr) != 1) return std::nullopt;
        return of(made);
    }
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = wire_port;
    if (inet_pton(AF_INET, std::string(address).c_str(), &made.sin_addr) != 1) return std::nullopt;
    return of(made);
}

std::string to_text(const Endpoint& endpoint) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (endpoint.bytes.ss_family == AF_INET6) {
        sockaddr_in6 address{};
        std::memcpy(&address, &endpoint.bytes, sizeof address);
        inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
        return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(address.sin6_port));
    }
    sockaddr_in address{};
    std::memcpy(&address, &endpoint.bytes, sizeof address);
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
}

Endpoint local_end(int socket) {
    Endpoint made;
    made.length = sizeof made.bytes;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&made.bytes), &made.length);
    return made;
}

Endpoint far_end(int socket) {
    Endpoint made;
    made.length = sizeof made.bytes;
    ::getpeername(socket, reinterpret_cast<sockaddr*>(&made.bytes), &made.length);
    return made;
}

Descriptor listen_on(const Endpoint& endpoint) {
    return bound(endpoint, SOCK_STREAM);
}

Descriptor receive_on(const Endpoint& endpoint) {
    return bound(endpoint, SOCK_DGRAM);
}

}  // namespace tern::sink
