// A network in virtual time under the system calls on sockets: what runs on it are the program's
// own connects, name look-ups and streams. It must not know who answers, nor what is said.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "support/socket_calls.hpp"
#include "support/wire.hpp"

namespace tern::test {

/// A socket of a SimulatedNetwork. Descriptors are used again, these numbers are not.
enum class SocketNumber : std::uint64_t {};

/// Who answers at the addresses of a network, and which of them are our own.
class NetworkHosts {
public:
    NetworkHosts() = default;
    NetworkHosts(const NetworkHosts&) = delete;
    NetworkHosts& operator=(const NetworkHosts&) = delete;
    virtual ~NetworkHosts() = default;

    /// What becomes of a connect: after `delay` the error, or 0. Duration::max(): nothing ever. An
    /// error without a delay is returned by connect(2) itself.
    struct Answer {
        Duration delay{};
        int error = 0;
    };
    virtual Answer called(const Endpoint& endpoint, const std::optional<IpAddress>& from) = 0;
    /// The connection was made; what carries it. Null: it was refused at the last moment.
    virtual std::shared_ptr<Wire> accepts(const Endpoint& endpoint) = 0;
    /// A datagram for `endpoint`; what comes back goes to the socket by arrive() or fail().
    virtual void hears(const Endpoint& endpoint, std::string datagram, SocketNumber from) = 0;
    [[nodiscard]] virtual bool is_ours(const IpAddress& address) const = 0;
};

/// Our own address where no source was asked for.
[[nodiscard]] IpAddress own_address(Family family);

class SimulatedNetwork final : public SocketCalls {
public:
    /// Both must outlive it.
    SimulatedNetwork(Simulation& simulation, NetworkHosts& hosts)
        : simulation_(simulation), hosts_(hosts) {}

    /// A datagram reaches the socket, or an ICMP error does; false where that is closed.
    bool arrive(SocketNumber number, std::string datagram);
    bool fail(SocketNumber number, int error);

    [[nodiscard]] std::size_t open_sockets() const { return sockets_.size(); }
    /// Where a stream socket is connected to; nothing for others.
    [[nodiscard]] std::optional<Endpoint> connected_to(int descriptor) const;

    [[nodiscard]] bool has(int descriptor) const override { return sockets_.contains(descriptor); }
    int socket(int family, int type) override;
    int bind(int descriptor, const sockaddr* address) override;
    int connect(int descriptor, const sockaddr* address) override;
    int name(int descriptor, sockaddr* address, socklen_t* size) override;
    int option(int descriptor, int name) override;
    ssize_t receive(int descriptor, void* into, std::size_t size, sockaddr* from,
                    socklen_t* from_size) override;
    ssize_t send(int descriptor, const iovec* parts, std::size_t count) override;
    int unsent(int descriptor) override;
    short events(int descriptor, short wanted) override;
    void close(int descriptor) override;

private:
    struct Socket {
        SocketNumber number{};
        Family family = Family::ipv4;
        bool is_datagram = false;
        std::optional<IpAddress> source;
        std::optional<Endpoint> to;
        bool is_connecting = false;
        bool has_answer = false;  ///< to its connect
        int error = 0;
        std::shared_ptr<Wire> wire;
        std::deque<std::string> datagrams;
    };

    Socket* find(SocketNumber number);
    void answered(SocketNumber number, int error);
    void accept(Socket& socket);
    ssize_t receive_datagram(Socket& socket, std::span<char> into);
    ssize_t receive_bytes(Socket& socket, std::span<char> into);
    [[nodiscard]] static bool is_readable(const Socket& socket);
    [[nodiscard]] static bool is_writable(const Socket& socket);

    Simulation& simulation_;
    NetworkHosts& hosts_;
    std::map<int, Socket> sockets_;
    std::uint64_t made_ = 0;
};

}  // namespace tern::test
