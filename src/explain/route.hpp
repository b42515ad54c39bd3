// Where mail would go and how, found by the code that deliveries use, without calling any server.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/exchangers.hpp"
#include "delivery/report.hpp"
#include "delivery/settings.hpp"
#include "delivery/sources.hpp"
#include "delivery/verdict.hpp"
#include "delivery/way.hpp"
#include "delivery/world.hpp"
#include "explain/paint.hpp"
#include "explain/partial_tls.hpp"

namespace tern::explain {

/// One address of a server.
struct RoutedAddress {
    Endpoint endpoint;
    bool silent_lately = false;  ///< it timed out recently, so deliveries skip it
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
    delivery::NextHop hop;
    std::vector<RoutedServer> servers;  ///< in the order to try; equal preference: in any order
    /// Why it has none, or why mail that those here do not take ends at the next one.
    std::optional<Failure> failure;
};

/// What a connection of one family leaves from, where mail would use that family.
struct RoutedSource {
    Family family = Family::ipv4;
    delivery::Source source;
    /// Empty: the system chooses the address, and helohostbyip may have a name for it.
    std::string hello_name;
};

/// The way of all recipients of one domain.
struct Route {
    std::string host;
    std::vector<std::string> recipients;
    /// Recipients that can never be sent to, with the reason; they are among `recipients`.
    std::vector<std::string> faults;
    delivery::Way way;
    std::vector<RoutedHop> hops;
    std::vector<RoutedSource> sources;
    /// The line that names a source address for IPv4 where nothing names one for IPv6: that is not
    /// used then.
    std::optional<delivery::Origin> without_ipv6;
    /// Why mail would not even be tried, and what would become of it.
    std::optional<Failure> failure;

    /// Whether only some of the servers require TLS. Mail whose TLS fails at one that does is not
    /// handed to one that does not, but mail can go to the latter first, or when the former cannot
    /// be reached.
    [[nodiscard]] PartialTls partial_tls() const;
    /// What the mail can expect before any server is called.
    [[nodiscard]] delivery::Letter expectation() const;
};

/// The host argument that qmail-rspawn makes of a recipient: what follows its last `@`; a text
/// without one is itself a host.
[[nodiscard]] std::string_view host_of(std::string_view recipient);

/// Finds the route of mail from `sender` (empty or `<>`: the null sender) to recipients of one
/// host. `settings` are those for that host. All arguments must outlive the task.
Task<Route> find_route(delivery::World& world, const delivery::Settings& settings,
                       std::string_view sender, std::vector<std::string> recipients);

/// For people, and for programs (ended by a newline). Credentials are in neither.
[[nodiscard]] std::string routes_text(const std::vector<Route>& routes, const Paint& paint);
[[nodiscard]] std::string routes_json(const std::vector<Route>& routes, std::string_view sender);

/// `relay mx.example, port 587, by MX records`: a next hop in words.
[[nodiscard]] std::string words_of(const delivery::NextHop& hop);
/// What TLS must achieve, in words: `required, certificate verified (control/...)`.
[[nodiscard]] std::string words_of(const tls::Requirement& requirement);

}  // namespace tern::explain
