// Routes for people and for programs; see route.hpp. Of credentials they tell only that there are
// some.
#include <algorithm>

#include "base/text.hpp"
#include "explain/json.hpp"
#include "explain/printable.hpp"
#include "explain/route.hpp"

namespace tern::explain {
namespace {

constexpr std::size_t label_width = 13;

std::string labelled(const Paint& paint, std::string_view label, std::string_view words) {
    std::string line = text("  ", paint.faint(label));
    line.append(label.size() + 2 < label_width ? label_width - label.size() - 2 : 1, ' ');
    return text(line, words, "\n");
}

std::string_view name_of(Family family) {
    return family == Family::ipv4 ? "IPv4" : "IPv6";
}

std::string decided_by(const delivery::Way& way) {
    return way.origin.file.empty() ? "no route: the domain's own exchangers"
                                   : printable(way.origin.to_string());
}

std::string login_of(const delivery::Way& way) {
    return way.credentials->kind == sasl::Credentials::Kind::token
               ? "with user and access token (not shown)"
               : "with user and password (not shown)";
}

std::string source_text(const RoutedSource& routed) {
    std::string words =
        routed.source.address ? routed.source.address->to_string() : "an address of the system's "
                                                                     "choice";
    if (!routed.source.origin.file.empty())
        words += text(" (", printable(routed.source.origin.to_string()), ")");
    words += routed.hello_name.empty()
                 ? ", hello name by control/helohostbyip for that address"
                 : text(", says hello as ", printable(routed.hello_name));
    return words;
}

std::string server_text(const RoutedServer& server, const delivery::Way& way, const Paint& paint) {
    std::string head = server.name.empty() ? std::string("given as address") : server.name;
    if (server.preference) head += text(", preference ", *server.preference);
    std::string shown = labelled(paint, "server", paint.heading(head));
    for (const RoutedAddress& address : server.addresses) {
        std::string words = address.endpoint.address.to_string();
        words += text(" port ", address.endpoint.port);
        if (address.silent_lately)
            words += paint.warning(", silent lately: left alone for now (see qmail-tcpto)");
        shown += labelled(paint, "", text("  ", words));
    }
    if (way.protocol == delivery::Protocol::smtp)
        shown += labelled(paint, "", text("  TLS ", printable(words_of(server.requirement))));
    return shown;
}

std::string failure_words(const Failure& failure) {
    return printable_in_one_line(delivery::failure_text(failure));
}

std::string expectation_text(const Route& route, const Paint& paint) {
    switch (route.expectation()) {
        case delivery::Letter::accepted: return paint.good("a delivery would be tried");
        case delivery::Letter::deferred: return paint.warning("the mail would wait");
        default:
            return paint.bad(route.failure || route.faults.size() == route.recipients.size() ||
                                     route.faults.empty()
                                 ? "the mail would bounce"
                                 : "mail to some of them would bounce");
    }
}

std::string route_text(const Route& route, const Paint& paint) {
    std::string head;
    for (const std::string& recipient : route.recipients)
        head += text(head.empty() ? "" : ", ", printable(recipient));
    std::string shown = text(paint.heading(head), "\n");
    for (const std::string& fault : route.faults)
        shown += labelled(paint, "cannot be", text("sent: ", paint.bad(printable(fault))));
    const bool way_is_known = !route.failure || !route.hops.empty() || !route.way.relays.empty();
    if (way_is_known) shown += labelled(paint, "decided by", decided_by(route.way));
    if (route.way.credentials) shown += labelled(paint, "logs in", login_of(route.way));
    if (!route.way.certificate_file.empty())
        shown += labelled(paint, "shows", printable(route.way.certificate_file));
    for (const RoutedHop& hop : route.hops) {
        const bool qmtp = route.way.protocol == delivery::Protocol::qmtp;
        shown += labelled(paint, "goes to", text(words_of(hop.hop), qmtp ? ", by QMTP" : ""));
        if (hop.failure) shown += labelled(paint, "", paint.bad(failure_words(*hop.failure)));
        for (const RoutedServer& server : hop.servers)
            shown += server_text(server, route.way, paint);
    }
    for (const RoutedSource& source : route.sources)
        shown += labelled(paint, text("from ", name_of(source.family)), source_text(source));
    if (route.without_ipv6)
        shown += labelled(paint, "from IPv6",
                          text("not used: ", printable(route.without_ipv6->to_string()),
                               " names an address for IPv4, and none is named for IPv6"));
    if (route.failure) shown += labelled(paint, "but", paint.bad(failure_words(*route.failure)));
    return shown + labelled(paint, "so", expectation_text(route, paint));
}

Json origin_json(const delivery::Origin& origin) {
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

Json server_json(const RoutedServer& server, const delivery::Way& way) {
    Json json = Json::object();
    if (!server.name.empty()) json["name"] = server.name;
    if (server.preference) json["preference"] = *server.preference;
    json["addresses"] = Json::array();
    for (const RoutedAddress& address : server.addresses) {
        Json one = Json::object();
        one["address"] = address.endpoint.address.to_string();
        one["port"] = address.endpoint.port;
        one["silent_lately"] = address.silent_lately;
        json["addresses"].push_back(std::move(one));
    }
    if (way.protocol == delivery::Protocol::smtp)
        json["tls"] = printable(words_of(server.requirement));
    return json;
}

Json hop_json(const RoutedHop& hop, const delivery::Way& way) {
    Json json = Json::object();
    json["to"] = words_of(hop.hop);
    if (hop.failure) json["failure"] = failure_words(*hop.failure);
    json["servers"] = Json::array();
    for (const RoutedServer& server : hop.servers)
        json["servers"].push_back(server_json(server, way));
    return json;
}

Json route_json(const Route& route) {
    Json json = Json::object();
    json["expectation"] = word_of(route.expectation());
    json["host"] = printable(route.host);
    json["recipients"] = Json::array();
    for (const std::string& recipient : route.recipients)
        json["recipients"].push_back(printable(recipient));
    if (!route.faults.empty()) json["faults"] = Json::array();
    for (const std::string& fault : route.faults) json["faults"].push_back(printable(fault));
    if (!route.way.origin.file.empty()) json["decided_by"] = origin_json(route.way.origin);
    json["protocol"] = route.way.protocol == delivery::Protocol::qmtp ? "qmtp" : "smtp";
    json["credentials"] = route.way.credentials.has_value();
    if (!route.way.certificate_file.empty())
        json["certificate"] = printable(route.way.certificate_file);
    json["hops"] = Json::array();
    for (const RoutedHop& hop : route.hops) json["hops"].push_back(hop_json(hop, route.way));
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
    if (route.without_ipv6) json["without_ipv6"] = origin_json(*route.without_ipv6);
    if (route.failure) json["failure"] = failure_words(*route.failure);
    return json;
}

}  // namespace

std::string routes_text(const std::vector<Route>& routes, const Paint& paint) {
    std::string shown;
    for (const Route& route : routes)
        shown += text(shown.empty() ? "" : "\n", route_text(route, paint));
    return shown;
}

std::string routes_json(const std::vector<Route>& routes, std::string_view sender) {
    Json json = Json::object();
    json["sender"] = printable(sender);
    json["routes"] = Json::array();
    for (const Route& route : routes) json["routes"].push_back(route_json(route));
    return json.dump(2) + "\n";
}

}  // namespace tern::explain
