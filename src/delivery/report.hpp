// The bytes qmail-rspawn reads: sentences and letters. Verdicts come from delivery/verdict.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/failure.hpp"
#include "base/ip.hpp"
#include "delivery/verdict.hpp"
#include "routing/route.hpp"
#include "session/progress.hpp"

namespace tern::delivery {

struct RecipientReport {
    char letter = 's';  ///< r, h or s
    std::string text;   ///< empty for r

    friend bool operator==(const RecipientReport&, const RecipientReport&) = default;
};

/// Recipient reports in argument order, perhaps fewer than recipients, and one message report.
struct Report {
    std::vector<RecipientReport> recipients;
    Letter letter = Letter::deferred;
    std::string text;
};

/// The report as bytes: each part ended by NUL. NUL bytes in texts become '?', CRs are dropped,
/// other control characters but LF and TAB become '?' (contract.md#reports).
[[nodiscard]] std::string render(const Report& report);

/// The server an attempt talked to.
struct Peer {
    std::string name;  ///< empty where it has none
    Endpoint endpoint;

    /// `mx.example [192.0.2.1]:465`: the name where it has one, the port when not 25.
    [[nodiscard]] std::string to_string() const;
};

/// The report of one recipient to whom the server answered.
[[nodiscard]] RecipientReport recipient_report(const session::RecipientAnswer& answer,
                                               const Peer& peer);
/// `<ip> accepted message.`
[[nodiscard]] std::string accepted_text(const smtp::Reply& reply, const Peer& peer);
/// The message report's sentence for an attempt at `peer` that failed; `in_doubt`: a recipient may
/// have the message all the same.
[[nodiscard]] std::string failure_text(const Failure& failure, const Peer& peer, bool in_doubt,
                                       const tls::Requirement& requirement);
/// The sentence for what failed before any server was reached; `protocol` is what it would have
/// spoken.
[[nodiscard]] std::string failure_text(const Failure& failure,
                                       routing::Protocol protocol = routing::Protocol::smtp);

}  // namespace tern::delivery
