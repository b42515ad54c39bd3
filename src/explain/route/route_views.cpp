// Routes for people and for programs; see route.hpp. Of credentials they show only that there are
// some.
#include <algorithm>

#include "base/text.hpp"
#include "explain/show/json.hpp"
#include "explain/show/printable.hpp"
#include "explain/route/route.hpp"

namespace tern::explain {
namespace {

constexpr std::size_t label_width = 14;

std::string labelled(const Paint& paint, std::string_view label, std::string_view words) {
    std::string line = concat("  ", paint.faint(label));
    line.append(label.size() + 2 < label_width ? label_width - label.size() - 2 : 1, ' ');
    return concat(line, words, "\n");
}

std::string_view name_of(Family family) {
    return family == Family::ipv4 ? "IPv4" : "IPv6";
}

std::string decided_by(const routing::Route& route) {
    return route.origin.file.empty() ? "no route: the MX records of the domain"
                                   : printable(route.origin.to_string());
}

std::string login_of(const routing::Route& route) {
    return route.credentials->kind == sasl::Credentials::Kind::token
               ? "with user and access token (not shown)"
               : "with user and password (not shown)";
}

std::string source_text(const RoutedSource& routed) {
    std::string words =
        routed.source.address ? routed.source.address->to_string() : "address chosen by the system";
    if (!routed.source.origin.file.empty())
        words += concat(" (", printable(routed.source.origin.to_string()), ")");
    words += routed.hello_name.empty() ? ", EHLO name from control/helohostbyip for that address"
                                       : concat(", EHLO name ", printable(routed.hello_name));
    return words;
}

std::string server_text(const RoutedServer& server, const routing::Route& route,
                        const Paint& paint) {
    std::string head = server.name.empty() ? std::string("given by address") : server.name;
    if (server.preference) head += concat(", preference ", *server.preference);
    std::string shown = labelled(paint, "server", paint.heading(head));
    for (const RoutedAddress& address : server.addresses) {
        std::string words = address.endpoint.address.to_string();
        words += concat(" port ", address.endpoint.port);
        if (address.is_skipped)
            words += paint.warning(", skipped: timed out recently (see qmail-tcpto)");
        shown += labelled(paint, "", concat("  ", words));
    }
    if (route.protocol == routing::Protocol::smtp)
        shown += labelled(paint, "", concat("  TLS ", printable(words_of(server.requirement))));
    return shown;
}

std::string failure_words(const Failure& failure) {
    return printable_in_one_line(delivery::failure_text(failure));
}

// QMTP goes without TLS, and where it is required the mail waits.
std::vector<std::string> warnings_of(const PlannedRoute& route) {
    const PartialTls partial = route.partial_tls();
    if (route.route.protocol == routing::Protocol::qmtp || !partial.is_partial()) return {};
    return {concat(partial.what(), " (", partial.cure(), ")")};
}

std::string expectation_text(const PlannedRoute& route, const Paint& paint) {
    switch (route.expectation()) {
        case delivery::Letter::accepted: return paint.good("would be attempted");
        case delivery::Letter::deferred: return paint.warning("would be deferred");
        default:
            return paint.bad(route.failure || route.faults.size() == route.recipients.size() ||
                                     route.faults.empty()
                                 ? "would bounce"
                                 : "would bounce for some of the recipients");
    }
}

std::string route_text(const PlannedRoute& route, const Paint& paint) {
    std::string head;
    for (const std::string& recipient : route.recipients)
        head += concat(head.empty() ? "" : ", ", printable(recipient));
    std::string shown = concat(paint.heading(head), "\n");
    for (const std::string& fault : route.faults)
        shown += labelled(paint, "rejected", paint.bad(printable(fault)));
    const bool way_is_known = !route.failure || !route.hops.empty() || !route.route.relays.empty();
    if (way_is_known) shown += labelled(paint, "decided by", decided_by(route.route));
    if (route.route.credentials) shown += labelled(paint, "login", login_of(route.route));
    if (!route.route.certificate_file.empty())
        shown += labelled(paint, "client cert", printable(route.route.certificate_file));
    for (const RoutedHop& hop : route.hops) {
        const bool qmtp = route.route.protocol == routing::Protocol::qmtp;
        shown += labelled(paint, "goes to", concat(words_of(hop.hop), qmtp ? ", by QMTP" : ""));
        for (const RoutedServer& server : hop.servers)
            shown += server_text(server, route.route, paint);
        if (hop.failure)
            shown += labelled(paint, hop.servers.empty() ? "" : "then",
                              paint.bad(failure_words(*hop.failure)));
    }
    for (const RoutedSource& source : route.sources)
        shown += labelled(paint, concat("from ", name_of(source.family)), source_text(source));
    if (route.without_ipv6)
        shown += labelled(paint, "from IPv6",
                          concat("not used: ", printable(route.without_ipv6->to_string()),
                                 " names an address for IPv4, and none is named for IPv6"));
    for (const std::string& warning : warnings_of(route))
        shown += labelled(paint, "warning", paint.warning(warning));
    if (route.failure)
        shown += labelled(paint, "problem", paint.bad(failure_words(*route.failure)));
    return shown + labelled(paint, "result", expectation_text(route, paint));
}

Json origin_json(const routing::Origin& origin) {
    Json json = Json::object();
    json["file"] = printable(origin.file);
    if (origin.line > 0) json["line"] = origin.line;
    return json;
}

std::string_view word_of(delivery::Letter letter) {
    switch (letter) {
        case delivery::Letter::accepted: return "try";
        case delivery::Letter::deferred: return "defer";
        default: return "bounce";
    }
}

Json server_json(const RoutedServer& server, const routing::Route& route) {
    Json json = Json::object();
    if (!server.name.empty()) json["name"] = server.name;
    if (server.preference) json["preference"] = *server.preference;
    json["addresses"] = Json::array();
    for (const RoutedAddress& address : server.addresses) {
        Json one = Json::object();
        one["address"] = address.endpoint.address.to_string();
        one["port"] = address.endpoint.port;
        one["silent_lately"] = address.is_skipped;
        json["addresses"].push_back(std::move(one));
    }
    if (route.protocol == routing::Protocol::smtp)
        json["tls"] = printable(words_of(server.requirement));
    return json;
}

Json hop_json(const RoutedHop& hop, const routing::Route& route) {
    Json json = Json::object();
    json["to"] = words_of(hop.hop);
    if (hop.failure) json["failure"] = failure_words(*hop.failure);
    json["servers"] = Json::array();
    for (const RoutedServer& server : hop.servers)
        json["servers"].push_back(server_json(server, route));
    return json;
}

Json route_json(const PlannedRoute& route) {
    Json json = Json::object();
    json["expectation"] = word_of(route.expectation());
    json["host"] = printable(route.host);
    json["recipients"] = Json::array();
    for (const std::string& recipient : route.recipients)
        json["recipients"].push_back(printable(recipient));
    if (!route.faults.empty()) json["faults"] = Json::array();
    for (const std::string& fault : route.faults) json["faults"].push_back(printable(fault));
    if (!route.route.origin.file.empty()) json["decided_by"] = origin_json(route.route.origin);
    json["protocol"] = route.route.protocol == routing::Protocol::qmtp ? "qmtp" : "smtp";
    json["credentials"] = route.route.credentials.has_value();
    if (!route.route.certificate_file.empty())
        json["certificate"] = printable(route.route.certificate_file);
    json["hops"] = Json::array();
    for (const RoutedHop& hop : route.hops) json["hops"].push_back(hop_json(hop, route.route));
    json["sources"] = Json::array();
    for (const RoutedSource& routed : route.sources) {
        Json one = Json::object();
        one["family"] = name_of(routed.family);
        if (routed.source.address) one["address"] = routed.source.address->to_string();
        if (!routed.source.origin.file.empty())
            one["decided_by"] = origin_json(routed.source.origin);
        if (!routed.hello_name.empty()) one["hello_name"] = printable(routed.hello_name);
        json["sources"].push_back(std::move(one));
    }
    json["warnings"] = warnings_of(route);
    if (route.without_ipv6) json["without_ipv6"] = origin_json(*route.without_ipv6);
    if (route.failure) json["failure"] = failure_words(*route.failure);
    return json;
}

}  // namespace

std::string routes_text(const std::vector<PlannedRoute>& routes, const Paint& paint) {
    std::string shown;
    for (const PlannedRoute& route : routes)
        shown += concat(shown.empty() ? "" : "\n", route_text(route, paint));
    return shown;
}

std::string routes_json(const std::vector<PlannedRoute>& routes, std::string_view sender) {
    Json json = Json::object();
    json["sender"] = printable(sender);
    json["routes"] = Json::array();
    for (const PlannedRoute& route : routes) json["routes"].push_back(route_json(route));
    return json.dump(2) + "\n";
}

}  // namespace tern::explain
