// Reads lists of relays; see relay_list.hpp.
#include "routing/relay_list.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"

namespace tern::routing {
namespace {

constexpr std::string_view blanks = " \t";

template <class T>
using Parsed = tl::expected<T, std::string>;

tl::unexpected<std::string> wrong(std::string what) {
    return tl::unexpected<std::string>(std::move(what));
}

/// One relay, and what follows it.
struct Taken {
    Relay relay;
    std::optional<std::string_view> rest;        ///< after a comma
    std::optional<std::string_view> after_port;  ///< after the digits of its port
};

/// The relays of a list. What follows the port of the last one may be a user and password.
struct Relays {
    std::vector<Relay> list;
    std::optional<std::string_view> after_port;
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
        return tern::text(in_quotes(part), " is an IPv6 address without brackets (write [", part,
                          "])");
    if (part.find("::") == part.npos) return std::nullopt;
    return "an IPv6 address must be in brackets (write [address] or [address]:port)";
}

std::string address_with_mx(std::string_view host) {
    return text(in_quotes(host), " is an address, which has no MX records (remove /mx)");
}

// After a port's digits the old program ignored everything, and files rely on it: only a comma
// right there continues the list.
Parsed<Taken> with_port(Relay relay, const Parts& parts) {
    const std::string_view digits = parts.tail.substr(1);
    const std::optional<std::uint16_t> port = leading_port(digits);
    if (!port)
        return wrong(text("the port after ", in_quotes(parts.host),
                          " is not a number from 1 to 65535 (write relay:port)"));
    relay.port = *port;
    const auto end = std::ranges::find_if_not(digits, is_digit);
    const std::string_view after = digits.substr(static_cast<std::size_t>(end - digits.begin()));
    if (after.starts_with(',')) return Taken{std::move(relay), after.substr(1), std::nullopt};
    return Taken{std::move(relay), std::nullopt, after};
}

Parsed<Taken> with_tail(Relay relay, const Parts& parts) {
    if (parts.tail.starts_with(':') || parts.tail.starts_with(';'))
        return with_port(std::move(relay), parts);
    const std::string_view tail = without_leading_blanks(parts.tail);
    if (tail.empty()) return Taken{std::move(relay), std::nullopt, std::nullopt};
    if (tail.starts_with(',')) return Taken{std::move(relay), tail.substr(1), std::nullopt};
    if (equal_ignoring_case(tail.substr(0, 3), "/mx"))
        return wrong(address_with_mx(parts.host));
    return wrong(text(in_quotes(parts.host), " is followed by neither a port nor a comma (write "
                                          "relay:port or relay,relay)"));
}

Parsed<Taken> take_bracketed(std::string_view text, Relay relay) {
    const std::size_t close = text.find(']');
    if (close == text.npos)
        return wrong(
            tern::text(in_quotes(text.substr(0, text.find(','))), " has no closing bracket"));
    const Parts parts{text.substr(0, close + 1), text.substr(close + 1)};
    const std::optional<IpAddress> address = parse_address(parts.host);
    if (!address)
        return wrong(tern::text(in_quotes(parts.host),
                                " is not an IP address in brackets (write names without them)"));
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
        return wrong(host.find_first_not_of(" \t\r") == 0
                         ? "the name of a relay contains a blank (separate relays with commas, and "
                           "write relay:port|user|password to log in)"
                         : "a blank precedes the relay (remove it)");
    constexpr std::string_view mark = "/mx";
    if (host.size() >= mark.size() &&
        equal_ignoring_case(host.substr(host.size() - mark.size()), mark)) {
        host.remove_suffix(mark.size());
        relay.by_mx = true;
    }
    const std::optional<IpAddress> address = IpAddress::parse(host);
    if (address && relay.by_mx)
        return wrong(address_with_mx(host));
    const std::optional<dns::Domain> name = dns::Domain::parse(host);
    if (address) relay.host = *address;
    else if (name) relay.host = *name;
    else return wrong(tern::text(in_quotes(host), " is neither a host name nor an IP address"));
    return with_tail(std::move(relay), parts);
}

Parsed<Relays> parse_relays(std::string_view list, const RelayTerms& terms) {
    Relays relays;
    std::optional<std::string_view> rest = list;
    while (rest) {
        // A blank in front of the first relay was malformed and stays so.
        const std::string_view text = relays.list.empty() ? *rest : without_leading_blanks(*rest);
        if (text.empty() || text.starts_with(','))
            return wrong("a relay is missing before or after a comma (write relay,relay)");
        Relay relay{IpAddress(), terms.port, false};
        Parsed<Taken> taken = text.starts_with('[') ? take_bracketed(text, std::move(relay))
                                                    : take_named(text, std::move(relay));
        if (!taken) return wrong(std::move(taken.error()));
        relays.list.push_back(std::move(taken->relay));
        relays.after_port = taken->after_port;
        rest = taken->rest;
    }
    return relays;
}

/// A user and password as they are written.
struct Login {
    std::string_view user;
    std::string_view password;
};

// contract.md#smtproutes: exactly two words after the port, apart by
// blanks, are a user and password (SendGrid's own page, several patches, indimail). What is written
// with '|' keeps its meaning, and a list that continues after a blank stays ignored.
std::optional<Login> login_after_port(std::string_view text) {
    const std::string_view words = without_leading_blanks(text);
    if (words.size() == text.size()) return std::nullopt;
    const std::string_view user = words.substr(0, words.find_first_of(blanks));
    const std::string_view password = without_leading_blanks(words.substr(user.size()));
    if (password.empty() || password.find_first_of(blanks) != password.npos) return std::nullopt;
    if (user.starts_with(',') || user.find('|') != user.npos || password.starts_with('|'))
        return std::nullopt;
    return Login{user, password};
}

std::size_t count_words(std::string_view text) {
    std::size_t count = 0;
    for (text = without_leading_blanks(without_trailing_blanks(text)); !text.empty(); ++count)
        text = without_leading_blanks(text.substr(std::min(text.find_first_of(blanks),
                                                           text.size())));
    return count;
}

// Which part of the text after a port counts for nothing, with what to write in its place. It is
// not quoted: it may be a password.
std::string what_is_ignored(std::string_view text, std::uint16_t port, const RelayTerms& terms) {
    const std::string_view words = without_leading_blanks(text);
    if (words.empty()) return {};
    const std::string where = tern::text(" after port ", port, " is ignored ");
    if (words.size() == text.size())
        return tern::text("the text right", where, "(put a blank, a comma or nothing there)");
    if (words.starts_with(','))
        return tern::text("the list", where, "(remove the blank before the comma)");
    if (!terms.credentials)
        return tern::text("the text", where, "(QMTP has no authentication: remove it)");
    const std::size_t count = count_words(words);
    constexpr std::string_view cure = "(write relay:port|user|password to log in)";
    if (count == 1) return tern::text("the word", where, cure);
    return tern::text("what follows port ", port, " is ignored, as it is ", count,
                      " words and not two ", cure);
}

Parsed<sasl::Credentials> make_credentials(const Login& login) {
    sasl::Credentials credentials = sasl::credentials_of_route(login.user, login.password);
    sasl::Credentials judged = credentials;
    // The token itself is not read here.
    if (credentials.kind == sasl::Credentials::Kind::token) judged.secret = Secret("token");
    if (const std::optional<std::string> what = sasl::what_is_wrong(judged))
        return wrong(text(*what, " (write relay|user|password)"));
    return credentials;
}

// `words` is what follows the first '|'.
Parsed<sasl::Credentials> parse_credentials(std::string_view words) {
    const std::size_t bar = words.find('|');
    if (bar == words.npos)
        return wrong("a user has no password (write relay|user|password)");
    return make_credentials(Login{words.substr(0, bar), words.substr(bar + 1)});
}

}  // namespace

RelayTerms terms_of(Protocol protocol) {
    return protocol == Protocol::qmtp ? RelayTerms{209, false} : RelayTerms();
}

bool seems_to_hold_password(std::string_view line) {
    constexpr std::size_t fewest_words = 3;
    return !says_nothing(line) &&
           (line.find('|') != line.npos || count_words(line) >= fewest_words);
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
    if (bar != value.npos && !terms.credentials)
        return wrong("QMTP has no authentication (remove the user and password)");
    if (bar != value.npos && relays.empty())
        return wrong("a user and password are given without a relay (write relay|user|password)");
    Parsed<Relays> parsed = parse_relays(relays, terms);
    if (!parsed) return wrong(std::move(parsed.error()));
    std::optional<Login> login;
    if (parsed->after_port) {
        // With what a '|' cut off, which may be a part of the password.
        const auto at = static_cast<std::size_t>(parsed->after_port->data() - value.data());
        if (terms.credentials) login = login_after_port(value.substr(at));
        if (!login)
            list.ignored =
                what_is_ignored(*parsed->after_port, parsed->list.back().port, terms);
        const std::string_view words = without_leading_blanks(*parsed->after_port);
        list.ignored_login = terms.credentials && !login && bar == value.npos &&
                             words.size() < parsed->after_port->size() &&
                             words.find_first_of(",#") != 0 && count_words(words) > 2;
    }
    if (login || bar != value.npos) {
        Parsed<sasl::Credentials> credentials =
            login ? make_credentials(*login) : parse_credentials(value.substr(bar + 1));
        if (!credentials) return wrong(std::move(credentials.error()));
        list.credentials = std::move(*credentials);
    }
    list.relays = std::move(parsed->list);
    return list;
}

}  // namespace tern::routing
