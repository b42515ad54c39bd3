// Plans the route of mail; see route.hpp.
#include "explain/route/route.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "delivery/envelope.hpp"
#include "routing/mechanism_order.hpp"
#include "delivery/server_requirement.hpp"

namespace tern::explain {
namespace {

class Routing {
public:
    Routing(Environment& environment, const routing::Settings& settings, std::string_view sender,
            std::vector<std::string> recipients)
        : environment_(environment), settings_(settings), sender_(sender) {
        route_.host = host_of(recipients.front());
        route_.recipients = std::move(recipients);
    }

    Task<PlannedRoute> run() {
        const Result<Done> outcome = co_await find().outcome();
        if (!outcome) route_.failure = outcome.error();
        co_return std::move(route_);
    }

private:
    Task<Done> find() {
        co_await read_addresses();
        routing::Route route = co_await routing::find_route(settings_.routes, route_.host, sender_);
        route_.route = std::move(route);
        co_await check_token();
        co_await check_mechanisms();
        const std::vector<routing::NextHop> hops =
            co_await routing::next_hops(route_.route, route_.host);
        for (const routing::NextHop& hop : hops) {
            const bool goes_on = co_await follow(hop);
            if (!goes_on) break;
        }
        co_return find_sources();
    }

    // A recipient that is only a host is for its route, and has no address.
    Result<Done> read_addresses() {
        std::vector<std::string_view> recipients;
        for (const std::string& recipient : route_.recipients)
            if (recipient.find('@') != std::string::npos) recipients.emplace_back(recipient);
        const Result<delivery::Addressing> read = delivery::read_envelope(sender_, recipients);
        if (!read) return tl::unexpected<Failure>(read.error());
        for (std::size_t i = 0; i < recipients.size(); ++i)
            if (read->faults[i])
                route_.faults.push_back(concat(recipients[i], ": ", *read->faults[i]));
        return Done();
    }

    Result<Done> check_token() const {
        const std::optional<sasl::Credentials>& who = route_.route.credentials;
        if (!who || who->token_file.empty()) return Done();
        return environment_.server_files.token_file(who->token_file).map([](const Secret&) {
            return Done();
        });
    }

    Result<Done> check_mechanisms() const {
        if (!route_.route.credentials) return Done();
        return routing::read_mechanism_order(settings_.authmechanisms).map([](const auto&) {
            return Done();
        });
    }

    routing::FamilyChoice families() {
        const routing::FamilyChoice choice = routing::find_families(
            settings_.sources, route_.route, sender_, settings_.families);
        const auto ipv4 =
            routing::find_source(settings_.sources, route_.route, sender_, Family::ipv4);
        if (choice == routing::FamilyChoice::ipv4_by_source && ipv4)
            route_.without_ipv6 = ipv4->origin;
        return choice;
    }

    // False where a delivery ends, even if there are further hops.
    Task<bool> follow(routing::NextHop hop) {
        RoutedHop& routed = route_.hops.emplace_back();
        routed.hop = hop;
        delivery::Exchangers exchangers(environment_, settings_.timeout_dns, families());
        const Result<Done> found = co_await exchangers.find(std::move(hop)).outcome();
        if (!found) routed.failure = found.error();
        while (found) {
            const std::vector<delivery::Exchanger> group = co_await exchangers.next_group();
            if (group.empty()) break;
            for (const delivery::Exchanger& exchanger : group) {
                Result<Done> added = co_await add_server(routed, exchanger).outcome();
                if (added) continue;
                // A delivery finds what a server requires when those before it did not take the
                // mail, and ends where it cannot.
                if (!has_servers()) co_await added;
                routed.failure = added.error();
                co_return false;
            }
        }
        if (found && routed.servers.empty()) routed.failure = exchangers.none_left();
        co_return true;
    }

    [[nodiscard]] bool has_servers() const {
        return std::ranges::any_of(route_.hops,
                                   [](const RoutedHop& hop) { return !hop.servers.empty(); });
    }

    Task<Done> add_server(RoutedHop& routed, const delivery::Exchanger& exchanger) {
        RoutedServer server;
        if (exchanger.name) server.name = exchanger.name->ascii();
        server.preference = exchanger.preference;
        for (const Endpoint& endpoint : exchanger.endpoints) {
            const TimeoutTable::Finding silence =
                co_await environment_.timeouts.look_up(endpoint.address);
            server.addresses.push_back(RoutedAddress{endpoint, silence.skip});
        }
        Result<tls::Requirement> requirement =
            delivery::requirement_for(environment_.server_files, route_.route, exchanger);
        if (!requirement) co_return requirement.error();
        server.requirement = std::move(*requirement);
        routed.servers.push_back(std::move(server));
        co_return Done();
    }

    [[nodiscard]] bool uses(Family family) const {
        const auto is_of_family = [family](const RoutedAddress& address) {
            return address.endpoint.address.family() == family;
        };
        return std::ranges::any_of(route_.hops, [&](const RoutedHop& hop) {
            return std::ranges::any_of(hop.servers, [&](const RoutedServer& server) {
                return std::ranges::any_of(server.addresses, is_of_family);
            });
        });
    }

    Result<Done> find_sources() {
        for (const Family family : {Family::ipv4, Family::ipv6}) {
            if (!uses(family)) continue;
            Result<routing::Source> source =
                routing::find_source(settings_.sources, route_.route, sender_, family);
            if (!source) return tl::unexpected<Failure>(source.error());
            RoutedSource routed{family, std::move(*source), {}};
            const bool is_certain = routed.source.address || !routed.source.hello_name.empty() ||
                                    settings_.sources.helohostbyip.empty();
            if (is_certain) {
                Result<std::string> hello = routing::hello_name_for(
                    settings_.sources, routed.source, settings_.hello_name,
                    routed.source.address.value_or(IpAddress()));
                if (!hello) return tl::unexpected<Failure>(hello.error());
                routed.hello_name = std::move(*hello);
            }
            route_.sources.push_back(std::move(routed));
        }
        return Done();
    }

    Environment& environment_;
    const routing::Settings& settings_;
    const std::string_view sender_;
    PlannedRoute route_;
};

delivery::Letter letter_of(const Failure& failure) {
    return delivery::letter_before_any_server(failure);
}

bool all_skipped(const RoutedServer& server) {
    return std::ranges::all_of(server.addresses, &RoutedAddress::is_skipped);
}

}  // namespace

std::string_view host_of(std::string_view recipient) {
    return recipient.substr(recipient.rfind('@') + 1);
}

PartialTls PlannedRoute::partial_tls() const {
    PartialTls partial;
    for (const RoutedHop& hop : hops) {
        for (const RoutedServer& server : hop.servers) {
            const bool has_name = !server.name.empty();
            if (has_name || !server.addresses.empty())
                partial.add(
                    has_name ? server.name : server.addresses.front().endpoint.address.to_string(),
                    server.requirement.is_required());
        }
    }
    return partial;
}

delivery::Letter PlannedRoute::expectation() const {
    if (failure) return letter_of(*failure);
    if (!faults.empty()) return delivery::Letter::rejected;
    const bool any_open = std::ranges::any_of(hops, [](const RoutedHop& hop) {
        return !std::ranges::all_of(hop.servers, all_skipped);
    });
    if (any_open) return delivery::Letter::accepted;
    const bool any_server = std::ranges::any_of(
        hops, [](const RoutedHop& hop) { return !hop.servers.empty(); });
    // As a delivery ends: with what was not connected to, else with why the last hop has no server.
    if (any_server || hops.empty() || !hops.back().failure) return delivery::Letter::deferred;
    return letter_of(*hops.back().failure);
}

Task<PlannedRoute> plan_route(Environment& environment, const routing::Settings& settings,
                       std::string_view sender, std::vector<std::string> recipients) {
    Routing routing(environment, settings, sender, std::move(recipients));
    co_return co_await routing.run();
}

std::string words_of(const routing::NextHop& hop) {
    if (const IpAddress* address = std::get_if<IpAddress>(&hop))
        return concat("the address ", address->to_string());
    if (const dns::Domain* domain = std::get_if<dns::Domain>(&hop))
        return concat("the exchangers of ", domain->ascii());
    const routing::Relay& relay = std::get<routing::Relay>(hop);
    const IpAddress* address = std::get_if<IpAddress>(&relay.host);
    std::string words = address != nullptr
                            ? concat("relay [", address->to_string(), "]")
                            : concat("relay ", std::get<dns::Domain>(relay.host).ascii());
    words += concat(", port ", relay.port);
    if (relay.by_mx) words += ", by MX records";
    return words;
}

std::string words_of(const tls::Requirement& requirement) {
    using Kind = tls::Requirement::Kind;
    const std::string by =
        requirement.origin.empty() ? std::string() : concat(" (", requirement.origin, ")");
    if (requirement.kind == Kind::verified)
        return concat(requirement.implicit ? "from the first byte (port 465), certificate verified"
                                           : "required, certificate verified",
                      by);
    if (requirement.implicit) return "from the first byte (port 465), certificate not verified";
    if (requirement.kind == Kind::encrypted)
        return concat("required, certificate not verified", by);
    if (requirement.kind == Kind::none) return concat("disabled", by);
    return "used if offered, certificate not verified";
}

}  // namespace tern::explain
