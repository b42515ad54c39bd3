// How a session goes about its work. Two sessions of one Identity may differ in it.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "sasl/mechanism.hpp"
#include "session/observer.hpp"
#include "smtp/body.hpp"
#include "smtp/extensions.hpp"

namespace tern::session {

/// Time-outs, and which of the server's offers are taken up.
struct Options {
    Duration timeout_remote{};
    /// Whether CHUNKING is used where it is offered, and the bytes of the message in one chunk.
    bool chunking = true;
    std::size_t chunk_size = smtp::default_chunk;
    /// What the reply to STARTTLS, the handshake and the first reply inside TLS may take together,
    /// where that is less than timeout_remote for each.
    std::optional<Duration> tls_patience;
    /// The greeting and EHLO share that time: another way out waits for its turn.
    bool in_haste = false;
    /// The server accepted a recipient in an earlier session of this delivery
    /// (contract.md#recipients).
    bool took_recipient = false;
    /// The mechanisms of AUTH that may be used, the first before the others; empty: all, in the
    /// usual order.
    std::vector<sasl::Mechanism> mechanisms;
    /// What counts as not offered (control/ignoreextensions).
    smtp::ExtensionSet ignored;
    /// Learns what crosses the wire; usually absent. Must outlive the session.
    Observer* observer = nullptr;
};

}  // namespace tern::session
