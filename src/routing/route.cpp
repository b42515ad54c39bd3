// Chooses the way out; see way.hpp. The grammar of lines is route_line's, of relays relay_list's,
// of smtproutes.d route_file's.
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
    return fail(Stage::routing, Cause::control_file, text(origin.to_string(), ": ", what));
}

Result<Route> way_of_line(const RouteLine& line, std::string_view file, Protocol protocol) {
    Route route;
    route.protocol = protocol;
    route.origin = Origin{std::string(file), line.number};
    tl::expected<RelayList, std::string> list = parse_relay_list(line.value, terms_of(protocol));
    if (!list) return malformed(route.origin, list.error());
    route.relays = std::move(list->relays);
    route.credentials = std::move(list->credentials);
    return route;
}

Result<Route> way_of_file(const RouteFiles::OfDomain& file) {
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

// A host beyond ASCII may stand in the file as it is or by its A-labels (RFC 5890 2.3.2.1),
// whichever key fits more of it.
std::optional<RouteLine> find_in_either_form(std::string_view content, std::string_view host,
                                             std::string_view sender) {
    std::optional<RouteLine> line = find_route_of_host(content, host, sender);
    if (!has_8bit(host)) return line;
    const std::optional<dns::Domain> domain = dns::Domain::parse(host);
    if (!domain) return line;
    const auto by_labels = find_route_of_host(content, domain->ascii(), sender);
    return by_labels && (!line || by_labels->key.size() > line->key.size()) ? by_labels : line;
}

// Where the line stood in the file.
std::size_t number_in_file(const RouteLine& line, const RouteFiles& files) {
    const auto at = static_cast<std::size_t>(line.key.data() - files.smtproutes.data());
    std::size_t number = line.number;
    for (const LeftOut& gap : files.left_out_of_smtproutes)
        if (gap.before <= at) number += gap.lines;
    return number;
}

}  // namespace

std::string Origin::to_string() const {
    return line == 0 ? file : text(file, ", line ", line);
}

std::vector<std::string> route_file_names(std::string_view host) {
    std::vector<std::string> names;
    // 192.0.2.1 would pass for a name.
    const bool literal = IpAddress::parse(host).has_value();
    if (const auto domain = literal ? std::nullopt : dns::Domain::parse(host)) {
        std::string_view above = domain->ascii();
        names.emplace_back(above);
        for (std::size_t dot = above.find('.'); dot != above.npos; dot = above.find('.')) {
            above.remove_prefix(dot + 1);
            names.push_back(text("*.", above));
        }
    }
    if (names.empty() || names.front() != "default") names.emplace_back("default");
    return names;
}

Result<Route> find_route(const RouteFiles& files, std::string_view host, std::string_view sender) {
    // contract.md#authsenders: an empty value exempts the sender from the
    // lines for others, and the next file decides.
    const auto of_sender = find_route_of_sender(files.authsenders, sender);
    if (of_sender && !of_sender->value.empty())
        return way_of_line(*of_sender, "control/authsenders", Protocol::smtp);
    if (files.of_domain) return way_of_file(*files.of_domain);
    if (const auto line = find_in_either_form(files.qmtproutes, host, sender)) {
        Result<Route> route = way_of_line(*line, "control/qmtproutes", Protocol::qmtp);
        // An empty relay keeps a domain from QMTP, which knows no MX as usual.
        if (!route || !route->relays.empty()) return route;
    }
    if (auto line = find_in_either_form(files.smtproutes, host, sender)) {
        line->number = number_in_file(*line, files);
        return way_of_line(*line, "control/smtproutes", Protocol::smtp);
    }
    return Route();
}

}  // namespace tern::routing
