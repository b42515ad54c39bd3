// Terms with one server; see server_terms.hpp.
#include "delivery/server_terms.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "routing/tls_destinations.hpp"

namespace tern::delivery {
namespace {

constexpr std::uint16_t implicit_tls_port = 465;  // RFC 8314 3.3

// By what the operator wrote. Any other name may be led to 127.0.0.1 by whoever forges the DNS, and
// there to a port at which another user of this host listens.
bool is_inside_this_host(const Exchanger& relay) {
    const auto inside = [](const Endpoint& endpoint) {
        return endpoint.address.is_loopback_or_unspecified();
    };
    if (!std::ranges::all_of(relay.endpoints, inside)) return false;
    if (!relay.name) return true;
    const std::string_view name = relay.name->ascii();
    return name == "localhost" || name.ends_with(".localhost");  // RFC 6761 6.3
}

// The order of the local files: tlshosts/<FQDN>.pem and notlshosts/<FQDN> before tlsdestinations,
// exhaustivelist before its general lines. The file's rules are not built yet; what they decide
// waits (contract.md#principles: no less protection than the operator wrote).
Result<Done> refuse_tls_destination(ServerFiles& rules, const Exchanger& exchanger,
                                    const tls::Requirement& asked) {
    using Kind = tls::Requirement::Kind;
    if (asked.demanded() || asked.origin.starts_with("control/notlshosts/")) return Done();
    const Result<std::string> content = rules.tls_destinations();
    if (!content) return tl::unexpected<Failure>(content.error());
    if (content->empty()) return Done();
    const std::string_view name =
        exchanger.name ? std::string_view(exchanger.name->ascii()) : std::string_view();
    const auto line = routing::find_tls_destination(*content, name, exchanger.next_hop);
    if (!line || line->changes_nothing()) return Done();
    if (line->is_general() && asked.kind == Kind::none) return Done();
    const std::string server =
        name.empty() ? exchanger.endpoints.front().address.to_string() : std::string(name);
    return fail(Stage::routing, Cause::control_file,
                text("control/tlsdestinations, line ", line->number, " (",
                     routing::in_quotes(line->key()), "), ", line->words(), " for ", server,
                     ", and this version of qmail-remote does not support that file; the mail is "
                     "deferred so that it is not sent with less than the line asks for"));
}

// Never in clear against a demand.
Result<tls::Requirement> requirement_for_qmtp(const tls::Requirement& asked,
                                              const routing::Route& route, const Exchanger& relay) {
    if (asked.demanded())
        return fail(Stage::routing, Cause::control_file,
                    text(asked.origin, " requires TLS for ", relay.name->ascii(), ", but ",
                         route.origin.to_string(),
                         " sends this mail there by QMTP, which has no TLS"));
    tls::Requirement none;
    none.kind = tls::Requirement::Kind::none;
    return none;
}

}  // namespace

Result<tls::Requirement> requirement_for(ServerFiles& rules, const routing::Route& route,
                                         const Exchanger& exchanger) {
    Result<tls::Requirement> requirement = tls::Requirement();
    if (exchanger.name) requirement = rules.requirement(*exchanger.name);
    if (!requirement) return requirement;
    if (const Result<Done> kept = refuse_tls_destination(rules, exchanger, *requirement); !kept)
        return tl::unexpected<Failure>(kept.error());
    if (route.protocol == routing::Protocol::qmtp)
        return requirement_for_qmtp(*requirement, route, exchanger);
    requirement->implicit = exchanger.endpoints.front().port == implicit_tls_port;
    if (!route.credentials || requirement->demanded() || is_inside_this_host(exchanger))
        return requirement;
    if (requirement->kind == tls::Requirement::Kind::none)
        return fail(Stage::routing, Cause::control_file,
                    text(requirement->origin, " excludes TLS for ", exchanger.name->ascii(),
                         ", but ", route.origin.to_string(),
                         " has a user and password for it, which are never sent without TLS"));
    requirement->kind = tls::Requirement::Kind::encrypted;
    requirement->origin = text(route.origin.to_string(), " (its user and password)");
    return requirement;
}

Result<std::string> hello_name_for(const routing::Settings& settings, const routing::Source& source,
                                   const IpAddress& local) {
    if (!source.hello_name.empty()) return source.hello_name;
    return routing::find_hello_name(settings.sources.helohostbyip, local)
        .map([&settings](const std::optional<std::string>& name) {
            return name.value_or(settings.hello_name);
        });
}

}  // namespace tern::delivery
