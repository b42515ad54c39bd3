// The decision; see tls_policy.hpp.
#include "policy/tls_policy.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace tern::policy {
namespace {

using Kind = tls::Requirement::Kind;

constexpr std::uint16_t implicit_tls_port = 465;  // RFC 8314 3.3

tl::unexpected<Failure> contradiction(std::string what) {
    return fail(Stage::routing, Cause::control_file, std::move(what));
}

// The order of the local files: tlshosts/<FQDN>.pem and notlshosts/<FQDN> before tlsdestinations,
// exhaustivelist before its general lines.
bool is_decided_by_line(const Grounds& grounds) {
    if (!grounds.destination || decides_alone(grounds.file_rule)) return false;
    return !grounds.destination->is_general || grounds.file_rule.kind != Kind::none;
}

// The rules of tlsdestinations are not supported; what they decide is deferred
// (contract.md#principles: no less protection than the operator wrote).
tl::unexpected<Failure> unsupported_line(const Grounds& grounds) {
    const DestinationLine& line = *grounds.destination;
    const std::string server = grounds.server_name.empty() ? grounds.endpoint.address.to_string()
                                                         : std::string(grounds.server_name);
    return contradiction(
        concat("control/tlsdestinations, line ", line.number, " (", line.key, "), ", line.words,
               " for ", server,
               ", and this version of qmail-remote does not support that file; the mail is "
               "deferred so that it is not sent with less than the line asks for"));
}

// Never in cleartext where TLS is required.
Result<tls::Requirement> decide_for_qmtp(const Grounds& grounds) {
    if (!grounds.file_rule.is_required()) return tls::Requirement::none();
    return contradiction(concat(grounds.file_rule.origin, " requires TLS for ", grounds.server_name,
                                ", but ", grounds.route,
                                " sends this mail there by QMTP, which has no TLS"));
}

}  // namespace

Result<tls::Requirement> decide(Grounds grounds) {
    if (is_decided_by_line(grounds)) return unsupported_line(grounds);
    if (grounds.speaks_qmtp) return decide_for_qmtp(grounds);
    if (grounds.endpoint.port == implicit_tls_port)
        return tls::Requirement::from_first_byte(std::move(grounds.file_rule));
    if (!grounds.has_credentials || grounds.file_rule.is_required() || grounds.is_inside_this_host)
        return std::move(grounds.file_rule);
    if (grounds.file_rule.kind == Kind::none)
        return contradiction(concat(
            grounds.file_rule.origin, " excludes TLS for ", grounds.server_name, ", but ",
            grounds.route, " has a user and password for it, which are never sent without TLS"));
    return tls::Requirement::encrypted(concat(grounds.route, " (its user and password)"));
}

bool decides_alone(const tls::Requirement& file_rule) {
    return file_rule.is_required() || file_rule.origin.starts_with("control/notlshosts/");
}

bool is_inside_this_host(std::string_view name, std::span<const Endpoint> endpoints) {
    const auto inside = [](const Endpoint& endpoint) {
        return endpoint.address.is_loopback_or_unspecified();
    };
    if (!std::ranges::all_of(endpoints, inside)) return false;
    return name.empty() || name == "localhost" || name.ends_with(".localhost");
}

}  // namespace tern::policy
