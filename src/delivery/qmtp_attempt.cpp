// One connection to a relay that speaks QMTP; see delivery.hpp. QMTP has no session and no TLS, and
// each of its answers is about the message itself.
#include "delivery/delivery.hpp"
#include "delivery/transactions.hpp"
#include "session/qmtp.hpp"

namespace tern::delivery {
namespace {

// It cannot be read, or not be sent as it is: no other server would change that.
bool concerns_our_message(const Failure& failure) {
    return failure.cause == Cause::message_source || failure.cause == Cause::partial_line;
}

}  // namespace

// What no relay could get is reported before one is called.
Task<Done> Delivery::measure_for_qmtp() {
    if (qmtp_size_) co_return Done();
    qmtp_size_ = co_await session::measure_for_qmtp(environment_.clock, settings_.timeout_remote,
                                                    request_.message);
    co_return Done();
}

Task<Outcome> Delivery::attempt_by_qmtp(Connection connection) {
    const session::Envelope& envelope = addressing_.wire;
    Outcome outcome;
    outcome.peer = connection.peer;
    outcome.circumstances.requirement = tls::Requirement::none();
    session::Progress progress;
    Task<Done> sending =
        session::deliver_by_qmtp(environment_.clock, *connection.stream, settings_.timeout_remote,
                                 envelope, request_.message, *qmtp_size_, progress);
    const Result<Done> sent = co_await note_written(std::move(sending), progress).outcome();
    connection.stream.reset();
    note_progress(progress, envelope, outcome.circumstances);
    if (!sent) outcome.failure = sent.error();
    for (const session::RecipientAnswer& answer : progress.recipients)
        outcome.letters.push_back(recipient_report(answer, outcome.peer));
    if (progress.accepted) {
        // Recipients that were accepted have the message, whatever became of later answers.
        if (outcome.failure) outcome.letters.resize(envelope.recipients.size(), outcome.fate());
        outcome.failure.reset();
        outcome.accepted = accepted_text(*progress.accepted, outcome.peer);
    } else if (concerns_our_message(*outcome.failure)) {
        settle(before_any_server(*outcome.failure));
    }
    co_return outcome;
}

}  // namespace tern::delivery
