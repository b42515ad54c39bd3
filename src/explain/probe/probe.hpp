// One probe of a server, by the code that deliveries use, up to where MAIL would be sent. It gives
// what was seen; probe_text and probe_json show it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/exchangers.hpp"
#include "delivery/report.hpp"
#include "routing/settings.hpp"
#include "environment/environment.hpp"
#include "sasl/mechanism.hpp"
#include "smtp/extensions.hpp"
#include "tls/facts.hpp"

namespace tern::explain {

/// What to probe.
struct ProbeQuestion {
    routing::NextHop hop;
    /// Whose mail it would be: source address and EHLO name may depend on it.
    std::string sender;
    /// Verify against this file as if it were the server's in tlshosts; empty: tlshosts decides.
    std::string trust_file;
    /// Every address of every exchanger, one after the other; else the first that answers.
    bool all = false;
};

/// `HOST`, `HOST:PORT`, an address, `[ADDRESS]` or `[ADDRESS]:PORT`; by MX the host is a domain.
/// Nothing for anything else.
[[nodiscard]] std::optional<routing::NextHop> read_target(std::string_view words, bool by_mx);

/// A line of the dialogue.
struct Spoken {
    enum class Who { us, server, tls };
    Who who;
    std::string words;
    bool secured = false;  ///< it was sent within TLS
};

/// One connection and what was sent over it.
struct Probed {
    delivery::Peer peer;
    IpAddress local;
    std::string hello_name;
    tls::Requirement requirement;
    std::vector<Spoken> dialogue;
    /// What the last EHLO was answered with, without those that count as not offered.
    smtp::Extensions extensions;
    smtp::ExtensionSet ignored;
    /// Those of control/authmechanisms; empty: the usual order.
    Result<std::vector<sasl::Mechanism>> mechanisms;
    std::optional<tls::Facts> tls;
    bool has_binding = false;  ///< a login could be bound to the TLS session (RFC 5056)
    std::string certificate_trouble;
    /// Why it did not come to where MAIL is sent, and the report that a delivery would make of it.
    std::optional<Failure> failure;
    std::string report;
};

/// An address that gave no connection.
struct Unreached {
    delivery::Peer peer;
    std::string why;
};

struct Probe {
    std::vector<Unreached> unreached;
    std::vector<Probed> sessions;
    /// Endpoints that timed out recently by queue/lock/tcpto, so that deliveries skip them.
    std::vector<delivery::Peer> skipped;
    /// Why there was no connection to any server.
    std::optional<Failure> failure;

    /// Whether every connection came to where MAIL is sent, and there was one.
    [[nodiscard]] bool good() const;
};

/// Probes. Nothing is recorded in the back-off tables. All arguments must outlive the task.
Task<Probe> probe(Environment& environment, const routing::Settings& settings,
                  const ProbeQuestion& question);

/// What a delivery would do with such a server, a sentence for each subject.
struct Consequence {
    std::string matter;  ///< "tls", "message", "size", ...
    std::string words;   ///< bytes of the server in them are printable
    bool good = true;
};
[[nodiscard]] std::vector<Consequence> consequences(const Probed& probed);

}  // namespace tern::explain
