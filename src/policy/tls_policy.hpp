// What TLS must achieve with one server: the one decision, a pure function of what the operator
// wrote and of what the server is. The caller has read the files.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/failure.hpp"
#include "base/ip.hpp"
#include "tls/requirement.hpp"

namespace tern::policy {

/// A line of control/tlsdestinations that decides for a server.
struct DestinationLine {
    std::size_t number = 0;  ///< counted from 1
    std::string key;         ///< as reports show it, in quotation marks
    std::string_view words;  ///< what it does: "requires TLS", "disables TLS"
    bool is_general = false;  ///< for every server that no other line names
};

/// All that the decision depends on.
struct Grounds {
    /// What control/tlshosts and control/notlshosts say of the server; opportunistic where neither
    /// says anything.
    tls::Requirement file_rule;
    /// The line of control/tlsdestinations that decides; nothing where none does or the one that
    /// does changes nothing. Not asked for where decides_alone(file_rule).
    std::optional<DestinationLine> destination;
    std::string_view server_name;  ///< in the DNS, lower case; empty for an address
    Endpoint endpoint;             ///< the first that would be connected to
    bool is_inside_this_host = false;
    bool has_credentials = false;  ///< the route's user and password would be sent
    bool speaks_qmtp = false;      ///< QMTP, which has no TLS
    /// The route's file and line, for reports; needed with credentials or QMTP alone.
    std::string route;
};

/// What the session with the server must achieve. Port 465 makes TLS begin with the first byte
/// (RFC 8314 3.3); credentials require TLS at least, except within this host. Fails with
/// Cause::control_file where files contradict each other: a rule that excludes TLS for a server
/// that credentials would be sent to, one that requires it where QMTP is spoken, and a line of
/// control/tlsdestinations, which is not supported.
[[nodiscard]] Result<tls::Requirement> decide(Grounds grounds);

/// Whether a rule of control/tlshosts or control/notlshosts leaves nothing to
/// control/tlsdestinations: it names the server, or requires something.
[[nodiscard]] bool decides_alone(const tls::Requirement& file_rule);

/// Whether a server is within this host by what the operator wrote: loopback addresses alone, and
/// no name but localhost or one below it (RFC 6761 6.3). Forged DNS answers may give 127.0.0.1 for
/// any other name, and another user of this host may listen at that port.
[[nodiscard]] bool is_inside_this_host(std::string_view name, std::span<const Endpoint> endpoints);

}  // namespace tern::policy
