// One session with one server: one connection in, one Outcome out; see delivery.hpp.
#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "delivery/delivery.hpp"
#include "routing/ignored_extensions.hpp"
#include "delivery/transactions.hpp"

namespace tern::delivery {

session::Identity Delivery::identity_of(Connection&& connection, const Step& step) const {
    session::Identity identity;
    identity.endpoint = connection.peer.endpoint;
    identity.server_name = std::move(connection.peer.name);
    identity.requirement = step.requirement;
    identity.tls_settings = settings_.tls;
    if (!route_.certificate_file.empty()) {
        identity.tls_settings.certificate_file = route_.certificate_file;
        identity.tls_settings.key_file = route_.key_file;
    }
    identity.source = connection.source;
    identity.credentials = credentials_;
    identity.hello_name = std::move(connection.hello_name);
    return identity;
}

session::Options Delivery::options_of(const Peer& peer, const Step& step) const {
    session::Options options;
    options.timeout_remote = settings_.timeout_remote;
    options.chunking = step.chunking;
    options.chunk_size = settings_.chunk_size;
    // Something must be left for the way in clear, however many handshakes stall, or servers that
    // are called before it say nothing at all.
    if (!step.requirement.is_required()) {
        options.tls_patience = itinerary_.tls_patience(environment_.clock.now());
        options.in_haste = itinerary_.owes_in_clear();
    }
    options.took_recipient = step.manner == Manner::further && took_recipient_;
    options.mechanisms = mechanisms_;
    options.ignored = routing::find_ignored_extensions(settings_.ignoreextensions, peer.name,
                                                       peer.endpoint.address);
    return options;
}

Task<Outcome> Delivery::attempt(Connection connection, const Step& step) {
    Outcome outcome;
    outcome.peer = connection.peer;
    outcome.circumstances.requirement = step.requirement;
    outcome.circumstances.has_credentials = credentials_ != nullptr;
    outcome.tls_trouble = step.tls_trouble;
    std::unique_ptr<Stream> stream = std::move(connection.stream);
    const auto session = std::make_unique<session::Session>(
        environment_.clock, environment_.random, std::move(stream),
        identity_of(std::move(connection), step), options_of(outcome.peer, step));
    const Result<Done> opened = co_await session->open().outcome();
    std::ranges::move(session->take_said_in_login(), std::back_inserter(said_));
    outcome.circumstances.secured = session->secured();
    if (session->start_tls_refusal())
        outcome.tls_trouble =
            concat("the server refused STARTTLS: ", session->start_tls_refusal()->text);
    outcome.circumstances.tls_failed = !outcome.tls_trouble.empty();
    if (!opened) outcome.failure = opened.error();
    else if (split_) co_await further_transactions(*session, outcome);
    else co_await first_transaction(*session, outcome);
    took_recipient_ = session->took_recipient();
    outcome.certificate_trouble = session->certificate_trouble();
    co_await session->quit().outcome();
    co_return outcome;
}

Task<Done> Delivery::first_transaction(session::Session& session, Outcome& outcome) {
    rounds_.begin_session();
    const session::Envelope* envelope = rounds_.next(session.limits());
    session::Progress progress;
    Result<Done> sent = co_await transact(session, *envelope, progress).outcome();
    rounds_.learn(progress);
    note_progress(progress, *envelope, outcome.circumstances);
    hold_for_tls(sent, progress, outcome.circumstances);
    if ((sent || concerns_its_recipients_alone(sent.error())) &&
        rounds_.leaves_anyone(progress, true)) {
        const bool repeats = request_.message.rewind();
        if (rounds_.leaves_anyone(progress, repeats)) {
            split_ = true;
            note_round(sent, progress, outcome, repeats);
            co_return co_await further_transactions(session, outcome);
        }
    }
    outcome.letters = rounds_.replies(progress, outcome.peer);
    if (sent) outcome.accepted = accepted_text(*progress.accepted, outcome.peer);
    else outcome.failure = std::move(sent.error());
    co_return Done();
}

Task<Done> Delivery::transact(session::Session& session, const session::Envelope& envelope,
                              session::Progress& progress) {
    return note_written(session.transact(envelope, request_.message, progress), progress);
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

}  // namespace tern::delivery
