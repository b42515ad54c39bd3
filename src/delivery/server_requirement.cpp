// Grounds for the TLS decision; see server_requirement.hpp.
#include "delivery/server_requirement.hpp"

#include "policy/tls_policy.hpp"
#include "routing/control_lines.hpp"
#include "routing/tls_destinations.hpp"

namespace tern::delivery {
namespace {

Result<std::optional<policy::DestinationLine>> find_destination(ServerFiles& rules,
                                                                std::string_view name,
                                                                std::string_view next_hop) {
    const Result<std::string> content = rules.tls_destinations();
    if (!content) return tl::unexpected<Failure>(content.error());
    if (content->empty()) return std::nullopt;
    const auto line = routing::find_tls_destination(*content, name, next_hop);
    if (!line || line->changes_nothing()) return std::nullopt;
    return policy::DestinationLine{line->number, routing::in_quotes(line->key()), line->words(),
                                   line->is_general()};
}

}  // namespace

Result<tls::Requirement> requirement_for(ServerFiles& rules, const routing::Route& route,
                                         const Exchanger& exchanger) {
    policy::Grounds grounds;
    grounds.endpoint = exchanger.endpoints.front();
    if (exchanger.name) {
        grounds.server_name = exchanger.name->ascii();
        Result<tls::Requirement> rule = rules.requirement(*exchanger.name);
        if (!rule) return rule;
        grounds.file_rule = std::move(*rule);
    }
    if (!policy::decides_alone(grounds.file_rule)) {
        auto line = find_destination(rules, grounds.server_name, exchanger.next_hop);
        if (!line) return tl::unexpected<Failure>(std::move(line.error()));
        grounds.destination = std::move(*line);
    }
    grounds.has_credentials = route.credentials.has_value();
    grounds.speaks_qmtp = route.protocol == routing::Protocol::qmtp;
    if (grounds.has_credentials || grounds.speaks_qmtp) {
        grounds.route = route.origin.to_string();
        grounds.is_inside_this_host =
            policy::is_inside_this_host(grounds.server_name, exchanger.endpoints);
    }
    return policy::decide(std::move(grounds));
}

}  // namespace tern::delivery
