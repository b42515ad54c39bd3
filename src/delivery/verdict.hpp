// What a failure means for the mail and for the next endpoint. The only place that knows.
#pragma once

#include "base/failure.hpp"
#include "tls/requirement.hpp"

namespace tern::delivery {

enum class Letter : char { accepted = 'K', deferred = 'Z', rejected = 'D' };

/// Whether another endpoint may be tried after a failed attempt.
enum class Next {
    settle,                 ///< no other one may be tried
    another,                ///< the next address or exchanger
    another_requiring,      ///< only one where TLS is required too
    same_without_chunking,  ///< the same address, the message by DATA
};

/// What was true of the session that failed.
struct Circumstances {
    tls::Requirement requirement;
    /// A TLS handshake was completed in it.
    bool secured = false;
    /// The end of data was written, and MAIL and all after it were not refused: no other way may
    /// be tried for this message (contract.md#lost-or-doubled).
    bool end_of_data_written = false;
    /// A recipient may have the message although no reply said so.
    bool in_doubt = false;
    /// The session is in clear although TLS was tried: STARTTLS was refused in it, or a handshake
    /// with this address failed earlier in the delivery.
    bool tls_failed = false;
    /// The route has credentials, which are never sent in clear.
    bool has_credentials = false;
};

struct Verdict {
    /// `rejected` with Next::another is conditional: it holds only when no other exchanger takes
    /// the mail.
    Letter letter = Letter::deferred;
    Next next = Next::settle;
    /// TLS failed and nothing requires it: once the others are through, this address may be tried
    /// in clear.
    bool retry_in_clear = false;

    friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Judges how an attempt ended (contract.md#reports, contract.md#next-exchanger, and above all
/// contract.md#lost-or-doubled: once the end of data was written every failure settles).
[[nodiscard]] Verdict judge(const Failure& failure, const Circumstances& circumstances);

/// The letter of a failure before any server was reached.
[[nodiscard]] Letter letter_before_any_server(const Failure& failure);

/// Whether a refusal of MAIL or RCPT asks for TLS: 530 (RFC 3207 4), or an enhanced code 5.7.x with
/// words about TLS or encryption (contract.md#replies-that-ask-for-tls).
[[nodiscard]] bool asks_for_tls(const Failure& refusal);

}  // namespace tern::delivery
