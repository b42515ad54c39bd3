// The name server of the tests; see name_server.hpp.
#include "support/name_server.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/dns_answer.hpp"

namespace tern::test {
namespace {

constexpr int tries_for_a_port = 50;

sockaddr_in place_of(const std::string& address, std::uint16_t port) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    if (inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1)
        throw std::invalid_argument("not an IPv4 address: " + address);
    return place;
}

os::Descriptor bound(int type, const sockaddr_in& place) {
    os::Descriptor socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0)
        return os::Descriptor();
    return socket;
}

std::uint16_t port_of(const os::Descriptor& socket) {
    sockaddr_in place{};
    socklen_t size = sizeof place;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&place), &size);
    return ntohs(place.sin_port);
}

bool read_exactly(int socket, char* into, std::size_t count) {
    while (count > 0) {
        const ssize_t got = ::recv(socket, into, count, 0);
        if (got <= 0) return false;
        into += got;
        count -= static_cast<std::size_t>(got);
    }
    return true;
}

}  // namespace

NameServer::NameServer(Script script, Tcp tcp, std::string address)
    : script_(std::move(script)), address_(std::move(address)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    // Both sockets on one port that the kernel chooses for the first of them.
    for (int left = tries_for_a_port; left > 0 && !udp_; --left) {
        tcp_ = bound(SOCK_STREAM, place_of(address_, 0));
        udp_ = bound(SOCK_DGRAM, place_of(address_, port_of(tcp_)));
    }
    if (!udp_) throw std::runtime_error("no port is free on " + address_);
    port_ = port_of(udp_);
    if (tcp == Tcp::served) ::listen(tcp_.get(), 8);
    thread_ = std::thread([this] { serve(); });
}

NameServer::~NameServer() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
}

os::NameServer NameServer::place() const {
    return os::NameServer{IpAddress::parse(address_).value(), "", port_};
}

std::vector<Query> NameServer::queries() const {
    const std::lock_guard lock(mutex_);
    return queries_;
}

void NameServer::serve() {
    std::array<pollfd, 3> waits{pollfd{stop_.get(), POLLIN, 0}, pollfd{udp_.get(), POLLIN, 0},
                                pollfd{tcp_.get(), POLLIN, 0}};
    while (::poll(waits.data(), waits.size(), -1) >= 0 && waits[0].revents == 0) {
        if (waits[1].revents != 0) answer_datagram();
        if ((waits[2].revents & POLLIN) != 0) converse();
        // A socket that does not listen is always "hung up".
        if ((waits[2].revents & POLLHUP) != 0) waits[2].fd = -1;
    }
}

NameServer::Answers NameServer::ask_script(const Query& query) {
    {
        const std::lock_guard lock(mutex_);
        queries_.push_back(query);
    }
    return script_(query);
}

void NameServer::answer_datagram() {
    std::array<char, 2048> block{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(udp_.get(), block.data(), block.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return;
    const std::string bytes(block.data(), static_cast<std::size_t>(got));
    for (const std::string& answer : ask_script(Query{bytes, false, ntohs(from.sin_port)}))
        ::sendto(udp_.get(), answer.data(), answer.size(), 0,
                 reinterpret_cast<const sockaddr*>(&from), size);
}

// One connection, until the client ends it: a resolver of one program has but one at a time.
void NameServer::converse() {
    const os::Descriptor peer(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 2> length{};
    while (read_exactly(peer.get(), length.data(), length.size())) {
        std::string bytes(static_cast<std::size_t>(static_cast<unsigned char>(length[0]) << 8 |
                                                   static_cast<unsigned char>(length[1])),
                          '\0');
        if (!read_exactly(peer.get(), bytes.data(), bytes.size())) return;
        for (const std::string& answer : ask_script(Query{bytes, true, 0})) {
            const std::string framed = u16(static_cast<unsigned>(answer.size())) + answer;
            ::send(peer.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
        }
    }
}

}  // namespace tern::test
