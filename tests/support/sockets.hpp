// Sockets on loopback for tests: listeners, connected pairs, and ports that never answer.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "os/descriptor.hpp"

namespace tern::test {

inline int must(int result, const char* what) {
    if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::to_string(errno));
    return result;
}

inline sockaddr_storage loopback(Family family, std::uint16_t port) {
    sockaddr_storage storage{};
    if (family == Family::ipv4) {
        auto& address = reinterpret_cast<sockaddr_in&>(storage);
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        auto& address = reinterpret_cast<sockaddr_in6&>(storage);
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        address.sin6_addr = in6addr_loopback;
    }
    return storage;
}

inline socklen_t size_of(const sockaddr_storage& address) {
    return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

/// A socket bound to a free port of the loopback address; it listens when told to.
class Port {
public:
    explicit Port(Family family, std::uint16_t wanted = 0) : family_(family) {
        sockaddr_storage address = loopback(family, wanted);
        socket_ = os::Descriptor(must(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                      "socket"));
        const int on = 1;
        must(::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "reuse");
        must(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size_of(address)),
             "bind");
        socklen_t size = sizeof address;
        must(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), "name");
        number_ = ntohs(family == Family::ipv4
                            ? reinterpret_cast<sockaddr_in&>(address).sin_port
                            : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
    }

    Port& listen(int backlog = 16) {
        must(::listen(socket_.get(), backlog), "listen");
        return *this;
    }

    /// Never answers from here on: the queue of a listener that accepts no one is full, and the
    /// kernel drops what else knocks.
    Port& fall_silent() {
        listen(0);
        for (int i = 0; i < 8; ++i) {
            const sockaddr_storage address = loopback(family_, number_);
            os::Descriptor one(must(
                ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                "socket"));
            static_cast<void>(::connect(one.get(), reinterpret_cast<const sockaddr*>(&address),
                                        size_of(address)));
            knocking_.push_back(std::move(one));
        }
        return *this;
    }

    [[nodiscard]] os::Descriptor accept() const {
        return os::Descriptor(must(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC),
                                   "accept"));
    }
    /// Whether a client has connected.
    [[nodiscard]] bool somebody_came() const {
        must(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment), "wait");
        return os::Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)).get() >= 0;
    }

    [[nodiscard]] Endpoint endpoint() const {
        return {*IpAddress::parse(family_ == Family::ipv4 ? "127.0.0.1" : "::1"), number_};
    }

private:
    static constexpr timeval moment{0, 20'000};
    Family family_;
    std::uint16_t number_ = 0;
    os::Descriptor socket_;
    std::vector<os::Descriptor> knocking_;
};

/// Two ends of one TCP connection.
struct Pair {
    os::Descriptor ours;
    os::Descriptor theirs;
};

inline Pair connected_pair() {
    Port port(Family::ipv4);
    port.listen();
    Pair pair;
    pair.ours = os::Descriptor(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    const sockaddr_storage address = loopback(Family::ipv4, port.endpoint().port);
    must(::connect(pair.ours.get(), reinterpret_cast<const sockaddr*>(&address), size_of(address)),
         "connect");
    pair.theirs = port.accept();
    return pair;
}

/// Closes with a reset (RFC 9293 3.10.5), as a crashed server's host does.
inline void reset(os::Descriptor& end) {
    const linger none{1, 0};
    must(::setsockopt(end.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none), "linger");
    end.close();
}

}  // namespace tern::test
