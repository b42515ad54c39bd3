// Chooses the route; see route.hpp. route_line knows the grammar of lines, relay_list that of
// relays, route_file that of smtproutes.d.
#include "routing/route.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "routing/relay_list.hpp"
#include "routing/route_file.hpp"
#include "routing/route_line.hpp"

namespace tern::routing {
namespace {

tl::unexpected<Failure> malformed(const Origin& origin, std::string_view what) {
    return fail(Stage::routing, Cause::control_file, concat(origin.to_string(), ": ", what));
}

Result<Route> route_of_line(const RouteLine& line, std::string_view file, Protocol protocol) {
    Route route;
    route.protocol = protocol;
    route.origin = Origin{std::string(file), line.number};
    Parsed<RelayList> list = parse_relay_list(line.value, relay_defaults(protocol));
    if (!list) return malformed(route.origin, list.error());
    route.relays = std::move(list->relays);
    route.credentials = std::move(list->credentials);
    return route;
}

Result<Route> route_of_file(const RouteFiles::OfDomain& file) {
    RouteFile read = parse_route_file(file);
    const auto mistake = std::ranges::find_if(read.mistakes, &Mistake::defers);
    if (mistake != read.mistakes.end()) return malformed(mistake->origin, mistake->what);
    Route route;
    route.relays = std::move(read.list.relays);
    route.credentials = std::move(read.list.credentials);
    route.source_ipv4 = read.source_ipv4;
    route.source_ipv6 = read.source_ipv6;
    route.source_ipv4_line = read.source_ipv4_line;
    route.source_ipv6_line = read.source_ipv6_line;
    route.certificate_file = std::move(read.certificate_file);
    route.key_file = std::move(read.key_file);
    route.origin = Origin{file.path, read.relay_line};
    return route;
}

// A host beyond ASCII may be written as it is or with A-labels (RFC 5890 2.3.2.1); the key that
// matches more of it decides.
std::optional<RouteLine> find_in_either_form(std::string_view content, std::string_view host,
                                             std::string_view sender) {
    std::optional<RouteLine> line = find_route_of_host(content, host, sender);
    if (!has_8bit(host)) return line;
    const std::optional<dns::Domain> domain = dns::Domain::parse(host);
    if (!domain) return line;
    const auto by_labels = find_route_of_host(content, domain->ascii(), sender);
    return by_labels && (!line || by_labels->key.size() > line->key.size()) ? by_labels : line;
}

// The number of the line in the file.
std::size_t number_in_file(const RouteLine& line, const RouteFiles& files) {
    const auto at = static_cast<std::size_t>(line.key.data() - files.smtproutes.data());
    std::size_t number = line.number;
    for (const LeftOut& gap : files.left_out_of_smtproutes)
        if (gap.before <= at) number += gap.lines;
    return number;
}

}  // namespace

std::vector<std::string> route_file_names(std::string_view host) {
    std::vector<std::string> names;
    // 192.0.2.1 would pass for a name.
    const bool literal = IpAddress::parse(host).has_value();
    if (const auto domain = literal ? std::nullopt : dns::Domain::parse(host)) {
        std::string_view above = domain->ascii();
        names.emplace_back(above);
        for (std::size_t dot = above.find('.'); dot != above.npos; dot = above.find('.')) {
            above.remove_prefix(dot + 1);
            names.push_back(concat("*.", above));
        }
    }
    if (names.empty() || names.front() != "default") names.emplace_back("default");
    return names;
}

Result<Route> find_route(const RouteFiles& files, std::string_view host, std::string_view sender) {
    // contract.md#authsenders: an empty value exempts the sender from the lines for others, and the
    // next file decides.
    const auto of_sender = find_route_of_sender(files.authsenders, sender);
    if (of_sender && !of_sender->value.empty())
        return route_of_line(*of_sender, "control/authsenders", Protocol::smtp);
    if (files.of_domain) return route_of_file(*files.of_domain);
    if (const auto line = find_in_either_form(files.qmtproutes, host, sender)) {
        Result<Route> route = route_of_line(*line, "control/qmtproutes", Protocol::qmtp);
        // An empty relay keeps a domain from QMTP, which knows no MX as usual.
        if (!route || !route->relays.empty()) return route;
    }
    if (auto line = find_in_either_form(files.smtproutes, host, sender)) {
        line->number = number_in_file(*line, files);
        return route_of_line(*line, "control/smtproutes", Protocol::smtp);
    }
    return Route();
}

}  // namespace tern::routing
