// The loop over exchangers and endpoints; see deliver.hpp.
#include "delivery/deliver.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.hpp"
#include "delivery/envelope.hpp"
#include "delivery/exchangers.hpp"
#include "session/session.hpp"

namespace tern::delivery {
namespace {

constexpr std::uint16_t implicit_tls_port = 465;  // RFC 8314 3.3

std::string name_of(const Exchanger& exchanger) {
    return exchanger.name ? exchanger.name->ascii() : std::string();
}

/// An attempt that failed, as far as its report needs it.
struct Attempt {
    Failure failure;
    Peer peer;
    tls::Requirement requirement;
    session::Progress progress;
    std::string certificate_trouble;
};

/// An endpoint of an exchanger and what back-off knows of it.
struct Candidate {
    Endpoint endpoint;
    Backoff::Finding silence;
};

class Delivery {
public:
    Delivery(World& world, const Settings& settings, const Addressing& addressing,
             bool& end_of_data_written)
        : world_(world),
          settings_(settings),
          addressing_(addressing),
          end_of_data_written_(end_of_data_written) {}

    Task<Report> run(NextHop hop, std::string_view host);
    /// The report of a failure before any server was reached.
    [[nodiscard]] Report before_any_server(const Failure& failure) const;

private:
    Task<Done> try_exchanger(const Exchanger& exchanger);
    Task<Done> try_again_in_clear();
    Task<Done> connect(const Exchanger& exchanger, const tls::Requirement& requirement,
                       std::vector<Candidate>& candidates);
    Task<Done> attempt(std::unique_ptr<Stream> connection, Peer peer,
                       tls::Requirement requirement);
    Task<Done> repeat_by_data(Peer peer, tls::Requirement requirement);
    Result<tls::Requirement> requirement_of(const Exchanger& exchanger) const;
    std::vector<Candidate> candidates_of(const Exchanger& exchanger);
    void note_failure(Attempt failed);
    void note_unconnected(const Peer& peer, std::string_view why);
    [[nodiscard]] bool may_go_on() const;
    [[nodiscard]] Report final_report(const Exchangers& exchangers) const;
    [[nodiscard]] Report report_of(const Attempt& attempt) const;
    [[nodiscard]] std::vector<RecipientReport> recipient_reports(
        const std::vector<session::RecipientAnswer>& answers, const Peer& peer) const;

    World& world_;
    const Settings& settings_;
    const Addressing& addressing_;
    bool& end_of_data_written_;

    std::optional<Report> settled_;
    std::optional<Attempt> furthest_;
    std::string unconnected_;
    unsigned sessions_ = 0;
    unsigned connections_ = 0;
    bool only_where_demanded_ = false;
    bool chunking_ = true;
    std::vector<Exchanger> clear_again_;
    std::optional<Deadline> until_;  // set once a handshake has failed
};

// `host` is the argument, for the report that it does not exist: it stands there as it was given.
Task<Report> Delivery::run(NextHop hop, std::string_view host) {
    Exchangers exchangers(world_);
    Result<Done> found = co_await exchangers.find(std::move(hop)).outcome();
    if (!found && found.error().cause == Cause::no_such_host) found.error().detail = host;
    if (!found) co_return before_any_server(found.error());
    while (may_go_on()) {
        Result<std::vector<Exchanger>> group = co_await exchangers.next_group().outcome();
        if (!group) co_return before_any_server(group.error());
        if (group->empty()) break;
        for (const Exchanger& exchanger : *group)
            if (may_go_on()) co_await try_exchanger(exchanger);
    }
    co_await try_again_in_clear();
    co_return final_report(exchangers);
}

Task<Done> Delivery::try_exchanger(const Exchanger& exchanger) {
    const Result<tls::Requirement> requirement = requirement_of(exchanger);
    if (!requirement) {
        settled_ = before_any_server(requirement.error());
        co_return Done();
    }
    if (only_where_demanded_ && !requirement->demanded()) co_return Done();
    std::vector<Candidate> candidates = candidates_of(exchanger);
    while (!candidates.empty() && may_go_on())
        co_await connect(exchanger, *requirement, candidates);
    co_return Done();
}

// The contract's way out for servers whose TLS is broken: after all others, once, in clear.
Task<Done> Delivery::try_again_in_clear() {
    tls::Requirement clear;
    clear.kind = tls::Requirement::Kind::none;
    if (only_where_demanded_) co_return Done();
    const std::vector<Exchanger> again = std::move(clear_again_);
    for (const Exchanger& exchanger : again) {
        std::vector<Candidate> candidates = candidates_of(exchanger);
        if (!candidates.empty() && may_go_on()) co_await connect(exchanger, clear, candidates);
    }
    co_return Done();
}

Result<tls::Requirement> Delivery::requirement_of(const Exchanger& exchanger) const {
    Result<tls::Requirement> requirement = tls::Requirement();
    if (exchanger.name) requirement = world_.rules.requirement(*exchanger.name);
    if (requirement && exchanger.endpoints.front().port == implicit_tls_port)
        requirement->implicit = true;
    return requirement;
}

// Hosts that were silent lately are left out and told of.
std::vector<Candidate> Delivery::candidates_of(const Exchanger& exchanger) {
    std::vector<Candidate> candidates;
    for (const Endpoint& endpoint : exchanger.endpoints) {
        if (candidates.size() == most_connections) break;
        const Backoff::Finding silence = world_.backoff.look_up(endpoint.address);
        if (silence.skip)
            note_unconnected(Peer{name_of(exchanger), endpoint},
                             "not tried, it timed out lately (see qmail-tcpto)");
        else
            candidates.push_back(Candidate{endpoint, silence});
    }
    return candidates;
}

// Connects to the first candidate, with the first of the other family close behind (RFC 8305), and
// talks to the one that answers. Candidates that were tried leave the list.
Task<Done> Delivery::connect(const Exchanger& exchanger, const tls::Requirement& requirement,
                             std::vector<Candidate>& candidates) {
    std::vector<Candidate> racing(1, candidates.front());
    const auto rival = std::ranges::find_if(candidates, [&](const Candidate& candidate) {
        return candidate.endpoint.address.family() != racing[0].endpoint.address.family();
    });
    if (rival != candidates.end() && connections_ + 1 < most_connections) racing.push_back(*rival);
    std::vector<Target> targets;
    targets.reserve(racing.size());
    for (const Candidate& candidate : racing) targets.push_back(Target{candidate.endpoint});

    const Deadline latest = until_.value_or(world_.clock.now() + 2 * settings_.timeout_connect +
                                            std::chrono::seconds(1));
    DialResult dialled = co_await world_.dialer.dial(targets, settings_.timeout_connect, latest);
    for (std::size_t i = 0; i < racing.size(); ++i) {
        const Connected outcome = dialled.each[i].outcome;
        if (outcome == Connected::not_tried) continue;
        ++connections_;
        const Endpoint& endpoint = racing[i].endpoint;
        std::erase_if(candidates, [&](const Candidate& c) { return c.endpoint == endpoint; });
        if (outcome == Connected::timed_out) world_.backoff.note_timeout(endpoint.address);
        else if (outcome != Connected::resources && racing[i].silence.listed)
            world_.backoff.note_answer(endpoint.address);
        if (outcome == Connected::resources && !dialled.stream) {
            const Failure failure(Stage::connect, Cause::resources, dialled.each[i].why);
            settled_ = before_any_server(failure);
        } else if (outcome != Connected::yes) {
            note_unconnected(Peer{name_of(exchanger), endpoint}, dialled.each[i].why);
        }
    }
    if (!dialled.stream || settled_) {
        // Nothing was even tried: the time for further attempts is over.
        const auto untried = [](const auto& each) { return each.outcome == Connected::not_tried; };
        if (std::ranges::all_of(dialled.each, untried)) candidates.clear();
        co_return Done();
    }
    ++sessions_;
    Peer peer;
    peer.name = name_of(exchanger);
    peer.endpoint = racing[dialled.winner].endpoint;
    co_return co_await attempt(std::move(dialled.stream), std::move(peer), requirement);
}

// One session with one server.
Task<Done> Delivery::attempt(std::unique_ptr<Stream> connection, Peer peer,
                             tls::Requirement requirement) {
    const Time begun = world_.clock.now();
    session::Terms terms;
    terms.hello_name = settings_.hello_name;
    terms.server_name = peer.name;
    terms.requirement = requirement;
    terms.tls_settings = settings_.tls;
    terms.timeout_remote = settings_.timeout_remote;
    terms.chunking = chunking_;
    terms.handshake_until = until_;
    const auto session = std::make_unique<session::Session>(world_.clock, std::move(connection),
                                                            std::move(terms));
    session::Progress progress;
    Result<Done> outcome = co_await session->open().outcome();
    if (outcome) {
        try {
            outcome =
                co_await session->transact(addressing_.wire, world_.message, progress).outcome();
        } catch (...) {
            end_of_data_written_ = progress.end_of_data_written;
            throw;
        }
        end_of_data_written_ = progress.end_of_data_written;
    }
    co_await session->quit().outcome();
    if (outcome) {
        Report report;
        report.recipients = recipient_reports(progress.recipients, peer);
        report.letter = Letter::accepted;
        report.text = accepted_text(*progress.accepted, peer);
        settled_ = std::move(report);
        co_return Done();
    }
    const Verdict verdict = judge(outcome.error(), progress.end_of_data_written, requirement);
    if (verdict.next == Next::another_demanding) only_where_demanded_ = true;
    if (verdict.retry_in_clear) {
        if (!until_) until_ = begun + settings_.timeout_connect + settings_.timeout_remote;
        Exchanger again;
        again.name = peer.name.empty() ? std::nullopt : dns::Domain::parse(peer.name);
        again.endpoints.push_back(peer.endpoint);
        clear_again_.push_back(std::move(again));
    }
    Attempt failed{std::move(outcome.error()), std::move(peer), requirement,
                   std::move(progress), session->certificate_trouble()};
    const bool by_data = verdict.next == Next::same_without_chunking;
    const bool to_nobody_else = failed.progress.end_of_data_written;
    // A pipe of which bytes were consumed cannot be sent again.
    if (verdict.next == Next::settle || !world_.message.rewind()) settled_ = report_of(failed);
    const Peer same = failed.peer;
    note_failure(std::move(failed));
    if (by_data && may_go_on()) co_await repeat_by_data(same, requirement);
    // Contract, Lost or doubled: the last chunk was written.
    if (to_nobody_else && !settled_) settled_ = report_of(*furthest_);
    co_return Done();
}

// A server that offers CHUNKING and does not know BDAT gets DATA, once, on a fresh connection.
Task<Done> Delivery::repeat_by_data(Peer peer, tls::Requirement requirement) {
    end_of_data_written_ = false;
    chunking_ = false;
    Exchanger again;
    again.name = peer.name.empty() ? std::nullopt : dns::Domain::parse(peer.name);
    again.endpoints.push_back(peer.endpoint);
    std::vector<Candidate> candidates = candidates_of(again);
    if (!candidates.empty()) co_await connect(again, requirement, candidates);
    chunking_ = true;
    co_return Done();
}

// Contract, Reports: the attempt that got furthest is reported, among equals the last.
void Delivery::note_failure(Attempt failed) {
    if (!furthest_ || failed.failure.stage >= furthest_->failure.stage)
        furthest_ = std::move(failed);
}

void Delivery::note_unconnected(const Peer& peer, std::string_view why) {
    unconnected_ += text(peer.to_string(), ": ", why, "\n");
}

bool Delivery::may_go_on() const {
    return !settled_ && sessions_ < most_sessions && connections_ < most_connections &&
           (!until_ || world_.clock.now() < *until_);
}

Report Delivery::final_report(const Exchangers& exchangers) const {
    if (settled_) return *settled_;
    if (furthest_) return report_of(*furthest_);
    if (!unconnected_.empty())
        return before_any_server(Failure(Stage::connect, Cause::refused, unconnected_));
    return before_any_server(exchangers.none_left());
}

Report Delivery::report_of(const Attempt& attempt) const {
    const std::vector<session::RecipientAnswer>& answers = attempt.progress.recipients;
    // Whoever read the refusal of every recipient knows that nobody got the message.
    const bool nobody_has_it =
        answers.size() == addressing_.wire.recipients.size() &&
        std::ranges::none_of(answers, &session::RecipientAnswer::accepted);
    const bool duplicate = attempt.progress.end_of_data_written && !nobody_has_it;
    Report report;
    report.recipients = recipient_reports(attempt.progress.recipients, attempt.peer);
    report.letter = judge(attempt.failure, duplicate, attempt.requirement).letter;
    report.text = failure_text(attempt.failure, attempt.peer, duplicate, attempt.requirement);
    if (!attempt.certificate_trouble.empty())
        report.text += text("The session went without our client certificate: ",
                            attempt.certificate_trouble, "\n");
    return report;
}

Report Delivery::before_any_server(const Failure& failure) const {
    Report report;
    report.recipients = recipient_reports({}, Peer());
    report.letter = judge(failure, false, tls::Requirement()).letter;
    report.text = failure_text(failure);
    return report;
}

// In argument order, as far as each recipient's own outcome is known.
std::vector<RecipientReport> Delivery::recipient_reports(
    const std::vector<session::RecipientAnswer>& answers, const Peer& peer) const {
    std::vector<RecipientReport> reports;
    std::size_t next = 0;
    for (const std::optional<std::string>& fault : addressing_.faults) {
        if (fault) {
            reports.push_back({'h', text("This address cannot be sent: ", *fault, ". (#5.1.3)\n")});
            continue;
        }
        if (next == answers.size()) break;
        reports.push_back(recipient_report(answers[next++], peer));
    }
    return reports;
}

}  // namespace

Task<Report> deliver(World& world, const Settings& settings, const Arguments& arguments,
                     bool& end_of_data_written) {
    const Result<Addressing> read = read_envelope(arguments.sender, arguments.recipients);
    const Addressing addressing = read ? *read : Addressing();
    Delivery delivery(world, settings, addressing, end_of_data_written);
    if (!read) co_return delivery.before_any_server(read.error());
    if (addressing.wire.recipients.empty()) {
        const Failure none(Stage::start, Cause::bad_recipients, *addressing.faults.back());
        co_return delivery.before_any_server(none);
    }
    const Result<NextHop> hop = next_hop(settings.smtproutes, arguments.host);
    if (!hop) co_return delivery.before_any_server(hop.error());
    co_return co_await delivery.run(*hop, arguments.host);
}

}  // namespace tern::delivery
