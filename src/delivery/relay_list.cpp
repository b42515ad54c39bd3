// Reads lists of relays; see relay_list.hpp.
#include "delivery/relay_list.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "delivery/control_lines.hpp"

namespace tern::delivery {
namespace {

template <class T>
using Parsed = tl::expected<T, std::string>;

tl::unexpected<std::string> wrong(std::string what) {
    return tl::unexpected<std::string>(std::move(what));
}

/// One relay, and what follows the comma behind it.
struct Taken {
    Relay relay;
    std::optional<std::string_view> rest;
};

/// A relay's host as it is written, and what follows it.
struct Parts {
    std::string_view host;
    std::string_view tail;
};

// The part of `text` that reads as an IPv6 address without brackets, whose last colon might as well
// be a port's.
std::optional<std::string> unbracketed_ipv6(std::string_view text) {
    const std::string_view part = without_trailing_blanks(text.substr(0, text.find(',')));
    if (std::ranges::count(part, ':') < 2) return std::nullopt;
    if (IpAddress::parse(part))
        return tern::text(quoted(part), " is an IPv6 address without brackets (write [", part,
                          "])");
    if (part.find("::") == part.npos) return std::nullopt;
    return "an IPv6 address stands without brackets (write [address], or [address]:port)";
}

// Behind a port's digits the old program ignored everything, and files rely on it: only a comma
// right there goes on.
Parsed<Taken> with_port(Relay relay, const Parts& parts) {
    const std::string_view digits = parts.tail.substr(1);
    const std::optional<std::uint16_t> port = leading_port(digits);
    if (!port)
        return wrong(text(quoted(parts.host),
                          " has no port from 1 to 65535 behind its colon (write relay:port)"));
    relay.port = *port;
    Taken taken{std::move(relay), std::nullopt};
    const auto behind = std::find_if_not(digits.begin(), digits.end(), is_digit);
    if (behind != digits.end() && *behind == ',')
        taken.rest = digits.substr(static_cast<std::size_t>(behind - digits.begin()) + 1);
    return taken;
}

Parsed<Taken> with_tail(Relay relay, const Parts& parts) {
    if (parts.tail.starts_with(':') || parts.tail.starts_with(';'))
        return with_port(std::move(relay), parts);
    const std::string_view tail = without_leading_blanks(parts.tail);
    if (tail.empty()) return Taken{std::move(relay), std::nullopt};
    if (tail.starts_with(',')) return Taken{std::move(relay), tail.substr(1)};
    if (equal_ignoring_case(tail.substr(0, 3), "/mx"))
        return wrong(text(quoted(parts.host), " is an address and has no MX (leave /mx out)"));
    return wrong(text("behind ", quoted(parts.host),
                      " stands neither a port nor a comma (write relay:port, or relay,relay)"));
}

Parsed<Taken> take_bracketed(std::string_view text, Relay relay) {
    const std::size_t close = text.find(']');
    if (close == text.npos)
        return wrong(
            tern::text(quoted(text.substr(0, text.find(','))), " lacks its closing bracket"));
    const Parts parts{text.substr(0, close + 1), text.substr(close + 1)};
    const std::optional<IpAddress> address = parse_address(parts.host);
    if (!address)
        return wrong(tern::text(quoted(parts.host),
                                " holds no IP address in its brackets (write names without)"));
    relay.host = *address;
    return with_tail(std::move(relay), parts);
}

Parsed<Taken> take_named(std::string_view text, Relay relay) {
    if (auto words = unbracketed_ipv6(text)) return wrong(std::move(*words));
    const std::size_t end = std::min(text.find_first_of(":;,"), text.size());
    const Parts parts{text.substr(0, end), text.substr(end)};
    std::string_view host = parts.host;
    if (!parts.tail.starts_with(':') && !parts.tail.starts_with(';'))
        host = without_trailing_blanks(host);
    if (host.find_first_of(" \t\r") != host.npos)
        return wrong("a blank stands in the name of a relay (relays are parted by commas)");
    constexpr std::string_view mark = "/mx";
    if (host.size() >= mark.size() &&
        equal_ignoring_case(host.substr(host.size() - mark.size()), mark)) {
        host.remove_suffix(mark.size());
        relay.by_mx = true;
    }
    const std::optional<IpAddress> address = IpAddress::parse(host);
    if (address && relay.by_mx)
        return wrong(tern::text(quoted(host), " is an address and has no MX (leave /mx out)"));
    const std::optional<dns::Domain> name = dns::Domain::parse(host);
    if (address) relay.host = *address;
    else if (name) relay.host = *name;
    else return wrong(tern::text(quoted(host), " is neither a host name nor an IP address"));
    return with_tail(std::move(relay), parts);
}

Parsed<std::vector<Relay>> parse_relays(std::string_view list, const RelayTerms& terms) {
    std::vector<Relay> relays;
    std::optional<std::string_view> rest = list;
    while (rest) {
        // A blank in front of the first relay was malformed and stays so.
        const std::string_view text = relays.empty() ? *rest : without_leading_blanks(*rest);
        if (text.empty() || text.starts_with(','))
            return wrong("a relay is missing beside a comma (write relay,relay)");
        Relay relay{IpAddress(), terms.port, false};
        Parsed<Taken> taken = text.starts_with('[') ? take_bracketed(text, std::move(relay))
                                                    : take_named(text, std::move(relay));
        if (!taken) return wrong(std::move(taken.error()));
        relays.push_back(std::move(taken->relay));
        rest = taken->rest;
    }
    return relays;
}

// `words` is what follows the first '|'.
Parsed<sasl::Credentials> parse_credentials(std::string_view words) {
    const std::size_t bar = words.find('|');
    if (bar == words.npos)
        return wrong("a user stands without a password (write relay|user|password)");
    sasl::Credentials credentials =
        sasl::credentials_of_route(words.substr(0, bar), words.substr(bar + 1));
    sasl::Credentials judged = credentials;
    // The token itself is not read here.
    if (credentials.kind == sasl::Credentials::Kind::token) judged.secret = Secret("token");
    if (const std::optional<std::string> what = sasl::what_is_wrong(judged))
        return wrong(text(*what, " (write relay|user|password)"));
    return credentials;
}

}  // namespace

RelayTerms terms_of(Protocol protocol) {
    return protocol == Protocol::qmtp ? RelayTerms{209, false} : RelayTerms();
}

std::optional<std::uint16_t> leading_port(std::string_view text) {
    constexpr std::uint64_t highest = 65535;
    const std::optional<std::uint64_t> port = leading_number(text, highest + 1);
    if (!port || *port == 0 || *port > highest) return std::nullopt;
    return static_cast<std::uint16_t>(*port);
}

std::optional<IpAddress> parse_address(std::string_view text) {
    if (text.size() > 2 && text.starts_with('[') && text.ends_with(']'))
        return IpAddress::parse_literal(text.substr(1, text.size() - 2));
    return IpAddress::parse(text);
}

tl::expected<RelayList, std::string> parse_relay_list(std::string_view value,
                                                      const RelayTerms& terms) {
    RelayList list;
    if (value.empty()) return list;
    const std::size_t bar = value.find('|');
    const std::string_view relays = without_trailing_blanks(value.substr(0, bar));
    if (bar != value.npos) {
        if (!terms.credentials)
            return wrong("a user and password stand here, and QMTP takes none (remove them)");
        if (relays.empty())
            return wrong("a user and password stand without a relay (write "
                         "relay|user|password)");
        Parsed<sasl::Credentials> credentials = parse_credentials(value.substr(bar + 1));
        if (!credentials) return wrong(std::move(credentials.error()));
        list.credentials = std::move(*credentials);
    }
    Parsed<std::vector<Relay>> parsed = parse_relays(relays, terms);
    if (!parsed) return wrong(std::move(parsed.error()));
    list.relays = std::move(*parsed);
    return list;
}

}  // namespace tern::delivery
