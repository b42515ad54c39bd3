// The way out that the control files choose for a delivery: which line decides, and what it says.
// Texts in, values out; reading files is control's work, looking names up is delivery/exchangers'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/failure.hpp"
#include "base/ip.hpp"
#include "dns/domain.hpp"
#include "sasl/credentials.hpp"

namespace tern::routing {

/// The place of a decision.
struct Origin {
    std::string file;      ///< "control/smtproutes"; empty: no file decided
    std::size_t line = 0;  ///< counted from 1
    /// `control/smtproutes, line 3`.
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const Origin&, const Origin&) = default;
};

/// A server that the operator named: mail goes there even when its address is ours.
struct Relay {
    std::variant<IpAddress, dns::Domain> host;
    std::uint16_t port = 25;  ///< 209 where QMTP is spoken
    bool by_mx = false;       ///< `name/mx`: its exchangers, not its addresses
    friend bool operator==(const Relay&, const Relay&) = default;
};

enum class Protocol { smtp, qmtp };

struct Route {
    /// In the order to try; empty: the host itself, by MX.
    std::vector<Relay> relays;
    Protocol protocol = Protocol::smtp;
    std::optional<sasl::Credentials> credentials;
    /// Of a file in smtproutes.d: beats domainips and outgoingip.
    std::optional<IpAddress> source_ipv4;
    std::optional<IpAddress> source_ipv6;
    std::size_t source_ipv4_line = 0;  ///< where in the file
    std::size_t source_ipv6_line = 0;
    /// Of a file in smtproutes.d: PEM files, relative to the home directory; empty: clientcert.pem.
    std::string certificate_file;
    std::string key_file;
    Origin origin;
};

/// Lines of a file that were not kept: how many, in front of which byte of what was.
struct LeftOut {
    std::size_t before = 0;
    std::size_t lines = 0;
};

/// The files of routes as they stand; empty where they do not exist.
struct RouteFiles {
    std::string authsenders;
    std::string qmtproutes;
    std::string smtproutes;
    /// What of smtproutes HostSieve let fall; by place.
    std::vector<LeftOut> left_out_of_smtproutes;
    /// The first file of smtproutes.d that exists among route_file_names().
    struct OfDomain {
        std::string path;  ///< "control/smtproutes.d/example.org"
        std::string content;
    };
    std::optional<OfDomain> of_domain;
    /// One of them may hold a password, be it in a line that was left out: reading them brought it
    /// into memory.
    bool hold_passwords = false;
};

/// The names in smtproutes.d that stand for `host`, the first that exists wins: the domain in lower
/// case, `*.` with each domain above it, `default`. A host that is no domain name (an address
/// literal) has `default` alone.
[[nodiscard]] std::vector<std::string> route_file_names(std::string_view host);

/// The way out for mail of `sender` (the argument, empty for the null sender) to `host`.
/// authsenders (where the line's value is empty the next file decides), then smtproutes.d, then
/// qmtproutes, then smtproutes, then MX. Fails with
/// Cause::control_file when the line that decides is malformed; the detail names file and line.
[[nodiscard]] Result<Route> find_route(const RouteFiles& files, std::string_view host,
                                   std::string_view sender);

/// A line that would defer the mail it decides, or that cannot ever decide.
struct Mistake {
    Origin origin;
    std::string what;  ///< with its cure, one sentence without a full stop
    bool defers = true;  ///< false: it defers no mail, the line only has no effect
    bool grave = false;  ///< it defers no mail, but the operator would be badly mistaken
    friend bool operator==(const Mistake&, const Mistake&) = default;
};

/// Every mistake in the text of one of the files, by the parsers that find_route() uses.
[[nodiscard]] std::vector<Mistake> check_smtproutes(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_qmtproutes(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_authsenders(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_route_file(const RouteFiles::OfDomain& file);

}  // namespace tern::routing
