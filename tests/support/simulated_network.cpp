// Sockets whose other end is a Wire or a deque of datagrams; see simulated_network.hpp.
#include "support/simulated_network.hpp"

#include <fcntl.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace tern::test {
namespace {

Endpoint endpoint_of(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address, sizeof ipv4);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &ipv4.sin_addr, bytes.size());
        return {IpAddress::ipv4(bytes), ntohs(ipv4.sin_port)};
    }
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, address, sizeof ipv6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
    return {IpAddress::ipv6(bytes), ntohs(ipv6.sin6_port)};
}

void tell(const Endpoint& endpoint, sockaddr* address, socklen_t* size) {
    if (address == nullptr || size == nullptr) return;
    const std::size_t room = *size;
    const auto& bytes = endpoint.address.bytes();
    if (endpoint.address.family() == Family::ipv4) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(endpoint.port);
        std::memcpy(&ipv4.sin_addr, bytes.data(), sizeof ipv4.sin_addr);
        std::memcpy(address, &ipv4, std::min(room, sizeof ipv4));
        *size = sizeof ipv4;
    } else {
        sockaddr_in6 ipv6{};
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(endpoint.port);
        std::memcpy(&ipv6.sin6_addr, bytes.data(), sizeof ipv6.sin6_addr);
        std::memcpy(address, &ipv6, std::min(room, sizeof ipv6));
        *size = sizeof ipv6;
    }
}

int failed(int error) {
    errno = error;
    return -1;
}

std::string joined(const iovec* parts, std::size_t count) {
    std::string bytes;
    for (const iovec& part : std::span(parts, count))
        bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
    return bytes;
}

constexpr std::uint16_t own_port = 40000;

}  // namespace

IpAddress own_address(Family family) {
    return *IpAddress::parse(family == Family::ipv4 ? "192.0.2.250" : "2001:db8:2::250");
}

// A descriptor of its own, that no other file of the program can have meanwhile: what is left open
// is seen to be.
int SimulatedNetwork::socket(int family, int type) {
    const int descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return descriptor;
    constexpr int kind = ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    Socket& made = sockets_[descriptor];
    made.number = SocketNumber(++made_);
    made.family = family == AF_INET ? Family::ipv4 : Family::ipv6;
    made.is_datagram = (type & kind) == SOCK_DGRAM;
    return descriptor;
}

int SimulatedNetwork::bind(int descriptor, const sockaddr* address) {
    const IpAddress source = endpoint_of(address).address;
    if (!hosts_.is_ours(source)) return failed(EADDRNOTAVAIL);
    sockets_.at(descriptor).source = source;
    return 0;
}

int SimulatedNetwork::connect(int descriptor, const sockaddr* address) {
    Socket& socket = sockets_.at(descriptor);
    socket.to = endpoint_of(address);
    if (socket.is_datagram) return 0;
    const NetworkHosts::Answer answer = hosts_.called(*socket.to, socket.source);
    if (answer.error != 0 && answer.delay == Duration()) return failed(answer.error);
    socket.is_connecting = true;
    if (answer.delay != Duration::max())
        simulation_.schedule(simulation_.now() + answer.delay,
                             [this, number = socket.number, error = answer.error] {
                                 answered(number, error);
                             });
    return failed(EINPROGRESS);
}

SimulatedNetwork::Socket* SimulatedNetwork::find(SocketNumber number) {
    const auto found = std::ranges::find_if(
        sockets_, [number](const auto& each) { return each.second.number == number; });
    return found == sockets_.end() ? nullptr : &found->second;
}

void SimulatedNetwork::answered(SocketNumber number, int error) {
    Socket* const socket = find(number);
    if (socket == nullptr) return;
    socket->has_answer = true;
    socket->error = error;
}

// The other side hears of a connection when ours looks at it: the second of a race that was made in
// the same moment as the first is never looked at.
void SimulatedNetwork::accept(Socket& socket) {
    if (!socket.is_connecting || !socket.has_answer) return;
    socket.is_connecting = false;
    if (socket.error != 0) return;
    socket.wire = hosts_.accepts(*socket.to);
    if (!socket.wire) socket.error = ECONNREFUSED;
}

bool SimulatedNetwork::arrive(SocketNumber number, std::string datagram) {
    Socket* const socket = find(number);
    if (socket != nullptr) socket->datagrams.push_back(std::move(datagram));
    return socket != nullptr;
}

bool SimulatedNetwork::fail(SocketNumber number, int error) {
    Socket* const socket = find(number);
    if (socket != nullptr) socket->error = error;
    return socket != nullptr;
}

std::optional<Endpoint> SimulatedNetwork::connected_to(int descriptor) const {
    const auto found = sockets_.find(descriptor);
    if (found == sockets_.end() || !found->second.wire) return std::nullopt;
    return found->second.to;
}

int SimulatedNetwork::name(int descriptor, sockaddr* address, socklen_t* size) {
    const Socket& socket = sockets_.at(descriptor);
    tell(Endpoint{socket.source.value_or(own_address(socket.family)), own_port}, address, size);
    return 0;
}

int SimulatedNetwork::option(int descriptor, int name) {
    Socket& socket = sockets_.at(descriptor);
    if (name == SO_TYPE) return socket.is_datagram ? SOCK_DGRAM : SOCK_STREAM;
    accept(socket);
    return std::exchange(socket.error, 0);
}

ssize_t SimulatedNetwork::receive(int descriptor, void* into, std::size_t size, sockaddr* from,
                                  socklen_t* from_size) {
    Socket& socket = sockets_.at(descriptor);
    const std::span room(static_cast<char*>(into), size);
    if (socket.to) tell(*socket.to, from, from_size);
    return socket.is_datagram ? receive_datagram(socket, room) : receive_bytes(socket, room);
}

ssize_t SimulatedNetwork::receive_datagram(Socket& socket, std::span<char> into) {
    if (const int error = std::exchange(socket.error, 0); error != 0) return failed(error);
    if (socket.datagrams.empty()) return failed(EAGAIN);
    const std::string datagram = std::move(socket.datagrams.front());
    socket.datagrams.pop_front();
    return static_cast<ssize_t>(datagram.copy(into.data(), into.size()));
}

ssize_t SimulatedNetwork::receive_bytes(Socket& socket, std::span<char> into) {
    accept(socket);
    if (const int error = std::exchange(socket.error, 0); error != 0) return failed(error);
    if (!socket.wire) return failed(socket.is_connecting ? EAGAIN : ENOTCONN);
    const std::size_t taken = socket.wire->take(Side::client, into);
    if (taken > 0) return static_cast<ssize_t>(taken);
    if (socket.wire->is_reset(Side::client)) return failed(ECONNRESET);
    return socket.wire->has_ended(Side::client) ? 0 : failed(EAGAIN);
}

ssize_t SimulatedNetwork::send(int descriptor, const iovec* parts, std::size_t count) {
    Socket& socket = sockets_.at(descriptor);
    const std::string bytes = joined(parts, count);
    if (!socket.is_datagram) accept(socket);
    if (const int error = std::exchange(socket.error, 0); error != 0) return failed(error);
    if (socket.is_datagram) {
        if (!socket.to) return failed(EDESTADDRREQ);
        hosts_.hears(*socket.to, bytes, socket.number);
        return static_cast<ssize_t>(bytes.size());
    }
    if (!socket.wire) return failed(socket.is_connecting ? EAGAIN : ENOTCONN);
    if (socket.wire->is_reset(Side::client)) return failed(ECONNRESET);
    const std::size_t put = socket.wire->put(Side::client, bytes);
    return put > 0 ? static_cast<ssize_t>(put) : failed(EAGAIN);
}

int SimulatedNetwork::unsent(int descriptor) {
    const Socket& socket = sockets_.at(descriptor);
    return socket.wire ? static_cast<int>(socket.wire->unsent(Side::client)) : 0;
}

bool SimulatedNetwork::is_readable(const Socket& socket) {
    return socket.error != 0 || !socket.datagrams.empty() ||
           (socket.wire && socket.wire->is_readable(Side::client));
}

bool SimulatedNetwork::is_writable(const Socket& socket) {
    if (socket.is_datagram) return true;
    return socket.wire ? socket.wire->is_writable(Side::client) : socket.has_answer;
}

short SimulatedNetwork::events(int descriptor, short wanted) {
    const Socket& socket = sockets_.at(descriptor);
    int found = 0;
    if (is_readable(socket)) found |= wanted & POLLIN;
    if (is_writable(socket)) found |= wanted & POLLOUT;
    const bool is_broken = socket.error != 0 && !socket.is_datagram;
    if (is_broken || (socket.wire && socket.wire->is_reset(Side::client))) found |= POLLERR;
    return static_cast<short>(found);
}

void SimulatedNetwork::close(int descriptor) {
    const auto found = sockets_.find(descriptor);
    if (found->second.wire) found->second.wire->close(Side::client);
    sockets_.erase(found);
}

}  // namespace tern::test
