// One session with one server: one connection in, one Outcome out; see delivery.hpp.
#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "delivery/delivery.hpp"
#include "routing/ignored_extensions.hpp"
#include "delivery/transactions.hpp"

namespace tern::delivery {

session::Terms Delivery::terms_of(const Connection& connection, const Step& step) const {
    session::Terms terms;
    terms.hello_name = connection.hello_name;
    terms.server_name = connection.peer.name;
    terms.endpoint = connection.peer.endpoint;
    terms.requirement = step.requirement;
    terms.tls_settings = settings_.tls;
    if (!route_.certificate_file.empty()) {
        terms.tls_settings.certificate_file = route_.certificate_file;
        terms.tls_settings.key_file = route_.key_file;
    }
    terms.timeout_remote = settings_.timeout_remote;
    terms.chunking = step.chunking;
    terms.chunk_size = settings_.chunk_size;
    // Something must be left for the way in clear, however many handshakes stall, or servers that
    // are called before it say nothing at all.
    if (!step.requirement.demanded()) {
        terms.tls_patience = itinerary_.tls_patience(environment_.clock.now());
        terms.in_haste = itinerary_.owes_in_clear();
    }
    if (route_.credentials) terms.credentials = &*route_.credentials;
    if (!mechanisms_.empty()) terms.mechanisms = mechanisms_;
    terms.ignored = routing::find_ignored_extensions(
        settings_.ignoreextensions, connection.peer.name, connection.peer.endpoint.address);
    return terms;
}

Task<Outcome> Delivery::attempt(Connection connection, const Step& step) {
    Outcome outcome;
    outcome.peer = connection.peer;
    outcome.circumstances.requirement = step.requirement;
    outcome.circumstances.has_credentials = route_.credentials.has_value();
    outcome.tls_trouble = step.tls_trouble;
    session::Terms terms = terms_of(connection, step);
    const auto session = std::make_unique<session::Session>(
        environment_.clock, environment_.random, std::move(connection.stream), std::move(terms));
    const Result<Done> opened = co_await session->open().outcome();
    std::ranges::copy(session->said_in_login(), std::back_inserter(said_));
    outcome.circumstances.secured = session->secured();
    if (session->start_tls_refusal())
        outcome.tls_trouble =
            text("the server refused STARTTLS: ", session->start_tls_refusal()->text);
    outcome.circumstances.tls_failed = !outcome.tls_trouble.empty();
    if (!opened) outcome.failure = opened.error();
    else if (split_) co_await further_transactions(*session, outcome);
    else co_await first_transaction(*session, outcome);
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
        const bool repeats = environment_.message.rewind();
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
    return note_written(session.transact(envelope, environment_.message, progress), progress);
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
