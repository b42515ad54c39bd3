// Reads one relay; see relay_entry.hpp.
#include "routing/relay_entry.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "routing/host_port.hpp"

namespace tern::routing {
namespace {

/// A relay's host as it is written, and what follows it.
struct Parts {
    std::string_view host;
    std::string_view tail;

    [[nodiscard]] bool has_port() const { return tail.starts_with(':') || tail.starts_with(';'); }
};

// The part of `text` that reads as an IPv6 address without brackets, whose last colon might as well
// be a port's.
std::optional<std::string> unbracketed_ipv6(std::string_view text) {
    const std::string_view part = trim_end(text.substr(0, text.find(',')));
    if (std::ranges::count(part, ':') < 2) return std::nullopt;
    if (IpAddress::parse(part))
        return concat(in_quotes(part), " is an IPv6 address without brackets (write [", part, "])");
    if (part.find("::") == part.npos) return std::nullopt;
    return "an IPv6 address must be in brackets (write [address] or [address]:port)";
}

std::string address_with_mx(std::string_view host) {
    return concat(in_quotes(host), " is an address, which has no MX records (remove /mx)");
}

// After a port's digits the old program ignored everything, and files rely on it: only a comma
// right there continues the list.
Parsed<RelayEntry> with_port(Relay relay, const Parts& parts) {
    const std::string_view digits = parts.tail.substr(1);
    const std::optional<std::uint16_t> port = leading_port(digits);
    if (!port)
        return wrong(concat("the port after ", in_quotes(parts.host),
                            " is not a number from 1 to 65535 (write relay:port)"));
    relay.port = *port;
    const auto end = std::ranges::find_if_not(digits, is_digit);
    const std::string_view after = digits.substr(static_cast<std::size_t>(end - digits.begin()));
    if (after.starts_with(',')) return RelayEntry{std::move(relay), after.substr(1), std::nullopt};
    return RelayEntry{std::move(relay), std::nullopt, after};
}

Parsed<RelayEntry> with_tail(Relay relay, const Parts& parts) {
    if (parts.has_port()) return with_port(std::move(relay), parts);
    const std::string_view tail = trim_start(parts.tail);
    if (tail.empty()) return RelayEntry{std::move(relay), std::nullopt, std::nullopt};
    if (tail.starts_with(',')) return RelayEntry{std::move(relay), tail.substr(1), std::nullopt};
    if (equal_ignoring_case(tail.substr(0, 3), "/mx"))
        return wrong(address_with_mx(parts.host));
    return wrong(concat(in_quotes(parts.host),
                        " is followed by neither a port nor a comma (write "
                        "relay:port or relay,relay)"));
}

Parsed<RelayEntry> parse_bracketed(std::string_view text, Relay relay) {
    const std::size_t close = text.find(']');
    if (close == text.npos)
        return wrong(concat(in_quotes(text.substr(0, text.find(','))), " has no closing bracket"));
    const Parts parts{text.substr(0, close + 1), text.substr(close + 1)};
    const std::optional<IpAddress> address = parse_address(parts.host);
    if (!address)
        return wrong(concat(in_quotes(parts.host),
                            " is not an IP address in brackets (write names without them)"));
    relay.host = *address;
    return with_tail(std::move(relay), parts);
}

// `host` without `/mx` at its end, which is noted in the relay.
std::string_view without_mx(std::string_view host, Relay& relay) {
    constexpr std::string_view mark = "/mx";
    if (host.size() < mark.size() ||
        !equal_ignoring_case(host.substr(host.size() - mark.size()), mark))
        return host;
    relay.by_mx = true;
    return host.substr(0, host.size() - mark.size());
}

Parsed<RelayEntry> parse_named(std::string_view text, Relay relay) {
    if (auto what = unbracketed_ipv6(text)) return wrong(std::move(*what));
    const std::size_t end = std::min(text.find_first_of(":;,"), text.size());
    const Parts parts{text.substr(0, end), text.substr(end)};
    std::string_view host = parts.has_port() ? parts.host : trim_end(parts.host);
    if (host.find_first_of(blanks) != host.npos)
        return wrong(host.find_first_not_of(blanks) == 0
                         ? "the name of a relay contains a blank (separate relays with commas, and "
                           "write relay:port|user|password to log in)"
                         : "a blank precedes the relay (remove it)");
    host = without_mx(host, relay);
    const std::optional<IpAddress> address = IpAddress::parse(host);
    if (address && relay.by_mx)
        return wrong(address_with_mx(host));
    const std::optional<dns::Domain> name = dns::Domain::parse(host);
    if (address) relay.host = *address;
    else if (name) relay.host = *name;
    else return wrong(concat(in_quotes(host), " is neither a host name nor an IP address"));
    return with_tail(std::move(relay), parts);
}

}  // namespace

Parsed<RelayEntry> parse_relay_entry(std::string_view text, std::uint16_t port) {
    Relay relay{IpAddress(), port, false};
    return text.starts_with('[') ? parse_bracketed(text, std::move(relay))
                                 : parse_named(text, std::move(relay));
}

}  // namespace tern::routing
