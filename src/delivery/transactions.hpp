// What the end of a transaction says of others. Pure.
#pragma once

#include "base/failure.hpp"
#include "delivery/verdict.hpp"
#include "session/progress.hpp"
#include "session/transaction.hpp"

namespace tern::delivery {

/// Notes whether the end of data was written, and whether a recipient may have the message although
/// no reply said so: not where the refusal of every recipient, or of all of it, was read.
void note_progress(const session::Progress& progress, const session::Envelope& envelope,
                   Circumstances& circumstances);

/// Whether other recipients may fare better in a transaction of their own.
[[nodiscard]] bool concerns_its_recipients_alone(const Failure& failure);

/// Whether a failure after a transaction of the same session is about the session: the sender was
/// taken before, so what ends MAIL now says that the session carried enough (421, 5xx, hanging up)
/// or that RSET meant nothing to it.
[[nodiscard]] bool concerns_the_session_alone(const Failure& failure,
                                              const session::Progress& progress);

/// contract.md#replies-that-ask-for-tls: what asks for the TLS that failed is not a verdict on a
/// recipient. Marks such answers, and makes one of them the words of a failure of all.
void hold_for_tls(Result<Done>& sent, session::Progress& progress,
                  const Circumstances& circumstances);

}  // namespace tern::delivery
