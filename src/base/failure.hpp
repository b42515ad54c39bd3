// Why a conversation could not go on: where, what kind of trouble, a sentence for people and, where
// there was one, the server's reply.
// Failures are made wherever trouble is seen; what they mean for the mail is said by
// delivery/verdict alone.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "base/reply.hpp"

namespace tern {

/// How far a delivery had come, in the order of the conversation: a later enumerator is "further"
/// (contract.md#reports: of several failed attempts the one that got furthest is reported).
enum class Stage {
    start,       ///< before anything was asked: control files, envelope, message source
    routing,     ///< names and addresses
    connect,     ///< waiting for the peer to accept
    greeting,    ///< the 220
    hello,       ///< EHLO, HELO
    start_tls,   ///< the STARTTLS command
    handshake,   ///< TLS itself
    auth,        ///< AUTH
    mail,        ///< MAIL FROM
    recipient,   ///< RCPT TO
    data,        ///< DATA and its 354
    body,        ///< the message, up to its last byte but the end of data
    final_dot,   ///< the end of data was written, its reply is awaited
};

/// What kind of trouble it was.
enum class Cause {
    timed_out,       ///< a deadline passed
    closed,          ///< the peer closed or reset the connection
    refused,         ///< the connection was refused or the network said no
    rejected,        ///< the server rejected what was sent: its reply says why
    all_refused,     ///< every recipient was refused, the last by this reply; without a reply none
                     ///< was sent, as their addresses need SMTPUTF8
    needs_smtputf8,  ///< the sender's address needs SMTPUTF8 and the server does not offer it
    too_large,       ///< the message is larger than the server says it takes
    no_chunking,     ///< the server offers CHUNKING and does not know BDAT: its reply says so
    protocol_error,  ///< the peer said what the protocol does not allow here
    tls,             ///< the handshake failed, or TLS itself broke
    injected,        ///< plaintext came after the reply to STARTTLS: an attack
    tls_missing,     ///< TLS was required and the server does not offer it, or refused it
    unverified,      ///< TLS was required and the certificate does not satisfy the requirement
    auth_missing,    ///< the route has credentials and the server does not offer AUTH
    auth_in_clear,   ///< the route has credentials and there is no TLS that would hide them
    auth_no_mechanism,  ///< the server has no mechanism that our credentials and files allow
    auth_refused,       ///< AUTH failed
    control_file,       ///< a control file is unreadable or cannot be understood
    home,               ///< qmail's home directory cannot be entered
    message_source,     ///< the message cannot be read
    partial_line,       ///< the message does not end with a newline
    resources,          ///< no memory, no descriptors, no local address
    name_service,       ///< name look-up trouble that may pass
    no_such_host,       ///< NXDOMAIN, or a name that cannot exist
    no_address,         ///< the domain has no exchanger and no address that can be dialled
    no_relay,           ///< a relay that the operator named has no address that can be dialled
    null_mx,            ///< the domain takes no mail (RFC 7505 3)
    loops_back,         ///< we are the best exchanger ourselves
    bad_sender,         ///< the sender's address must never reach the wire
    bad_recipients,     ///< no recipient is left whose address may reach the wire
    cancelled,          ///< another attempt won, or the program is ending
};

/// Trouble that ends a conversation. Its sentence and its reply may hold bytes of the peer, which
/// the report sanitises.
struct Failure {
    Failure(Stage at, Cause why, std::string words, std::optional<Reply> received = std::nullopt)
        : stage(at), cause(why), detail(std::move(words)), reply(std::move(received)) {}
    /// Of which the reply says everything.
    Failure(Stage at, Cause why, Reply received)
        : stage(at), cause(why), reply(std::move(received)) {}

    Stage stage;
    Cause cause;
    /// A sentence in plain words without a full stop; empty where the reply says everything.
    std::string detail;
    /// The reply that ended the conversation, where one did. Its text is empty where it repeats
    /// our credentials.
    std::optional<Reply> reply;

    /// The reply's code; 0 where there was none.
    [[nodiscard]] int code() const { return reply ? reply->code : 0; }
    /// The sentence; where the reply says everything, its text.
    [[nodiscard]] const std::string& reason() const {
        return detail.empty() && reply ? reply->text : detail;
    }

    friend bool operator==(const Failure&, const Failure&) = default;
};

/// A value or the Failure that took its place.
template <class T>
using Result = tl::expected<T, Failure>;

/// Makes the failed side of a Result.
inline tl::unexpected<Failure> fail(Stage stage, Cause cause, std::string detail) {
    return tl::unexpected<Failure>(Failure(stage, cause, std::move(detail)));
}

/// The value of something that only succeeds or fails.
struct Done {
    friend bool operator==(const Done&, const Done&) = default;
};

}  // namespace tern
