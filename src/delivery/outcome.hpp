// What came of one connection, whole: for the report, for what is tried next, and for those who
// watches.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "base/secret.hpp"
#include "delivery/report.hpp"
#include "delivery/verdict.hpp"

namespace tern::delivery {

struct Outcome {
    Peer peer;
    /// Why the session, or its only transaction, failed; nothing when the message was accepted.
    std::optional<Failure> failure;
    Circumstances circumstances;
    /// The report's words for an accepted message.
    std::string accepted;
    /// What the server said of each recipient of the envelope, as far as it did.
    std::vector<std::optional<RecipientReport>> letters;
    /// How TLS failed with this address while nothing required it, in this session or before.
    std::string tls_trouble;
    /// What is wrong with our client certificate, where the session went without it for that.
    std::string certificate_trouble;
    /// The envelope was split over transactions; what came of each is in Rounds.
    bool split = false;

    /// The letter of the failure.
    [[nodiscard]] Letter letter() const { return judge(*failure, circumstances).letter; }
    /// The message report's text of the failure.
    [[nodiscard]] std::string words() const;
    /// For one recipient whose message failed so.
    [[nodiscard]] RecipientReport fate() const;
};

/// Learns how every connection of a delivery ended, not only the one that is reported.
class OutcomeObserver {
public:
    OutcomeObserver() = default;
    OutcomeObserver(const OutcomeObserver&) = delete;
    OutcomeObserver& operator=(const OutcomeObserver&) = delete;
    virtual ~OutcomeObserver() = default;

    virtual void ended(const Outcome& outcome) = 0;
};

}  // namespace tern::delivery
