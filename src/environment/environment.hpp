// The outside of all deliveries: clock, randomness, names, connections, memory of silent hosts.
// `main` (or a test) builds one and passes it down; no other code reaches outside. What belongs to
// a single delivery is in its request (delivery/deliver.hpp).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/stream.hpp"
#include "base/task.hpp"
#include "dns/resolver.hpp"
#include "tls/requirement.hpp"

namespace tern {

/// How one attempt to connect ended.
enum class Connected {
    yes,
    timed_out,     ///< ours or the kernel's time-out: the only one that back-off counts
    refused,       ///< the network or the host refused; `why` says why
    not_tried,     ///< another attempt won first, or before this one ended: changes nothing
    resources,     ///< local trouble: no descriptors, no memory
    wrong_source,  ///< the source address cannot be used: a control file is wrong
};

/// Whom to connect to, and from where.
struct Target {
    Endpoint endpoint;
    /// Of the endpoint's family; nothing: the system's choice.
    std::optional<IpAddress> source = std::nullopt;
};

struct DialResult {
    /// Set when one of them connected.
    std::unique_ptr<Stream> stream;
    std::size_t winner = 0;  ///< index of the target that connected
    IpAddress local;         ///< our own address on the connection
    struct Each {
        Connected outcome = Connected::not_tried;
        std::string why;  ///< of those that failed: in words ("connection refused")
    };
    std::vector<Each> each;  ///< one for each target given
};

/// Makes connections.
class Dialer {
public:
    Dialer() = default;
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;
    virtual ~Dialer() = default;

    /// Connects to the first of `targets` that answers. The next one starts 250 ms after the one
    /// before (RFC 8305 5), or at once when that one fails; each is given `timeout`, and none
    /// goes on beyond `deadline`. One or two targets are given, two of them of different families.
    /// A source that is not an address of this host ends its attempt with Connected::wrong_source.
    virtual Task<DialResult> dial(std::span<const Target> targets, Duration timeout,
                                  Deadline deadline) = 0;
};

/// Memory of hosts that time out, shared with other programs (queue/lock/tcpto). Trouble with it
/// never hinders mail: it then knows nothing. What it does may take a moment, as others use the
/// table as well; it fails only with Cause::cancelled.
class TimeoutTable {
public:
    TimeoutTable() = default;
    TimeoutTable(const TimeoutTable&) = delete;
    TimeoutTable& operator=(const TimeoutTable&) = delete;
    virtual ~TimeoutTable() = default;

    struct Finding {
        bool listed = false;  ///< a record was found, to be cleared by any answer
        bool skip = false;    ///< timed out recently: do not try now
    };
    virtual Task<Finding> look_up(IpAddress address) = 0;
    virtual Task<Done> note_timeout(IpAddress address) = 0;
    virtual Task<Done> note_answer(IpAddress address) = 0;
};

/// Tells which addresses are this host's own. Asked only when a route needs it.
class LocalAddresses {
public:
    LocalAddresses() = default;
    LocalAddresses(const LocalAddresses&) = delete;
    LocalAddresses& operator=(const LocalAddresses&) = delete;
    virtual ~LocalAddresses() = default;

    /// True for an address of a local interface, 0.0.0.0, ::, ::1 and 127.0.0.0/8. Fails with
    /// Cause::resources when the interfaces cannot be listed.
    virtual Result<bool> is_ourselves(const IpAddress& address) = 0;
};

/// What the operator's files say of single servers (control/tlshosts and its kin, access tokens).
/// Asked only when a session with the server is about to open.
class ServerFiles {
public:
    ServerFiles() = default;
    ServerFiles(const ServerFiles&) = delete;
    ServerFiles& operator=(const ServerFiles&) = delete;
    virtual ~ServerFiles() = default;

    /// What TLS must achieve with `server`; port 465 is handled elsewhere. Fails with
    /// Cause::control_file when a file is there and cannot be read.
    virtual Result<tls::Requirement> requirement(const dns::Domain& server) = 0;
    /// The text of control/tlsdestinations; empty where there is none. Fails with
    /// Cause::control_file.
    virtual Result<std::string> tls_destinations() { return std::string(); }
    /// The text of a token file that a route names (sasl::Credentials), read for each delivery:
    /// another program refreshes it. Fails with Cause::control_file.
    virtual Result<Secret> token_file(const std::string& path) = 0;
};

/// All of it. Several deliveries may use one.
struct Environment {
    const Clock& clock;
    Random& random;
    dns::Resolver& resolver;
    Dialer& dialer;
    TimeoutTable& timeouts;
    LocalAddresses& local_addresses;
    ServerFiles& server_files;
};

}  // namespace tern
