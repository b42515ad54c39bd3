// See transactions.hpp.
#include "delivery/transactions.hpp"

#include <algorithm>

namespace tern::delivery {

void note_progress(const session::Progress& progress, const session::Envelope& envelope,
                   Circumstances& circumstances) {
    const bool no_recipient_has_it =
        progress.recipients.size() == envelope.recipients.size() &&
        std::ranges::none_of(progress.recipients, &session::RecipientAnswer::accepted);
    circumstances.end_of_data_written = progress.is_binding();
    circumstances.in_doubt = progress.is_binding() && !no_recipient_has_it;
}

bool concerns_its_recipients_alone(const Failure& failure) {
    return failure.cause == Cause::all_refused ||
           (failure.cause == Cause::rejected &&
            (failure.stage == Stage::data || failure.stage == Stage::final_dot));
}

bool concerns_the_session_alone(const Failure& failure, const session::Progress& progress) {
    if (failure.stage != Stage::mail) return false;
    return failure.cause == Cause::rejected ||
           (failure.cause == Cause::closed && !progress.is_binding());
}

void hold_for_tls(Result<Done>& sent, session::Progress& progress,
                  const Circumstances& circumstances) {
    if (!circumstances.tls_failed || circumstances.secured) return;
    for (session::RecipientAnswer& answer : progress.recipients) {
        if (!answer.reply || answer.accepted()) continue;
        Failure refusal(Stage::recipient, Cause::all_refused, *answer.reply);
        if (!asks_for_tls(refusal)) continue;
        answer.held_for_tls = true;
        if (!sent && sent.error().cause == Cause::all_refused) sent.error() = std::move(refusal);
    }
}

}  // namespace tern::delivery
