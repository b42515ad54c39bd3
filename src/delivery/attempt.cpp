// One session with one server, and what its end means for the delivery; see delivery.hpp.
#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "delivery/delivery.hpp"
#include "session/authenticate.hpp"
#include "session/qmtp.hpp"

namespace tern::delivery {
namespace {

using Letters = std::vector<std::optional<RecipientReport>>;

// Whoever read the refusal of every recipient knows that nobody got the message.
bool may_be_duplicate(const session::Progress& progress, const session::Envelope& envelope) {
    const bool nobody_has_it =
        progress.recipients.size() == envelope.recipients.size() &&
        std::ranges::none_of(progress.recipients, &session::RecipientAnswer::accepted);
    return progress.is_binding() && !nobody_has_it;
}

// Whether other recipients may fare better in a transaction of their own.
bool concerns_its_recipients_alone(const Failure& failure) {
    return failure.cause == Cause::all_refused ||
           (failure.cause == Cause::said_no &&
            (failure.stage == Stage::data || failure.stage == Stage::final_dot));
}

// The sender was taken in the transaction before: what ends MAIL now is about the session, be it
// that it carried enough (421, 5xx, hanging up) or that RSET meant nothing to it. Of a message that
// went out with MAIL only its refusal is known.
bool concerns_the_session_alone(const Failure& failure, bool end_of_data_written) {
    if (failure.stage != Stage::mail) return false;
    return failure.cause == Cause::said_no ||
           (failure.cause == Cause::closed && !end_of_data_written);
}

// It cannot be read, or not be sent as it is: no other server would change that.
bool concerns_our_message(const Failure& failure) {
    return failure.cause == Cause::message_source || failure.cause == Cause::partial_line;
}

tls::Requirement without_tls() {
    tls::Requirement none;
    none.kind = tls::Requirement::Kind::none;
    return none;
}

RecipientReport fate_of(const Attempt& failed) {
    return {failed.letter() == Letter::rejected ? 'h' : 's', failed.words()};
}

}  // namespace

Letter Attempt::letter() const { return judge(failure, may_be_duplicate, requirement).letter; }

std::string Attempt::words() const {
    std::string words = failure_text(failure, peer, may_be_duplicate, requirement);
    if (!certificate_trouble.empty())
        words += text("The session went without our client certificate: ", certificate_trouble,
                      "\n");
    return words;
}

// Contract, The conversation: the time in which broken TLS must be got over.
Duration Delivery::time_for_tls() const {
    return settings_.timeout_connect + settings_.timeout_remote;
}

session::Terms Delivery::terms_of(const Peer& peer, const tls::Requirement& requirement) const {
    session::Terms terms;
    terms.hello_name = hello_name_;
    terms.server_name = peer.name;
    terms.endpoint = peer.endpoint;
    terms.requirement = requirement;
    terms.tls_settings = settings_.tls;
    if (!way_.certificate_file.empty()) {
        terms.tls_settings.certificate_file = way_.certificate_file;
        terms.tls_settings.key_file = way_.key_file;
    }
    terms.timeout_remote = settings_.timeout_remote;
    terms.chunking = chunking_;
    terms.chunk_size = settings_.chunk_size;
    // Something must be left for the way in clear, however many handshakes stall.
    const Duration left = until_ ? *until_ - world_.clock.now() : time_for_tls();
    if (!requirement.demanded()) terms.tls_patience = left / 3;
    if (way_.credentials) terms.credentials = &*way_.credentials;
    return terms;
}

Task<Done> Delivery::attempt(std::unique_ptr<Stream> connection, Peer peer,
                             tls::Requirement requirement) {
    auto session = std::make_unique<session::Session>(
        world_.clock, world_.random, std::move(connection), terms_of(peer, requirement));
    Result<Done> outcome = co_await session->open().outcome();
    std::ranges::copy(session->said_in_login(), std::back_inserter(said_));
    session::Progress progress;
    if (rounds_) {
        if (outcome) co_await further_rounds(*session, peer, requirement);
        else note_round(outcome, progress, false, peer, requirement, false);
        co_return co_await session->quit().outcome();
    }
    Rounds rounds(addressing_.wire);
    const session::Envelope* envelope = &addressing_.wire;
    if (outcome) {
        envelope = rounds.next(session->limits());
        outcome = co_await transact(*session, *envelope, progress).outcome();
    }
    if ((outcome || concerns_its_recipients_alone(outcome.error())) &&
        rounds.leaves_anyone(progress, true)) {
        const bool repeats = world_.message.rewind();
        if (rounds.leaves_anyone(progress, repeats)) {
            const bool doubtful = may_be_duplicate(progress, *envelope);
            rounds_ = std::move(rounds);  // with the envelope, which is a part of it
            note_round(outcome, progress, doubtful, peer, requirement, repeats);
            co_await further_rounds(*session, peer, requirement);
            co_await session->quit().outcome();
            session.reset();  // some servers take one connection at a time
            co_return co_await finish_rounds(std::move(peer), requirement);
        }
    }
    co_await session->quit().outcome();
    if (outcome) {
        Report report;
        report.recipients = recipient_reports(rounds.replies(progress, peer));
        report.letter = Letter::accepted;
        report.text = accepted_text(*progress.accepted, peer);
        settled_ = std::move(report);
        co_return Done();
    }
    Attempt ended{std::move(outcome.error()), peer, requirement, rounds.replies(progress, peer),
                  may_be_duplicate(progress, *envelope), session->certificate_trouble()};
    session.reset();  // it may be reading the message as commands
    co_return co_await judge_end(std::move(ended), progress.is_binding());
}

Task<Done> Delivery::transact(session::Session& session, const session::Envelope& envelope,
                              session::Progress& progress) {
    return note_written(session.transact(envelope, world_.message, progress), progress);
}

// main must know what was written when memory runs out.
Task<Done> Delivery::note_written(Task<Done> sending, const session::Progress& progress) {
    const bool before = end_of_data_written_;
    Result<Done> outcome = Done();
    try {
        outcome = co_await sending.outcome();
    } catch (...) {
        end_of_data_written_ = before || progress.is_binding();
        throw;
    }
    end_of_data_written_ = before || progress.is_binding();
    co_return outcome;
}

// What no relay could get is told before one is called.
Task<Done> Delivery::measure_for_qmtp() {
    if (qmtp_size_) co_return Done();
    Task<std::uint64_t> measuring =
        session::measure_for_qmtp(world_.clock, settings_.timeout_remote, world_.message);
    const Result<std::uint64_t> size = co_await measuring.outcome();
    if (size) qmtp_size_ = *size;
    else settled_ = before_any_server(size.error());
    co_return Done();
}

// QMTP has no session and no TLS, and each of its answers is about the message itself.
Task<Done> Delivery::attempt_by_qmtp(std::unique_ptr<Stream> connection, Peer peer) {
    const session::Envelope& envelope = addressing_.wire;
    session::Progress progress;
    Task<Done> sending = session::deliver_by_qmtp(
        world_.clock, *connection, settings_.timeout_remote, envelope, world_.message, *qmtp_size_,
        progress);
    const Result<Done> outcome = co_await note_written(std::move(sending), progress).outcome();
    connection.reset();
    std::optional<Attempt> failed;
    if (!outcome)
        failed = Attempt{outcome.error(), peer, without_tls(), {},
                         may_be_duplicate(progress, envelope), ""};
    Letters letters;
    for (const session::RecipientAnswer& answer : progress.recipients)
        letters.push_back(recipient_report(answer, peer));
    if (progress.accepted) {
        // Who was taken has the message, whatever became of the answers behind.
        if (failed) letters.resize(envelope.recipients.size(), fate_of(*failed));
        settled_ = Report{recipient_reports(letters), Letter::accepted,
                          accepted_text(*progress.accepted, peer)};
    } else if (concerns_our_message(failed->failure)) {
        settled_ = before_any_server(failed->failure);
    } else {
        failed->letters = std::move(letters);
        co_await judge_end(std::move(*failed), progress.is_binding());
    }
    co_return Done();
}

// A first transaction that failed: whether another server, or this one in another manner, may get
// the mail.
Task<Done> Delivery::judge_end(Attempt ended, bool end_of_data_written) {
    const Verdict verdict = judge(ended.failure, end_of_data_written, ended.requirement);
    if (verdict.next == Next::another_demanding) only_where_demanded_ = true;
    if (verdict.retry_in_clear && !way_.credentials) {
        // Its handshake took a third of the time at most.
        if (!until_) until_ = world_.clock.now() + time_for_tls() - time_for_tls() / 3;
        Exchanger again;
        again.name = ended.peer.name.empty() ? std::nullopt : dns::Domain::parse(ended.peer.name);
        again.endpoints.push_back(ended.peer.endpoint);
        clear_again_.push_back(std::move(again));
    }
    // A pipe of which bytes were consumed cannot be sent again.
    if (verdict.next == Next::settle || !world_.message.rewind()) settled_ = report_of(ended);
    const Peer peer = ended.peer;
    const tls::Requirement requirement = ended.requirement;
    note_failure(std::move(ended));
    // A server that offers CHUNKING and does not know BDAT gets DATA, once, on a fresh connection.
    if (verdict.next == Next::same_without_chunking && may_go_on()) {
        end_of_data_written_ = chunking_ = false;
        co_await connect_again(peer, requirement);
        chunking_ = true;
    }
    // Contract, Lost or doubled: the last chunk was written.
    if (end_of_data_written && !settled_) settled_ = report_of(*furthest_);
    co_return Done();
}

// The transactions behind the first, as far as this session carries them.
Task<Done> Delivery::further_rounds(session::Session& session, Peer peer,
                                    tls::Requirement requirement) {
    while (rounds_->anyone_waits() && session.in_step() && world_.message.rewind()) {
        const session::Envelope* envelope = rounds_->next(session.limits());
        if (envelope == nullptr) break;
        session::Progress progress;
        const Result<Done> outcome = co_await transact(session, *envelope, progress).outcome();
        if (!outcome && !rounds_->is_first_of_session() &&
            concerns_the_session_alone(outcome.error(), progress.is_binding())) {
            const Attempt ended{outcome.error(), peer, requirement, {}, false, ""};
            no_further_round_ = ended.words();
            // What was written once more than it was taken is not written again in this delivery.
            if (progress.is_binding()) give_up_rounds(peer);
            break;
        }
        note_round(outcome, progress, may_be_duplicate(progress, *envelope), peer, requirement,
                   true);
    }
    co_return Done();
}

// Who is left gets further sessions with the same server, then an answer. From the first
// transaction on no other server is tried: what is known of some recipients must not be lost.
Task<Done> Delivery::finish_rounds(Peer peer, tls::Requirement requirement) {
    for (std::size_t waiting = 0; rounds_->anyone_waits();) {
        const std::size_t still = rounds_->how_many_wait();
        if (still == waiting || sessions_ == most_sessions || connections_ == most_connections ||
            !world_.message.rewind())
            break;
        waiting = still;
        rounds_->begin_session();
        co_await connect_again(peer, requirement);
    }
    give_up_rounds(peer);
    Report report;
    report.recipients = recipient_reports(rounds_->letters());
    report.letter = accepted_.empty() ? furthest_->letter() : Letter::accepted;
    report.text = accepted_.empty() ? furthest_->words() : accepted_;
    settled_ = std::move(report);
    co_return Done();
}

void Delivery::give_up_rounds(const Peer& peer) {
    rounds_->give_up({'s', text(no_further_round_, peer.endpoint.address.to_string(),
                                " took others, not this recipient: it takes only so many at a "
                                "time, and no further transaction was possible now. (#4.5.3)\n")});
}

// Contract: each recipient's letter is the outcome of its own transaction.
void Delivery::note_round(const Result<Done>& outcome, const session::Progress& progress,
                          bool doubtful, const Peer& peer, const tls::Requirement& requirement,
                          bool message_repeats) {
    if (outcome) {
        if (accepted_.empty()) accepted_ = accepted_text(*progress.accepted, peer);
        return rounds_->take(progress, peer, {'r', ""}, message_repeats);
    }
    Attempt failed{outcome.error(), peer, requirement, {}, doubtful, ""};
    rounds_->take(progress, peer, fate_of(failed), message_repeats);
    note_failure(failed);
    if (concerns_its_recipients_alone(failed.failure)) return;
    failed.may_be_duplicate = false;
    rounds_->give_up(fate_of(failed));
}

// A server that knows our credentials may repeat them in any later reply: the sentence of ours in
// the first line stays, its words do not.
void Delivery::keep_secrets(Report& report) const {
    if (said_.empty()) return;
    const auto without = [this](std::string& words) {
        if (!session::hold_any(words, said_)) return;
        std::string ours = words.substr(0, words.find('\n'));
        if (session::hold_any(ours, said_)) ours = "The mail was offered to a relay.";
        words = text(ours, "\nThe server's words repeat our credentials and are left out.\n");
    };
    for (RecipientReport& recipient : report.recipients) without(recipient.text);
    without(report.text);
}

// Contract, Reports: the attempt that got furthest is reported, among equals the last.
void Delivery::note_failure(Attempt failed) {
    if (!furthest_ || failed.failure.stage >= furthest_->failure.stage)
        furthest_ = std::move(failed);
}

Report Delivery::report_of(const Attempt& attempt) const {
    Report report;
    report.recipients = recipient_reports(attempt.letters);
    report.letter = attempt.letter();
    report.text = attempt.words();
    return report;
}

}  // namespace tern::delivery
