// From the way out over exchangers and addresses to connections; see deliver.hpp. What happens on a
// connection is attempt.cpp's.
#include "delivery/deliver.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "delivery/delivery.hpp"
#include "delivery/mechanism_order.hpp"
#include "delivery/server_terms.hpp"

namespace tern::delivery {
namespace {

std::string name_of(const Exchanger& exchanger) {
    return exchanger.name ? exchanger.name->ascii() : std::string();
}

// Not the server's: it says nothing of it.
bool is_local_trouble(Connected outcome) {
    return outcome == Connected::resources || outcome == Connected::wrong_source;
}

Exchanger only(const Peer& peer) {
    Exchanger one;
    one.name = peer.name.empty() ? std::nullopt : dns::Domain::parse(peer.name);
    one.endpoints.push_back(peer.endpoint);
    return one;
}

}  // namespace

Delivery::Delivery(World& world, const Settings& settings, const Arguments& arguments,
                   const Addressing& addressing, bool& end_of_data_written)
    : world_(world),
      settings_(settings),
      arguments_(arguments),
      addressing_(addressing),
      end_of_data_written_(end_of_data_written) {}

Task<Report> Delivery::run() {
    Result<Way> way = find_way(settings_.routes, arguments_.host, arguments_.sender);
    if (!way) co_return before_any_server(way.error());
    way_ = std::move(*way);
    const Result<Done> token = read_token();
    if (!token) co_return before_any_server(token.error());
    const Result<Done> mechanisms = read_mechanisms();
    if (!mechanisms) co_return before_any_server(mechanisms.error());
    const Result<std::vector<NextHop>> hops = next_hops(way_, arguments_.host);
    if (!hops) co_return before_any_server(hops.error());
    for (const NextHop& hop : *hops)
        if (may_go_on()) co_await try_hop(hop);
    co_await try_again_in_clear();
    Report report = final_report();
    keep_secrets(report);
    co_return report;
}

Result<Done> Delivery::read_token() {
    if (!way_.credentials || way_.credentials->token_file.empty()) return Done();
    return world_.rules.token_file(way_.credentials->token_file).map([this](const Secret& content) {
        way_.credentials->secret = sasl::token_in(content.reveal());
        return Done();
    });
}

// Only mail that logs in needs them.
Result<Done> Delivery::read_mechanisms() {
    if (!way_.credentials) return Done();
    return read_mechanism_order(settings_.authmechanisms)
        .map([this](std::vector<sasl::Mechanism>&& order) {
            mechanisms_ = std::move(order);
            return Done();
        });
}

Task<Done> Delivery::try_hop(NextHop hop) {
    Exchangers exchangers(
        world_, settings_.timeout_dns,
        find_families(settings_.sources, way_, arguments_.sender, settings_.families));
    unfound_.reset();
    const Result<Done> found = co_await exchangers.find(std::move(hop)).outcome();
    if (!found) unfound_ = found.error();
    while (found && may_go_on()) {
        const Result<std::vector<Exchanger>> group = co_await exchangers.next_group().outcome();
        if (!group) settled_ = before_any_server(group.error());
        else if (group->empty()) unfound_ = exchangers.none_left();
        if (!group || group->empty()) break;
        for (const Exchanger& exchanger : *group)
            if (may_go_on()) co_await try_exchanger(exchanger);
    }
    if (!unfound_) co_return Done();
    // The report tells of a host that does not exist as it was given.
    if (unfound_->cause == Cause::no_such_host) unfound_->detail = arguments_.host;
    if (unfound_->cause == Cause::no_relay)
        unfound_->detail = text(unfound_->detail, " (", way_.origin.to_string(), ")");
    co_return Done();
}

Task<Done> Delivery::try_exchanger(const Exchanger& exchanger) {
    const Result<tls::Requirement> requirement = requirement_for(world_.rules, way_, exchanger);
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

// A fresh connection to a server that was reached before.
Task<Done> Delivery::connect_again(const Peer& peer, const tls::Requirement& requirement) {
    const Exchanger same = only(peer);
    std::vector<Candidate> candidates = candidates_of(same);
    if (!candidates.empty()) co_await connect(same, requirement, candidates);
    co_return Done();
}

// Hosts that were silent lately are left out and told of.
std::vector<Delivery::Candidate> Delivery::candidates_of(const Exchanger& exchanger) {
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

const Result<Source>& Delivery::source_of(Family family) {
    std::optional<Result<Source>>& source = sources_[family == Family::ipv6 ? 1 : 0];
    if (!source) source = find_source(settings_.sources, way_, arguments_.sender, family);
    return *source;
}

Result<std::vector<Target>> Delivery::targets_of(const std::vector<Candidate>& racing) {
    std::vector<Target> targets;
    for (const Candidate& candidate : racing) {
        const Result<Source>& source = source_of(candidate.endpoint.address.family());
        if (!source) return tl::unexpected<Failure>(source.error());
        targets.push_back(Target{candidate.endpoint, source->address});
    }
    return targets;
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
    const Result<std::vector<Target>> targets = targets_of(racing);
    if (!targets) {
        settled_ = before_any_server(targets.error());
        co_return Done();
    }
    if (way_.protocol == Protocol::qmtp) co_await measure_for_qmtp();
    if (settled_) co_return Done();
    const Deadline latest = until_.value_or(world_.clock.now() + 2 * settings_.timeout_connect +
                                            std::chrono::seconds(1));
    DialResult dialled = co_await world_.dialer.dial(*targets, settings_.timeout_connect, latest);
    note_dialled(exchanger, racing, dialled, candidates);
    if (!dialled.stream || settled_) co_return Done();
    Peer peer;
    peer.name = name_of(exchanger);
    peer.endpoint = racing[dialled.winner].endpoint;
    ++sessions_;
    if (way_.protocol == Protocol::qmtp)
        co_return co_await attempt_by_qmtp(std::move(dialled.stream), std::move(peer));
    // Both were asked for before the dial.
    const Result<Source>& source = source_of(peer.endpoint.address.family());
    Result<std::string> hello = hello_name_for(settings_, *source, dialled.local);
    if (!hello) {
        settled_ = before_any_server(hello.error());
        co_return Done();
    }
    hello_name_ = std::move(*hello);
    co_return co_await attempt(std::move(dialled.stream), std::move(peer), requirement);
}

void Delivery::note_dialled(const Exchanger& exchanger, const std::vector<Candidate>& racing,
                            const DialResult& dialled, std::vector<Candidate>& candidates) {
    for (std::size_t i = 0; i < racing.size(); ++i) {
        const DialResult::Each& each = dialled.each[i];
        if (each.outcome == Connected::not_tried) continue;
        ++connections_;
        const Endpoint& endpoint = racing[i].endpoint;
        std::erase_if(candidates, [&](const Candidate& c) { return c.endpoint == endpoint; });
        if (each.outcome == Connected::timed_out) world_.backoff.note_timeout(endpoint.address);
        else if (!is_local_trouble(each.outcome) && racing[i].silence.listed)
            world_.backoff.note_answer(endpoint.address);
        if (each.outcome == Connected::resources && !dialled.stream) {
            settled_ = before_any_server(Failure(Stage::connect, Cause::resources, each.why));
        } else if (each.outcome == Connected::wrong_source && !dialled.stream) {
            const Origin& origin = source_of(endpoint.address.family())->origin;
            settled_ = before_any_server(Failure(Stage::connect, Cause::control_file,
                                                 text(origin.to_string(), ": ", each.why)));
        } else if (each.outcome != Connected::yes) {
            note_unconnected(Peer{name_of(exchanger), endpoint}, each.why);
        }
    }
    // Nothing was even tried: the time for further attempts is over.
    const auto untried = [](const auto& each) { return each.outcome == Connected::not_tried; };
    if (std::ranges::all_of(dialled.each, untried)) candidates.clear();
}

void Delivery::note_unconnected(const Peer& peer, std::string_view why) {
    unconnected_ += text(peer.to_string(), ": ", why, "\n");
}

bool Delivery::may_go_on() const {
    return !settled_ && sessions_ < most_sessions && connections_ < most_connections &&
           (!until_ || world_.clock.now() < *until_);
}

Report Delivery::final_report() const {
    if (settled_) return *settled_;
    if (furthest_) return report_of(*furthest_);
    if (!unconnected_.empty())
        return before_any_server(Failure(Stage::connect, Cause::refused, unconnected_));
    if (unfound_) return before_any_server(*unfound_);
    return before_any_server(Failure(Stage::connect, Cause::refused, "no server was tried\n"));
}

Report Delivery::before_any_server(const Failure& failure) const {
    Report report;
    report.recipients = recipient_reports({});
    report.letter = judge(failure, false, tls::Requirement()).letter;
    report.text = failure_text(failure, way_.protocol);
    return report;
}

// In argument order, as far as each recipient's own outcome is known.
std::vector<RecipientReport> Delivery::recipient_reports(
    const std::vector<std::optional<RecipientReport>>& letters) const {
    std::vector<RecipientReport> reports;
    std::size_t next = 0;
    for (const std::optional<std::string>& fault : addressing_.faults) {
        if (fault) {
            reports.push_back({'h', text("This address cannot be sent: ", *fault, ". (#5.1.3)\n")});
            continue;
        }
        if (next == letters.size() || !letters[next]) break;
        reports.push_back(*letters[next++]);
    }
    return reports;
}

Task<Report> deliver(World& world, const Settings& settings, const Arguments& arguments,
                     bool& end_of_data_written) {
    Result<Addressing> read = read_envelope(arguments.sender, arguments.recipients);
    const Addressing addressing = read ? std::move(*read) : Addressing();
    Delivery delivery(world, settings, arguments, addressing, end_of_data_written);
    if (!read) co_return delivery.before_any_server(read.error());
    if (addressing.wire.recipients.empty()) {
        const Failure none(Stage::start, Cause::bad_recipients, *addressing.faults.back());
        co_return delivery.before_any_server(none);
    }
    co_return co_await delivery.run();
}

}  // namespace tern::delivery
