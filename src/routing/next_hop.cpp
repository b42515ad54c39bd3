// From the host argument and its way out to next hops; see next_hop.hpp.
#include "routing/next_hop.hpp"

namespace tern::routing {

Result<std::vector<NextHop>> next_hops(const Route& route, std::string_view host) {
    if (!route.relays.empty())
        return std::vector<NextHop>(route.relays.begin(), route.relays.end());
    std::string_view inside = host;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        inside = host.substr(1, host.size() - 2);
    // Without brackets only IPv4 is an address: an IPv6 one cannot be told from a mistake.
    const std::optional<IpAddress> literal =
        inside.size() < host.size() ? IpAddress::parse_literal(inside) : IpAddress::parse(host);
    if (literal && (inside.size() < host.size() || literal->family() == Family::ipv4))
        return std::vector<NextHop>(1, *literal);
    const std::optional<dns::Domain> domain = dns::Domain::parse(host);
    if (!domain) return fail(Stage::routing, Cause::no_such_host, std::string(host));
    return std::vector<NextHop>(1, *domain);
}

}  // namespace tern::routing
