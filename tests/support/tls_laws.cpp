// See tls_laws.hpp.
#include "support/tls_laws.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tern::test {

// The names whose addresses hold this one.
bool requires_tls(const SimulatedEnvironment& environment, const Endpoint& endpoint) {
    const auto holds = [&](const auto& records, const std::string& name) {
        const auto found = records.find(name);
        return found != records.end() &&
               std::ranges::count(found->second.records, endpoint.address) > 0;
    };
    return std::ranges::any_of(environment.server_files.required, [&](const std::string& name) {
        return holds(environment.records.ipv4, name) ||
               holds(environment.records.ipv6, name);
    });
}

// contract.md#required-tls: once TLS that was required was
// not achieved, the mail goes nowhere where it is not required.
void check_required_tls(SimulatedEnvironment& environment) {
    bool not_achieved = false;
    for (Connection& connection : environment.connections) {
        const bool implicit = connection.endpoint.port == 465;
        const Peer::Heard heard = connection.peer->heard(implicit);
        const bool required = implicit || environment.must_authenticate ||
                              requires_tls(environment, connection.endpoint);
        if (!required && not_achieved && heard.all().find("MAIL FROM") != std::string::npos)
            environment.simulation.complain(concat(connection.peer->label(),
                                                   ": mail, though TLS that another exchanger "
                                                   "requires was not achieved"));
        if (required && heard.secured.empty()) not_achieved = true;
    }
}

// A session whose TLS failed before MAIL does not count among the five.
std::size_t sessions_that_count(SimulatedEnvironment& environment) {
    std::size_t count = 0;
    for (Connection& connection : environment.connections) {
        const Peer::Heard heard = connection.peer->heard(connection.endpoint.port == 465);
        const bool tls_failed = heard.clear.find("STARTTLS\r\n") != std::string::npos &&
                                heard.all().find("MAIL FROM") == std::string::npos;
        if (!tls_failed) ++count;
    }
    return count;
}

}  // namespace tern::test
