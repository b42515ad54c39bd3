// An envelope that one transaction does not carry: further transactions with the same server, and
// other servers for those whom it cannot take at all; see delivery.hpp and rounds.hpp.
#include <algorithm>

#include "base/text.hpp"
#include "delivery/delivery.hpp"
#include "delivery/transactions.hpp"

namespace tern::delivery {
namespace {

// How a server ended a session in which others still waited.
std::string last_words(const Failure& failure, const session::Progress& progress,
                       const Outcome& outcome) {
    if (progress.takes_no_more())
        for (const session::RecipientAnswer& answer : progress.recipients)
            if (answer.waits && answer.reply) return recipient_report(answer, outcome.peer).text;
    Outcome ended = outcome;
    ended.failure = failure;
    ended.circumstances.in_doubt = ended.circumstances.end_of_data_written = false;
    return ended.words();
}

RecipientReport no_further_round(const Peer& peer, std::string_view why) {
    return {'s',
            concat(why, peer.endpoint.address.to_string(),
                   " accepted other recipients but not this one: it limits the recipients of a "
                   "transaction, and no further one was possible. (#4.5.3)\n")};
}

}  // namespace

// As far as this session carries them.
Task<Done> Delivery::further_transactions(session::Session& session, Outcome& outcome) {
    outcome.split = true;
    while (rounds_.anyone_waits() && session.in_step() && request_.message.rewind()) {
        const session::Envelope* envelope = rounds_.next(session.limits());
        if (envelope == nullptr) break;
        session::Progress progress;
        Result<Done> sent = co_await transact(session, *envelope, progress).outcome();
        note_progress(progress, *envelope, outcome.circumstances);
        hold_for_tls(sent, progress, outcome.circumstances);
        // docs/reading.md: who is cancelled tries neither this server again nor another one.
        if (!sent && sent.error().cause == Cause::cancelled) {
            note_round(sent, progress, outcome, true);
            outcome.failure = sent.error();
            break;
        }
        if (!sent && rounds_.is_first_of_session() && may_leave_to_others(sent.error(), outcome)) {
            outcome.failure = std::move(sent.error());
            break;
        }
        // Every recipient was refused: none has the message, even where it was written along.
        const bool takes_no_more =
            !sent && sent.error().cause == Cause::all_refused && progress.takes_no_more();
        const bool ends = takes_no_more ||
                          (!sent && !rounds_.is_first_of_session() &&
                           concerns_the_session_alone(sent.error(), progress));
        if (!ends || takes_no_more) note_round(sent, progress, outcome, true);
        if (!ends) continue;
        no_further_round_ = last_words(sent.error(), progress, outcome);
        // What was written once more than it was taken is not written again in this delivery.
        if (progress.is_binding() && !takes_no_more) give_up_rounds(outcome.peer);
        break;
    }
    co_return Done();
}

// Of a session whose first transaction failed as if it could not be opened
// (contract.md#next-exchanger): those who wait were taken by no server, and may go on to another.
bool Delivery::may_leave_to_others(const Failure& failure, const Outcome& outcome) {
    const Verdict verdict = judge(failure, outcome.circumstances);
    return verdict.letter == Letter::deferred && verdict.next != Next::settle &&
           request_.message.rewind();
}

// contract.md#lost-or-doubled: each recipient's letter is the outcome of its own transaction.
void Delivery::note_round(const Result<Done>& sent, const session::Progress& progress,
                          const Outcome& outcome, bool message_repeats) {
    if (sent) {
        if (accepted_.empty()) accepted_ = accepted_text(*progress.accepted, outcome.peer);
        return rounds_.take(progress, outcome.peer, {'r', ""}, message_repeats);
    }
    Outcome failed = outcome;
    failed.failure = sent.error();
    note_failure(failed);
    // What the server lacks for the sender or the message it lacks for all who wait.
    const bool lacks_it_for_all =
        failed.failure->cause == Cause::needs_smtputf8 || failed.failure->cause == Cause::too_large;
    if (lacks_it_for_all) return rounds_.leave_to_others();
    rounds_.take(progress, failed.peer, failed.fate(), message_repeats);
    if (concerns_its_recipients_alone(*failed.failure)) return;
    failed.circumstances.in_doubt = failed.circumstances.end_of_data_written = false;
    rounds_.give_up(failed.fate());
}

// From the first transaction on those who wait for a server wait for that one. Whom it cannot take,
// and who waits when it fails, goes on to the next.
void Delivery::consider_split(const Outcome& outcome, const Step& step) {
    if (!outcome.failure) {
        split_peer_ = outcome.peer;
    } else {
        const std::string words = outcome.words();
        if (outcome.letter() == Letter::deferred)
            another_failed_ = words.substr(0, words.find('\n') + 1);
        Verdict verdict = judge(*outcome.failure, outcome.circumstances);
        const bool may_go_on = verdict.next != Next::settle;
        // It was called in its own manner before.
        if (step.manner == Manner::further) verdict.retry_in_clear = false;
        itinerary_.note_failed(step, outcome.peer.endpoint, verdict, outcome.failure->reason(),
                               environment_.clock.now());
        const bool is_further = step.manner == Manner::further;
        if (may_go_on && is_further) rounds_.leave_to_others(outcome.fate());
        else if (may_go_on) rounds_.leave_to_others();
        else if (is_further) rounds_.give_up(outcome.fate());
        // contract.md#lost-or-doubled: when the last chunk was written no other server is tried.
        if (verdict.next == Next::same_without_chunking &&
            outcome.circumstances.end_of_data_written)
            itinerary_.only_what_is_owed();
        note_failure(outcome);
        if (!may_go_on) return settle_split();
    }
    const std::size_t still = rounds_.how_many_wait();
    if (still > 0 && (step.manner != Manner::further || still < waiting_) &&
        request_.message.rewind()) {
        waiting_ = still;
        rounds_.begin_session();
        return itinerary_.owe_further(step, outcome.peer.endpoint);
    }
    give_up_rounds(outcome.peer);
    if (!rounds_.anyone_for_others() || !request_.message.rewind()) settle_split();
}

// Another server is about to be called, for those whom the ones before could not take.
void Delivery::begin_at_another_server() {
    give_up_rounds(split_peer_);
    rounds_.begin_server();
}

// Neither the server that took others nor another one that was to take the rest answered.
void Delivery::go_on_without_connection(const Step& step) {
    if (step.manner == Manner::further)
        rounds_.leave_to_others(no_further_round(split_peer_, no_further_round_));
    else rounds_.leave_to_others();
}

void Delivery::give_up_rounds(const Peer& peer) {
    if (rounds_.anyone_waits()) rounds_.give_up(no_further_round(peer, no_further_round_));
}

void Delivery::settle_split() {
    give_up_rounds(split_peer_);
    // Whom no server could take: the words of the last one, and its verdict where it was the last.
    RecipientReport untaken = recipient_report(session::RecipientAnswer(), split_peer_);
    if (!another_failed_.empty() || anyone_is_untried()) {
        untaken = not_judged_by_all(session::RecipientAnswer(), split_peer_);
        untaken.text += another_failed_;
    }
    rounds_.give_up_all(untaken);
    Report report;
    report.recipients = recipient_reports(rounds_.letters());
    report.letter = Letter::accepted;
    report.text = accepted_;
    if (accepted_.empty()) {
        const Outcome& told = furthest_ ? *furthest_ : *conditional_;
        report.letter = told.letter();
        report.text = told.words();
    }
    settle(std::move(report));
}

// What a server took before stays taken, or the mail would go out twice
// (contract.md#lost-or-doubled).
void Delivery::settle_split_for_trouble(const Failure& trouble) {
    rounds_.give_up_all({'s', failure_text(trouble, route_.protocol)});
    settle_split();
}

}  // namespace tern::delivery
