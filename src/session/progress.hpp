// How far a transaction came: what stays true when the conversation ends in the middle.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "smtp/reply.hpp"

namespace tern::session {

/// What came of one recipient.
struct RecipientAnswer {
    /// The reply to its RCPT; nothing when it was not said: because of `waits`, or because the
    /// address needs SMTPUTF8 (RFC 6531 3.2) and the server does not offer it.
    std::optional<smtp::Reply> reply;
    /// The reply asks for the TLS that failed with this server, and is no verdict on the recipient.
    bool held_for_tls = false;
    /// The server takes no more recipients in this transaction (RFC 5321 4.5.3.1.10): RCPT was
    /// refused for that, or was not said any more. It is not refused; the next transaction is for
    /// it.
    bool waits = false;

    [[nodiscard]] bool accepted() const { return reply && reply->positive(); }
};

struct Progress {
    /// One for each recipient so far, in their order.
    std::vector<RecipientAnswer> recipients;
    /// The end of data was handed to the kernel: from now on no other way may be tried.
    bool end_of_data_written = false;
    /// MAIL was refused.
    bool mail_refused = false;
    /// And yet a RCPT after it was accepted.
    bool recipient_accepted_all_the_same = false;
    /// The end of data was written and answered 4xx or 5xx, or the server announced with 421 to
    /// MAIL that it goes, and went.
    bool end_of_data_refused = false;
    /// The 2xx to the end of data.
    std::optional<smtp::Reply> accepted;

    /// Whether what was written forbids every other way for this message
    /// (contract.md#lost-or-doubled, contract.md#one-flight): not where MAIL was refused and all
    /// the rest as well.
    [[nodiscard]] bool is_binding() const {
        const bool all_refused =
            mail_refused && end_of_data_refused && !recipient_accepted_all_the_same;
        return end_of_data_written && !all_refused;
    }
    /// How many recipients the server takes in one transaction, where it said so in this one.
    [[nodiscard]] std::optional<std::size_t> most_recipients() const {
        if (std::ranges::none_of(recipients, &RecipientAnswer::waits) || takes_no_more())
            return std::nullopt;
        return static_cast<std::size_t>(
            std::ranges::count_if(recipients, &RecipientAnswer::accepted));
    }
    /// Whether it accepted no recipient here because of those it accepted before: it counts them
    /// over transactions, and this session is of no more use.
    [[nodiscard]] bool takes_no_more() const {
        return std::ranges::any_of(recipients, &RecipientAnswer::waits) &&
               std::ranges::none_of(recipients, &RecipientAnswer::accepted);
    }
};

}  // namespace tern::session
