// Where the user and password of a route would be sent, and whether that server is verified; see
// check_parts.hpp.
#include <algorithm>

#include "base/lines.hpp"
#include "base/text.hpp"
#include "control/server_files.hpp"
#include "routing/check.hpp"
#include "routing/relay_list.hpp"
#include "delivery/server_requirement.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/show/printable.hpp"

namespace tern::explain {
namespace {

using routing::Relay;
using routing::Route;

void check_exchangers(Checking& checking, const Route& route, const dns::Domain& name) {
    checking.found.add(
        Severity::warning, route.origin.file, route.origin.line,
        concat("user and password are sent to the exchangers that DNS returns for ", name.ascii(),
               "; only those with a file in control/tlshosts are verified"),
        "name the relay itself, and put its CA certificates into control/tlshosts/NAME.pem");
}

void check_relay(Checking& checking, const Route& route, const Relay& relay) {
    control::ServerFileReader rules;
    const delivery::Exchanger server = exchanger_of(relay);
    const Result<tls::Requirement> rule = delivery::requirement_for(rules, route, server);
    if (!rule) {
        checking.found.add(Severity::error, route.origin.file, route.origin.line,
                           concat("mail is deferred: ", printable(rule.error().detail)), {});
        return;
    }
    // Within this host nothing more is required, and a verified server has all that is required.
    if (rule->kind != tls::Requirement::Kind::encrypted) return;
    if (!server.name) {
        checking.found.add(
            Severity::warning, route.origin.file, route.origin.line,
            concat("user and password are sent to ", server.endpoints.front().address.to_string(),
                   " over TLS without certificate verification, as the relay has no name: anyone "
                   "able to intercept the connection could obtain them"),
            "give the relay by name, and put its CA certificates into control/tlshosts/NAME.pem");
        return;
    }
    const std::string file = concat("control/tlshosts/", server.name->ascii(), ".pem");
    checking.found.add(
        Severity::warning, route.origin.file, route.origin.line,
        concat(
            "user and password are sent to ", server.name->ascii(),
            " over TLS without certificate verification: anyone able to intercept the connection "
            "could obtain them"),
        concat("put its CA certificates into ", file,
               ", or trust the system's: mkdir -p control/tlshosts && ln -s /etc/ssl/certs ",
               file));
}

}  // namespace

// The address of a server does not bear on the rules, but a loopback one does, and without the DNS
// localhost is known by its name alone (RFC 6761 6.3).
delivery::Exchanger exchanger_of(const Relay& relay) {
    delivery::Exchanger exchanger;
    const auto* const given = std::get_if<IpAddress>(&relay.host);
    if (given == nullptr) exchanger.name = std::get<dns::Domain>(relay.host);
    const std::string_view name =
        exchanger.name ? std::string_view(exchanger.name->ascii()) : std::string_view();
    const bool local = name == "localhost" || name.ends_with(".localhost");
    const IpAddress address =
        given != nullptr ? *given : *IpAddress::parse(local ? "127.0.0.1" : "192.0.2.1");
    exchanger.endpoints.push_back(Endpoint{address, relay.port});
    return exchanger;
}

std::string name_of(const Relay& relay) {
    const auto* const address = std::get_if<IpAddress>(&relay.host);
    return address != nullptr ? address->to_string() : std::get<dns::Domain>(relay.host).ascii();
}

void check_logins(Checking& checking, const std::vector<Route>& routes) {
    std::vector<const Relay*> reported;
    for (const Route& route : routes) {
        if (!route.credentials) continue;
        for (const Relay& relay : route.relays) {
            // One file serves the relay of many senders.
            const auto same = [&relay](const Relay* other) {
                return other->host == relay.host && other->by_mx == relay.by_mx;
            };
            if (std::ranges::any_of(reported, same)) continue;
            reported.push_back(&relay);
            if (relay.by_mx)
                check_exchangers(checking, route, std::get<dns::Domain>(relay.host));
            else check_relay(checking, route, relay);
        }
    }
}

std::vector<Route> routes_of_lines(std::string_view file, std::string_view content,
                                   routing::Keys keys) {
    const routing::DecidingLines deciding(content, keys);
    std::vector<Route> routes;
    for (Lines lines(content); lines.next();) {
        const auto line = routing::split_route(lines.line(), lines.number(), keys);
        if (!line || deciding.number_for(*line) != line->number) continue;
        auto list = routing::parse_relay_list(line->value,
                                              routing::relay_defaults(routing::Protocol::smtp));
        if (!list) continue;
        Route& route = routes.emplace_back();
        route.relays = std::move(list->relays);
        route.credentials = std::move(list->credentials);
        route.origin = routing::Origin{std::string(file), line->number};
    }
    return routes;
}

}  // namespace tern::explain
