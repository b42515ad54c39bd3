// What the race of connects asks of the kernel: one socket at a time. Who is tried when, and who
// wins, is decided by the dialer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/ip.hpp"
#include "base/stream.hpp"
#include "environment/environment.hpp"
#include "environment/reactor.hpp"
#include "os/descriptor.hpp"

namespace tern::os {

/// What trouble `error` (errno of socket, connect or the connection) makes of an attempt: the
/// kernel's time-out counts as one, what this host lacks is resources, all else is refused.
[[nodiscard]] Connected outcome_of_error(int error);

/// Begins and ends single connects, and never waits. Implementations: the kernel's sockets, and
/// those of a test in virtual time.
class Connector {
public:
    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;

    /// A connect as it began: under way (a socket; it has ended when that can be written to), made
    /// already (a socket and Connected::yes), or ended (no socket, and why).
    struct Begun {
        Descriptor socket;
        Connected outcome = Connected::not_tried;
        std::string why;
    };
    virtual Begun begin(const Target& target) = 0;
    /// What became of one that has ended: 0, or errno.
    virtual int result_of(int socket) = 0;
    /// Our own end of a connection; nothing where it is not known.
    virtual std::optional<Endpoint> local_end(int socket) = 0;
    virtual std::unique_ptr<Stream> stream_over(Descriptor socket) = 0;
};

/// TCP over the kernel's sockets.
class SocketConnector final : public Connector {
public:
    /// Both must outlive it and the streams it makes.
    SocketConnector(Reactor& reactor, const Clock& clock) : reactor_(reactor), clock_(clock) {}

    Begun begin(const Target& target) override;
    int result_of(int socket) override;
    std::optional<Endpoint> local_end(int socket) override;
    std::unique_ptr<Stream> stream_over(Descriptor socket) override;

private:
    Reactor& reactor_;
    const Clock& clock_;
};

}  // namespace tern::os
