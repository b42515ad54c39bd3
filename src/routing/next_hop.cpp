// From the host argument and its route to next hops; see next_hop.hpp.
#include "routing/next_hop.hpp"

#include "routing/host_port.hpp"

namespace tern::routing {

Result<std::vector<NextHop>> next_hops(const Route& route, std::string_view host) {
    if (!route.relays.empty())
        return std::vector<NextHop>(route.relays.begin(), route.relays.end());
    // Without brackets only IPv4 is an address: an IPv6 one may as well be a mistake.
    const std::optional<IpAddress> address = parse_address(host);
    if (address && (host.front() == '[' || address->family() == Family::ipv4))
        return std::vector<NextHop>(1, *address);
    const std::optional<dns::Domain> domain = dns::Domain::parse(host);
    if (!domain) return fail(Stage::routing, Cause::no_such_host, std::string(host));
    return std::vector<NextHop>(1, *domain);
}

}  // namespace tern::routing
