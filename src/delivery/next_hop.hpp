// Where the routes or the host argument send this delivery. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/failure.hpp"
#include "base/ip.hpp"
#include "dns/domain.hpp"

namespace tern::delivery {

/// A relay of control/smtproutes: used by its addresses alone (no MX), even when they are ours.
struct Relay {
    std::variant<IpAddress, dns::Domain> host;
    std::uint16_t port = 25;

    friend bool operator==(const Relay&, const Relay&) = default;
};

/// The host argument as an address literal; or as a domain whose MX records decide; or a relay.
using NextHop = std::variant<IpAddress, dns::Domain, Relay>;

/// The line of control/smtproutes that decides for a host.
struct Route {
    std::string_view relay;  ///< what follows the key's colon
    std::size_t line = 0;    ///< counted from 1
};

/// Finds the route of `host` (contract, Routing): its own line, then each suffix that begins with a
/// dot, then the empty domain; of duplicate keys the last wins. `smtproutes` is the file's text.
[[nodiscard]] std::optional<Route> find_route(std::string_view smtproutes, std::string_view host);

/// Where mail for `host` goes. Fails with Cause::control_file when the line that decides is
/// malformed, and with no_such_host when without a route the name cannot exist.
[[nodiscard]] Result<NextHop> next_hop(std::string_view smtproutes, std::string_view host);

}  // namespace tern::delivery
