// The next hops of a route, in the order to try. Values only.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "base/failure.hpp"
#include "base/ip.hpp"
#include "routing/route.hpp"
#include "dns/domain.hpp"

namespace tern::routing {

/// The host argument as an address literal, or as a domain whose MX records decide; or a relay.
using NextHop = std::variant<IpAddress, dns::Domain, Relay>;

/// The next hops of mail for `host` by `route`: its relays, or the host itself (contract.md#hosts).
/// Fails with no_such_host when there is no relay and the name cannot exist.
[[nodiscard]] Result<std::vector<NextHop>> next_hops(const Route& route, std::string_view host);

}  // namespace tern::routing
