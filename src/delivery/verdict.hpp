// What a failure means for the mail and for the next endpoint. The only place that knows.
#pragma once

#include "base/failure.hpp"
#include "tls/requirement.hpp"

namespace tern::delivery {

enum class Letter : char { accepted = 'K', deferred = 'Z', rejected = 'D' };

/// Whether another endpoint may be tried after a failed attempt.
enum class Next {
    settle,             ///< no other one may be tried
    another,            ///< the next address or exchanger
    another_demanding,  ///< only one where TLS is demanded too
    same_without_chunking,  ///< the same address, the message by DATA
};

struct Verdict {
    Letter letter = Letter::deferred;
    Next next = Next::settle;
    /// The handshake failed and nothing demanded it: once the others are through, this address may
    /// be tried in clear.
    bool retry_in_clear = false;

    friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Judges how an attempt ended (contract: Reports, The conversation, and above all "Lost or
/// doubled": once the end of data was written, every failure settles).
[[nodiscard]] Verdict judge(const Failure& failure, bool end_of_data_written,
                            const tls::Requirement& requirement);

}  // namespace tern::delivery
