// Where mail would go and how, found by the code that deliveries use, without calling any server.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/exchangers.hpp"
#include "delivery/report.hpp"
#include "routing/settings.hpp"
#include "routing/source.hpp"
#include "delivery/verdict.hpp"
#include "routing/route.hpp"
#include "environment/environment.hpp"
#include "explain/show/paint.hpp"
#include "explain/route/partial_tls.hpp"

namespace tern::explain {

/// One address of a server.
struct RoutedAddress {
    Endpoint endpoint;
    bool is_skipped = false;  ///< it timed out recently, so deliveries skip it
};

/// A server that mail would be handed to.
struct RoutedServer {
    std::string name;  ///< empty: it was given as an address
    std::optional<std::uint16_t> preference;
    std::vector<RoutedAddress> addresses;  ///< in the order to try
    tls::Requirement requirement;
};

/// One next hop: a relay, or the domain itself.
struct RoutedHop {
    routing::NextHop hop;
    std::vector<RoutedServer> servers;  ///< in the order to try; equal preference: in any order
    /// Why it has none, or why mail that those here do not take ends at the next one.
    std::optional<Failure> failure;
};

/// What a connection of one family is made from, where mail would use that family.
struct RoutedSource {
    Family family = Family::ipv4;
    routing::Source source;
    /// Empty: the system chooses the address, and helohostbyip may have a name for it.
    std::string hello_name;
};

/// The route of all recipients of one domain.
struct PlannedRoute {
    std::string host;
    std::vector<std::string> recipients;
    /// Recipients that can never be sent to, with the reason; they are among `recipients`.
    std::vector<std::string> faults;
    routing::Route route;
    std::vector<RoutedHop> hops;
    std::vector<RoutedSource> sources;
    /// The line that names a source address for IPv4 where nothing names one for IPv6: that is not
    /// used then.
    std::optional<routing::Origin> without_ipv6;
    /// Why mail would not even be tried.
    std::optional<Failure> failure;

    /// Whether only some of the servers require TLS. Mail whose TLS fails at one that does is not
    /// handed to one that does not, but mail can go to the latter first, or when the former cannot
    /// be reached.
    [[nodiscard]] PartialTls partial_tls() const;
    /// What a delivery would report before it connects to any server.
    [[nodiscard]] delivery::Letter expectation() const;
};

/// The host argument that qmail-rspawn makes of a recipient: what follows its last `@`; a text
/// without one is itself a host.
[[nodiscard]] std::string_view host_of(std::string_view recipient);

/// Finds the route of mail from `sender` (empty or `<>`: the null sender) to recipients of one
/// host. `settings` are those for that host. All arguments must outlive the task.
Task<PlannedRoute> plan_route(Environment& environment, const routing::Settings& settings,
                       std::string_view sender, std::vector<std::string> recipients);

/// For people, and for programs (ended by a newline). Credentials are in neither.
[[nodiscard]] std::string routes_text(const std::vector<PlannedRoute>& routes, const Paint& paint);
[[nodiscard]] std::string routes_json(const std::vector<PlannedRoute>& routes,
                                      std::string_view sender);

/// `relay mx.example, port 587, by MX records`: a next hop in words.
[[nodiscard]] std::string words_of(const routing::NextHop& hop);
/// What TLS must achieve, in words: `required, certificate verified (control/...)`.
[[nodiscard]] std::string words_of(const tls::Requirement& requirement);

}  // namespace tern::explain
