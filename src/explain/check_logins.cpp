// Where the user and password of a route would go, and whether anybody proves there who he is; see
// check_parts.hpp.
#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"
#include "control/read_settings.hpp"
#include "delivery/control_lines.hpp"
#include "delivery/relay_list.hpp"
#include "delivery/server_terms.hpp"
#include "explain/check_parts.hpp"
#include "explain/printable.hpp"

namespace tern::explain {
namespace {

using delivery::Relay;
using delivery::Way;

// The relay as a delivery meets it. Its address does not bear on the rules, but a loopback one
// does, and without the DNS localhost is known by its name alone (RFC 6761 6.3).
delivery::Exchanger exchanger_of(const Relay& relay) {
    const auto endpoint_at = [&relay](const IpAddress& address) {
        return std::vector<Endpoint>{Endpoint{address, relay.port}};
    };
    if (const auto* const address = std::get_if<IpAddress>(&relay.host))
        return {std::nullopt, endpoint_at(*address), std::nullopt};
    const auto& name = std::get<dns::Domain>(relay.host);
    const bool local = name.ascii() == "localhost" || name.ascii().ends_with(".localhost");
    const auto address = IpAddress::parse(local ? "127.0.0.1" : "192.0.2.1");
    return {name, endpoint_at(*address), std::nullopt};
}

void check_exchangers(Checking& checking, const Way& way, const dns::Domain& name) {
    checking.found.add(
        Severity::warning, way.origin.file, way.origin.line,
        text("its user and password go to whichever exchangers the DNS names for ", name.ascii(),
             ", and the certificates of those without a file in control/tlshosts are not verified"),
        "name the relay itself, and put the certificates of its authorities into control/tlshosts");
}

void check_relay(Checking& checking, const Way& way, const Relay& relay) {
    control::FileRules rules;
    const delivery::Exchanger server = exchanger_of(relay);
    const Result<tls::Requirement> rule = delivery::requirement_for(rules, way, server);
    if (!rule) {
        checking.found.add(Severity::error, way.origin.file, way.origin.line,
                           text("its mail is deferred: ", printable(rule.error().detail)), {});
        return;
    }
    // Within this host nothing more is asked for, at a server that is verified nothing is missing.
    if (rule->kind != tls::Requirement::Kind::encrypted) return;
    if (!server.name) {
        checking.found.add(
            Severity::warning, way.origin.file, way.origin.line,
            text("its user and password go to ", server.endpoints.front().address.to_string(),
                 " over TLS whose certificate is not verified, as the relay has no name: whoever "
                 "sits between can ask for them"),
            "give the relay by its name, with the certificates of its authorities as "
            "control/tlshosts/NAME.pem");
        return;
    }
    const std::string file = text("control/tlshosts/", server.name->ascii(), ".pem");
    checking.found.add(
        Severity::warning, way.origin.file, way.origin.line,
        text("its user and password go to ", server.name->ascii(),
             " over TLS whose certificate is not verified: whoever sits between can ask for them"),
        text("put the certificates of its authorities into ", file,
             ", or trust the system's: mkdir -p control/tlshosts && ln -s /etc/ssl/certs ", file));
}

}  // namespace

void check_logins(Checking& checking, const std::vector<Way>& ways) {
    std::vector<const Relay*> told;
    for (const Way& way : ways) {
        if (!way.credentials) continue;
        for (const Relay& relay : way.relays) {
            // The relay of many senders is cured by one file.
            const auto same = [&relay](const Relay* other) {
                return other->host == relay.host && other->by_mx == relay.by_mx;
            };
            if (std::ranges::any_of(told, same)) continue;
            told.push_back(&relay);
            if (relay.by_mx)
                check_exchangers(checking, way, std::get<dns::Domain>(relay.host));
            else check_relay(checking, way, relay);
        }
    }
}

std::vector<Way> ways_of_lines(std::string_view file, std::string_view content,
                               delivery::Keys keys) {
    std::unordered_map<std::string, std::size_t> last;  // lines by what their keys mean
    for (delivery::ControlLines lines(content); lines.next();)
        if (const auto line = delivery::split_route(lines.line(), lines.number(), keys))
            last[delivery::canonical_key(line->key, keys)] = line->number;
    std::vector<Way> ways;
    for (delivery::ControlLines lines(content); lines.next();) {
        const auto line = delivery::split_route(lines.line(), lines.number(), keys);
        if (!line || last[delivery::canonical_key(line->key, keys)] != line->number) continue;
        auto list = delivery::parse_relay_list(line->value,
                                               delivery::terms_of(delivery::Protocol::smtp));
        if (!list) continue;
        Way& way = ways.emplace_back();
        way.relays = std::move(list->relays);
        way.credentials = std::move(list->credentials);
        way.origin = delivery::Origin{std::string(file), line->number};
    }
    return ways;
}

}  // namespace tern::explain
