// The route that the control files choose for a delivery: which line decides, and what it says.
// Texts in, values out; control reads the files, delivery/exchangers looks names up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/failure.hpp"
#include "base/ip.hpp"
#include "base/secret.hpp"
#include "dns/domain.hpp"
#include "routing/origin.hpp"
#include "sasl/credentials.hpp"

namespace tern::routing {

/// A server that the operator named: mail goes there even when its address is ours.
struct Relay {
    std::variant<IpAddress, dns::Domain> host;
    std::uint16_t port = 25;  ///< 209 where QMTP is spoken
    bool by_mx = false;       ///< `name/mx`: its exchangers, not its addresses
    friend bool operator==(const Relay&, const Relay&) = default;
};

enum class Protocol { smtp, qmtp };

struct Route {
    /// In the order to try; empty: the host itself, by MX.
    std::vector<Relay> relays;
    Protocol protocol = Protocol::smtp;
    std::optional<sasl::Credentials> credentials;
    /// Of a file in smtproutes.d: beats domainips and outgoingip.
    std::optional<IpAddress> source_ipv4;
    std::optional<IpAddress> source_ipv6;
    std::size_t source_ipv4_line = 0;  ///< where in the file
    std::size_t source_ipv6_line = 0;
    /// Of a file in smtproutes.d: PEM files, relative to the home directory; empty: clientcert.pem.
    std::string certificate_file;
    std::string key_file;
    Origin origin;
};

/// Lines of a file that were not kept: how many, and before which byte of those that were.
struct LeftOut {
    std::size_t before = 0;
    std::size_t lines = 0;
};

/// The texts of the files of routes; empty where they do not exist.
struct RouteFiles {
    WipedText authsenders;
    WipedText qmtproutes;
    WipedText smtproutes;
    /// What of smtproutes HostFilter dropped, in order.
    std::vector<LeftOut> left_out_of_smtproutes;
    /// The first file of smtproutes.d that exists among route_file_names().
    struct OfDomain {
        std::string path;  ///< "control/smtproutes.d/example.org"
        WipedText content;
    };
    std::optional<OfDomain> of_domain;
    /// One of them may hold a password, if only in a line that was left out: reading brought it
    /// into memory.
    bool hold_passwords = false;
};

/// The names of files in smtproutes.d for `host`, of which the first that exists decides: the
/// domain in lower case, `*.` with each domain above it, `default`. A host that is not a domain
/// name (an address literal) has `default` alone.
[[nodiscard]] std::vector<std::string> route_file_names(std::string_view host);

/// The route for mail of `sender` (the argument, empty for the null sender) to `host`.
/// authsenders (where the line's value is empty the next file decides), then smtproutes.d, then
/// qmtproutes, then smtproutes, then MX. Fails with Cause::control_file when the line that decides
/// is malformed; the detail names file and line.
[[nodiscard]] Result<Route> find_route(const RouteFiles& files, std::string_view host,
                                       std::string_view sender);

}  // namespace tern::routing
