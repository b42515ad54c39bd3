// Reads lists of relays; see relay_list.hpp. relay_entry knows a single relay, relay_credentials
// the user and password.
#include "routing/relay_list.hpp"

#include "base/lines.hpp"
#include "routing/relay_credentials.hpp"
#include "routing/relay_entry.hpp"

namespace tern::routing {
namespace {

/// The relays of a list. What follows the port of the last one may be a user and password.
struct Relays {
    std::vector<Relay> list;
    std::optional<std::string_view> after_port;
};

Parsed<Relays> parse_relays(std::string_view list, std::uint16_t port) {
    Relays relays;
    std::optional<std::string_view> rest = list;
    while (rest) {
        // A blank before the first relay was malformed and stays so.
        const std::string_view text = relays.list.empty() ? *rest : trim_start(*rest);
        if (text.empty() || text.starts_with(','))
            return wrong("a relay is missing before or after a comma (write relay,relay)");
        Parsed<RelayEntry> entry = parse_relay_entry(text, port);
        if (!entry) return wrong(std::move(entry.error()));
        relays.list.push_back(std::move(entry->relay));
        relays.after_port = entry->after_port;
        rest = entry->rest;
    }
    return relays;
}

}  // namespace

RelayDefaults relay_defaults(Protocol protocol) {
    return protocol == Protocol::qmtp ? RelayDefaults{209, false} : RelayDefaults();
}

Parsed<RelayList> parse_relay_list(std::string_view value, const RelayDefaults& defaults) {
    RelayList list;
    if (value.empty()) return list;
    const std::size_t bar = value.find('|');
    const std::string_view relays = trim_end(value.substr(0, bar));
    if (bar != value.npos && !defaults.may_have_credentials)
        return wrong("QMTP has no authentication (remove the user and password)");
    if (bar != value.npos && relays.empty())
        return wrong("a user and password are given without a relay (write relay|user|password)");
    Parsed<Relays> parsed = parse_relays(relays, defaults.port);
    if (!parsed) return wrong(std::move(parsed.error()));
    std::optional<Parsed<sasl::Credentials>> credentials;
    if (const std::optional<std::string_view> after = parsed->after_port) {
        // With what a '|' cut off, which may be a part of the password.
        const auto at = static_cast<std::size_t>(after->data() - value.data());
        if (defaults.may_have_credentials) credentials = credentials_after_port(value.substr(at));
        if (!credentials)
            list.ignored = what_is_ignored(*after, parsed->list.back().port,
                                           defaults.may_have_credentials);
        list.ignored_login = defaults.may_have_credentials && !credentials && bar == value.npos &&
                             seems_to_be_a_login(*after);
    }
    if (!credentials && bar != value.npos)
        credentials = credentials_after_bar(value.substr(bar + 1));
    if (credentials && !*credentials) return wrong(std::move(credentials->error()));
    if (credentials) list.credentials = std::move(**credentials);
    list.relays = std::move(parsed->list);
    return list;
}

}  // namespace tern::routing
