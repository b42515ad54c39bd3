// Reads control/smtproutes for one host; see next_hop.hpp.
#include "delivery/next_hop.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::delivery {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view without_trailing_blanks(std::string_view line) {
    const std::size_t last = line.find_last_not_of(blanks);
    return line.substr(0, last == line.npos ? 0 : last + 1);
}

// Where the key ends: at the first colon, or for a key in brackets at the colon behind ']'.
std::size_t end_of_key(std::string_view line) {
    if (line.starts_with('[')) {
        const std::size_t end = line.find("]:");
        if (end != line.npos) return end + 1;
    }
    return line.find(':');
}

// How well `key` fits: the bytes of the host it covers, or nothing. The empty key fits all.
std::optional<std::size_t> fit(std::string_view key, std::string_view host) {
    if (key.size() > host.size()) return std::nullopt;
    if (!key.empty() && key.size() < host.size() && key.front() != '.') return std::nullopt;
    if (!equal_ignoring_case(key, host.substr(host.size() - key.size()))) return std::nullopt;
    return key.size();
}

Failure malformed(const Route& route, std::string_view why) {
    return Failure(Stage::routing, Cause::control_file,
                   text("control/smtproutes, line ", route.line, ": ", why));
}

// The port behind `:`. The old program ignored what followed its digits, and files rely on it.
Result<std::uint16_t> parse_port(const Route& route, std::string_view after_host) {
    if (after_host.empty()) return std::uint16_t{25};
    constexpr std::uint64_t highest = 65535;
    const std::optional<std::uint64_t> port =
        after_host.front() == ':' ? leading_number(after_host.substr(1), highest + 1)
                                  : std::nullopt;
    if (!port || *port == 0 || *port > highest)
        return tl::unexpected<Failure>(
            malformed(route, text("\"", route.relay, "\" has no port from 1 to 65535 behind its "
                                  "relay (write relay:port)")));
    return static_cast<std::uint16_t>(*port);
}

Result<NextHop> parse_relay(const Route& route) {
    const std::string_view relay = route.relay;
    const auto bad = [&route](std::string_view why) {
        return tl::unexpected<Failure>(malformed(route, why));
    };
    if (relay.find('|') != relay.npos)
        return bad("the relay asks for a user and password, which this version cannot present");
    if (relay.starts_with('[')) {
        const std::size_t close = relay.find(']');
        if (close == relay.npos) return bad(text("\"", relay, "\" lacks its closing bracket"));
        const std::optional<IpAddress> address =
            IpAddress::parse_literal(relay.substr(1, close - 1));
        if (!address) return bad(text("\"", relay, "\" holds no IP address in its brackets"));
        return parse_port(route, relay.substr(close + 1)).map([&](std::uint16_t port) {
            return NextHop(Relay{*address, port});
        });
    }
    const std::optional<IpAddress> bare = IpAddress::parse(relay);
    if (std::ranges::count(relay, ':') > 1 && (bare || relay.find("::") != relay.npos))
        return bad(
            text("\"", relay, "\" is an IPv6 address without brackets (write [", relay, "])"));
    const std::string_view host = relay.substr(0, relay.find(':'));
    const Result<std::uint16_t> port = parse_port(route, relay.substr(host.size()));
    if (!port) return tl::unexpected<Failure>(port.error());
    if (const std::optional<IpAddress> address = IpAddress::parse(host))
        return NextHop(Relay{*address, *port});
    const std::optional<dns::Domain> name = dns::Domain::parse(host);
    if (!name) return bad(text("\"", host, "\" is neither a host name nor an IP address"));
    return NextHop(Relay{*name, *port});
}

}  // namespace

std::optional<Route> find_route(std::string_view smtproutes, std::string_view host) {
    if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
    std::optional<Route> best;
    std::size_t best_fit = 0;
    for (std::size_t number = 1; !smtproutes.empty(); ++number) {
        const std::string_view line = smtproutes.substr(0, smtproutes.find('\n'));
        smtproutes.remove_prefix(std::min(smtproutes.size(), line.size() + 1));
        if (line.starts_with('#')) continue;
        const std::size_t colon = end_of_key(line);
        if (colon == line.npos) continue;
        const std::optional<std::size_t> covered = fit(line.substr(0, colon), host);
        if (!covered || (best && *covered < best_fit)) continue;
        best_fit = *covered;
        best = Route{without_trailing_blanks(line.substr(colon + 1)), number};
    }
    return best;
}

Result<NextHop> next_hop(std::string_view smtproutes, std::string_view host) {
    const std::optional<Route> route = find_route(smtproutes, host);
    if (route && !route->relay.empty()) return parse_relay(*route);
    std::string_view inside = host;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        inside = host.substr(1, host.size() - 2);
    // Without brackets only IPv4 is an address: an IPv6 one cannot be told from a mistake.
    const std::optional<IpAddress> literal =
        inside.size() < host.size() ? IpAddress::parse_literal(inside) : IpAddress::parse(host);
    if (literal && (inside.size() < host.size() || literal->family() == Family::ipv4))
        return NextHop(*literal);
    const std::optional<dns::Domain> domain = dns::Domain::parse(host);
    if (!domain) return fail(Stage::routing, Cause::no_such_host, std::string(host));
    return NextHop(*domain);
}

}  // namespace tern::delivery
