// One message by QMTP (D. J. Bernstein, Quick Mail Transfer Protocol, 1997): a package out, an
// answer for each recipient back. What a refusal means for the mail is said by delivery/verdict.
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/stream.hpp"
#include "base/message_source.hpp"
#include "session/progress.hpp"
#include "session/transaction.hpp"

namespace tern::session {

/// How many bytes the message has as QMTP carries it, its lines ended with LF. The number goes
/// ahead of it, so the message is read once before a relay is called, and then is at its
/// beginning again. Each reading is done within `timeout`. Fails with message_source (at
/// Stage::start when it is a pipe) and partial_line: QMTP could carry that, but the relay may have
/// to pass the message on by SMTP, which cannot.
[[nodiscard]] Task<std::uint64_t> measure_for_qmtp(const Clock& clock, Duration timeout,
                                                   MessageSource& message);

/// Sends the package and reads the answers, each write and each answer within `timeout`. `size` is
/// what measure_for_qmtp() gave. All arguments must outlive it.
///
/// Success: at least one recipient was taken. Each answer is in `progress.recipients` as a
/// reply with the server's text, of code 250 for K, 450 for Z and 550 for D; `progress.accepted` is
/// the first 250.
///
/// Fails with all_refused when every recipient was answered and none was taken. Before the package
/// is complete, at Stage::body: message_source (also when the message has changed since it was
/// measured), timed_out, closed, protocol_error. From then on, at Stage::final_dot: timed_out,
/// closed, protocol_error; the answers so far stay in `progress`, and those that are K are settled:
/// those recipients have the message, of the others it is not known. With an answer too many none
/// counts, since it is not known which is whose.
[[nodiscard]] Task<Done> deliver_by_qmtp(const Clock& clock, Stream& stream, Duration timeout,
                                         const Envelope& envelope, MessageSource& message,
                                         std::uint64_t size, Progress& progress);

}  // namespace tern::session
