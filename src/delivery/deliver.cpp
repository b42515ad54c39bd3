// The loop of a delivery, from the next hops to its report; see deliver.hpp. What is tried next
// is itinerary.hpp's to say, what happens on a connection attempt.cpp's.
#include "delivery/deliver.hpp"

#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "delivery/delivery.hpp"
#include "routing/mechanism_order.hpp"
#include "delivery/redact.hpp"
#include "delivery/server_requirement.hpp"

namespace tern::delivery {

Delivery::Delivery(Environment& environment, const routing::Settings& settings,
                   const DeliveryRequest& request, const Addressing& addressing,
                   bool& end_of_data_written)
    : environment_(environment),
      settings_(settings),
      request_(request),
      addressing_(addressing),
      end_of_data_written_(end_of_data_written),
      itinerary_(settings.timeout_connect + settings.timeout_remote),
      rounds_(addressing.wire) {}

Task<Report> Delivery::run(routing::Route route) {
    route_ = std::move(route);
    const Result<Done> read = read_credentials();
    if (!read) co_return before_any_server(read.error());
    const Result<std::vector<routing::NextHop>> hops = routing::next_hops(route_, request_.host);
    if (!hops) co_return before_any_server(hops.error());
    for (const routing::NextHop& hop : *hops) {
        if (itinerary_.wants_servers(environment_.clock.now())) co_await try_hop(hop);
        else unasked_ = true;
    }
    itinerary_.no_more_servers();
    co_await proceed();
    if (split_ && !settled_) settle_split();
    Report report = final_report();
    if (!said_.empty()) {
        redact(report, said_);
        redact(report, std::span(&credentials_->secret, 1));
    }
    co_return report;
}

// Only mail that logs in needs them and the order of mechanisms.
Result<Done> Delivery::read_credentials() {
    if (!route_.credentials) return Done();
    sasl::Credentials& named = *route_.credentials;
    if (!named.token_file.empty()) {
        const Result<Secret> content = environment_.server_files.token_file(named.token_file);
        if (!content) return tl::unexpected<Failure>(content.error());
        named.secret = sasl::token_in(content->reveal());
    }
    credentials_ = std::make_shared<const sasl::Credentials>(std::move(named));
    return routing::read_mechanism_order(settings_.authmechanisms)
        .map([this](std::vector<sasl::Mechanism>&& order) {
            mechanisms_ = std::move(order);
            return Done();
        });
}

Task<Done> Delivery::try_hop(routing::NextHop hop) {
    Exchangers exchangers(
        environment_, settings_.timeout_dns,
        routing::find_families(settings_.sources, route_, request_.sender, settings_.families));
    unfound_.reset();
    const Result<Done> found = co_await exchangers.find(std::move(hop)).outcome();
    // docs/reading.md: who is cancelled does not go on with the next hop.
    if (!found && found.error().cause == Cause::cancelled) settle_for_trouble(found.error());
    else if (!found) unfound_ = found.error();
    while (found && itinerary_.wants_servers(environment_.clock.now())) {
        const Result<std::vector<Exchanger>> group = co_await exchangers.next_group().outcome();
        if (!group) settle_for_trouble(group.error());
        else if (group->empty()) unfound_ = exchangers.none_left();
        if (!group || group->empty()) break;
        for (const Exchanger& exchanger : *group) {
            reached_ = false;
            co_await add_server(exchanger);
            co_await proceed();
            if (reached_ && exchanger.name) exchangers.note_reached(*exchanger.name);
        }
    }
    unasked_ = unasked_ || exchangers.anyone_unasked();
    if (!unfound_) co_return Done();
    // The report names a host that does not exist as it was given.
    if (unfound_->cause == Cause::no_such_host) unfound_->detail = request_.host;
    if (unfound_->cause == Cause::no_relay)
        unfound_->detail = concat(unfound_->detail, " (", route_.origin.to_string(), ")");
    co_return Done();
}

Task<Done> Delivery::add_server(const Exchanger& exchanger) {
    if (!itinerary_.wants_servers(environment_.clock.now())) {
        unasked_ = true;
        co_return Done();
    }
    Result<tls::Requirement> requirement =
        requirement_for(environment_.server_files, route_, exchanger);
    if (!requirement) {
        settle_for_trouble(requirement.error());
        co_return Done();
    }
    std::vector<Endpoint> endpoints = co_await not_silent(exchanger);
    itinerary_.add(exchanger.name ? exchanger.name->ascii() : std::string(), std::move(endpoints),
                   std::move(*requirement));
    co_return Done();
}

// Makes every connection that is due now.
Task<Done> Delivery::proceed() {
    while (std::optional<Step> step = itinerary_.next(environment_.clock.now()))
        co_await take(*step);
    co_return Done();
}

Task<Done> Delivery::take(const Step& step) {
    // Who waits for a server that cannot be called again waits in vain.
    if (split_ && step.manner != Manner::further) begin_at_another_server();
    Result<Connection> connection = co_await connect(step).outcome();
    if (!connection) {
        settle_for_trouble(connection.error());
    } else if (!connection->stream) {
        if (split_) go_on_without_connection(step);
    } else if (route_.protocol == routing::Protocol::qmtp) {
        Outcome outcome = co_await attempt_by_qmtp(std::move(*connection));
        consider(std::move(outcome), step);
    } else {
        Outcome outcome = co_await attempt(std::move(*connection), step);
        consider(std::move(outcome), step);
    }
    co_return Done();
}

// Whether another server, or this one in another manner, may get the mail.
void Delivery::consider(Outcome outcome, const Step& step) {
    if (request_.observer != nullptr) request_.observer->ended(outcome);
    if (settled_) return;
    if (split_) return consider_split(outcome, step);
    if (!outcome.failure)
        return settle(Report{recipient_reports(outcome.letters), Letter::accepted,
                             std::move(outcome.accepted)});
    const Verdict verdict = judge(*outcome.failure, outcome.circumstances);
    itinerary_.note_failed(step, outcome.peer.endpoint, verdict, outcome.failure->reason(),
                           environment_.clock.now());
    // A pipe of which bytes were consumed cannot be sent again.
    if (verdict.next == Next::settle || !request_.message.rewind())
        return settle(report_of(outcome));
    if (verdict.next == Next::same_without_chunking) {
        // contract.md#lost-or-doubled: when the last chunk was written no other server is tried.
        if (end_of_data_written_) itinerary_.only_what_is_owed();
        end_of_data_written_ = false;
    }
    note_failure(std::move(outcome));
}

// contract.md#reports: the attempt that got furthest is reported, among equals the last.
void Delivery::note_failure(Outcome failed) {
    std::optional<Outcome>& furthest =
        failed.letter() == Letter::rejected ? conditional_ : furthest_;
    // The last word of a server counts: it may have failed temporarily before that, with the TLS or
    // the BDAT that it is no longer asked for.
    std::erase(failed_for_now_, failed.peer.endpoint);
    if (&furthest == &furthest_) failed_for_now_.push_back(failed.peer.endpoint);
    if (!furthest || failed.failure->stage >= furthest->failure->stage)
        furthest = std::move(failed);
}

void Delivery::settle(Report report) {
    settled_ = std::move(report);
    itinerary_.settle();
}

// Trouble of our own, which ends the delivery.
void Delivery::settle_for_trouble(const Failure& trouble) {
    if (split_) settle_split_for_trouble(trouble);
    else settle(before_any_server(trouble));
}

// A server that was not asked, or failed temporarily, may take what others cannot.
bool Delivery::others_may_take_it() const {
    return !failed_for_now_.empty() || anyone_is_untried();
}

bool Delivery::anyone_is_untried() const {
    return !unconnected_.empty() || unasked_ || itinerary_.left_untried() ||
           (unfound_ && letter_before_any_server(*unfound_) == Letter::deferred);
}

Report Delivery::final_report() const {
    if (settled_) return *settled_;
    if (conditional_ && !others_may_take_it()) return report_of(*conditional_);
    Report report;
    if (furthest_) report = report_of(*furthest_);
    else if (!unconnected_.empty())
        report = before_any_server(Failure(Stage::connect, Cause::refused, unconnected_));
    else if (conditional_)
        report = before_any_server(
            Failure(Stage::connect, Cause::refused, "not every server could be asked\n"));
    else if (unfound_) return before_any_server(*unfound_);
    else return before_any_server(Failure(Stage::connect, Cause::refused, "no server was tried\n"));
    if (conditional_) report.text += conditional_->words();
    return report;
}

Report Delivery::before_any_server(const Failure& failure) const {
    return Report{recipient_reports({}), letter_before_any_server(failure),
                  failure_text(failure, route_.protocol)};
}

Report Delivery::report_of(const Outcome& outcome) const {
    return Report{recipient_reports(outcome.letters), outcome.letter(), outcome.words()};
}

// In argument order, as far as each recipient's own outcome is known.
std::vector<RecipientReport> Delivery::recipient_reports(
    const std::vector<std::optional<RecipientReport>>& letters) const {
    std::vector<RecipientReport> reports;
    std::size_t next = 0;
    for (const std::optional<std::string>& fault : addressing_.faults) {
        if (fault) {
            reports.push_back(
                {'h', concat("This address cannot be sent: ", *fault, ". (#5.1.3)\n")});
            continue;
        }
        if (next == letters.size() || !letters[next]) break;
        reports.push_back(*letters[next++]);
    }
    return reports;
}

Task<Report> deliver(Environment& environment, const routing::Settings& settings,
                     Result<routing::Route> route, const DeliveryRequest& request,
                     bool& end_of_data_written) {
    Result<Addressing> read = read_envelope(request.sender, request.recipients);
    const Addressing addressing = read ? std::move(*read) : Addressing();
    Delivery delivery(environment, settings, request, addressing, end_of_data_written);
    if (!read) co_return delivery.before_any_server(read.error());
    if (addressing.wire.recipients.empty()) {
        const Failure none(Stage::start, Cause::bad_recipients, *addressing.faults.back());
        co_return delivery.before_any_server(none);
    }
    if (!route) co_return delivery.before_any_server(route.error());
    co_return co_await delivery.run(std::move(*route));
}

}  // namespace tern::delivery
