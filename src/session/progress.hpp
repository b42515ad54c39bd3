// How far a transaction came: what stays true when the conversation ends in the middle.
#pragma once

#include <optional>
#include <vector>

#include "smtp/reply.hpp"

namespace tern::session {

/// What came of one recipient.
struct RecipientAnswer {
    /// The reply to its RCPT; nothing when it was not said, because the address needs SMTPUTF8
    /// (RFC 6531 3.2) and the server does not offer it.
    std::optional<smtp::Reply> reply;
    /// The reply asks for the TLS that failed with this server, and is no verdict on the recipient.
    bool held_for_tls = false;

    [[nodiscard]] bool accepted() const { return reply && reply->positive(); }
};

struct Progress {
    /// One for each recipient so far, in their order.
    std::vector<RecipientAnswer> recipients;
    /// The end of data was handed to the kernel: from now on no other way may be tried.
    bool end_of_data_written = false;
    /// The 2xx to the end of data.
    std::optional<smtp::Reply> accepted;
};

}  // namespace tern::session
