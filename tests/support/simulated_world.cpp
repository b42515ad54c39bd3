// The simulated world of a delivery; see simulated_world.hpp.
#include "support/simulated_world.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/text.hpp"

namespace tern::test {
namespace {


constexpr std::size_t most_events = 3'000'000;  // a run that needs more never ends

IpAddress address_of(std::string_view words) {
    const std::optional<IpAddress> address = IpAddress::parse(words);
    if (!address) throw std::invalid_argument(text("no IP address: ", words));
    return *address;
}

template <class Record>
const dns::Answer<Record>* find(const std::map<std::string, dns::Answer<Record>>& records,
                                const std::string& name) {
    const auto found = records.find(name);
    return found == records.end() ? nullptr : &found->second;
}

}  // namespace

Task<bool> SimulatedResolver::answers_in_time(std::string name, Deadline deadline) {
    asked = true;
    constexpr Duration longest = std::chrono::seconds(30);
    if (deadline - simulation_.now() > longest)
        simulation_.complain(text("a look-up of ", name, " may take longer than 30 seconds"));
    const Duration delay = unanswered.contains(name) ? deadline - simulation_.now()
                                                     : simulation_.random().up_to(longest_delay);
    co_await simulation_.sleep(delay);
    co_return !unanswered.contains(name);
}

dns::Outcome SimulatedResolver::without_records(const std::string& name) const {
    const bool exists = mx_records.contains(name) || ipv4_records.contains(name) ||
                        ipv6_records.contains(name);
    return exists ? dns::Outcome::no_data : dns::Outcome::no_such_name;
}

Task<dns::Answer<dns::Mx>> SimulatedResolver::mx(const dns::Domain& domain, Deadline deadline) {
    const std::string& name = domain.ascii();
    dns::Answer<dns::Mx> answer;
    answer.detail = "no name server answered";
    const bool in_time = co_await answers_in_time(name, deadline);
    if (in_time) {
        if (const auto* known = find(mx_records, name)) answer = *known;
        else answer.outcome = without_records(name);
    }
    co_return answer;
}

dns::Answer<IpAddress> SimulatedResolver::known(const std::string& name, Family family) const {
    if (const auto* here = find(family == Family::ipv4 ? ipv4_records : ipv6_records, name))
        return *here;
    dns::Answer<IpAddress> none;
    none.outcome = without_records(name);
    return none;
}

Duration SimulatedResolver::delay_of(const std::string& name, Family family) const {
    const auto& delays = family == Family::ipv4 ? ipv4_delays : ipv6_delays;
    const auto found = delays.find(name);
    return found == delays.end() ? Duration() : found->second;
}

// RFC 8305 3, as the real resolver does it: each answer's time is known beforehand here.
Task<dns::Addresses> SimulatedResolver::addresses(const dns::Domain& host, Deadline deadline) {
    constexpr Duration other_family = std::chrono::milliseconds(50);
    const std::string& name = host.ascii();
    addresses_asked.push_back(name);
    dns::Addresses found;
    found.ipv4.detail = found.ipv6.detail = "no name server answered";
    const bool in_time = co_await answers_in_time(name, deadline);
    if (!in_time) co_return found;
    const Duration left = deadline - simulation_.now();
    dns::Answer<IpAddress>* const answers[] = {&found.ipv4, &found.ipv6};
    constexpr Family families[] = {Family::ipv4, Family::ipv6};
    Duration until{};
    Duration enough = Duration::max();
    for (int i = 0; i < 2; ++i) {
        const Duration delay = delay_of(name, families[i]);
        if (known(name, families[i]).outcome == dns::Outcome::found && delay < left)
            enough = std::min(enough, delay + other_family);
        until = std::max(until, std::min(delay, left));
    }
    until = std::min(until, enough);
    for (int i = 0; i < 2; ++i) {
        if (delay_of(name, families[i]) <= until) *answers[i] = known(name, families[i]);
        else answers[i]->late = until == enough;
    }
    if (until > Duration()) co_await simulation_.sleep(until);
    co_return found;
}

Task<dns::Answer<IpAddress>> SimulatedResolver::addresses_of(const dns::Domain& host,
                                                             Family family, Deadline deadline) {
    const std::string& name = host.ascii();
    addresses_asked.push_back(text(name, family == Family::ipv4 ? " A" : " AAAA"));
    dns::Answer<IpAddress> answer;
    answer.detail = "no name server answered";
    const bool in_time = co_await answers_in_time(name, deadline);
    if (!in_time) co_return answer;
    const Duration left = deadline - simulation_.now();
    const Duration delay = delay_of(name, family);
    if (delay <= left) answer = known(name, family);
    const Duration takes = std::min(delay, left);
    if (takes > Duration()) co_await simulation_.sleep(takes);
    co_return answer;
}

// The rule of Dialer::dial: each attempt's end is known beforehand here, so the race is a sum.
Task<DialResult> SimulatedDialer::dial(std::span<const Target> targets, Duration patience,
                                       Deadline deadline) {
    constexpr Duration head_start = std::chrono::milliseconds(250);
    Simulation& simulation = environment_.simulation;
    ++environment_.dials;
    const Time begun = simulation.now();
    if (targets.empty() || targets.size() > 2)
        simulation.complain("the dialer is given neither one nor two endpoints");
    DialResult result;
    result.each.resize(targets.size());
    std::vector<Time> ends(targets.size(), Time::max());
    Time start = begun;
    std::optional<Time> connected;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (start >= deadline || (connected && *connected <= start)) break;
        DialResult::Each& each = result.each[i];
        environment_.dialled.push_back({environment_.dials - 1, targets[i]});
        if (!environment_.hosts.contains(targets[i].endpoint))
            environment_.strangers.push_back(targets[i].endpoint);
        each = outcome_at(targets[i].endpoint);
        const std::optional<IpAddress>& source = targets[i].source;
        if (source && source->family() != targets[i].endpoint.address.family())
            simulation.complain("a source of the other family");
        if (source && !environment_.local_addresses.ours.contains(*source)) {
            each.outcome = Connected::wrong_source;
            each.why = text(source->to_string(), " is not an address of this host");
        }
        const bool at_once = each.outcome == Connected::resources ||
                             each.outcome == Connected::wrong_source;
        Duration takes = each.outcome == Connected::timed_out ? Duration::max()
                         : at_once                            ? Duration()
                                                              : delay_of(targets[i].endpoint);
        if (takes > patience) {
            takes = patience;
            each.outcome = Connected::timed_out;
            each.why = "connection timed out";
        }
        if (takes > deadline - start) {
            takes = deadline - start;
            each.outcome = Connected::not_tried;
            each.why = "the time for further attempts was over";
        }
        ends[i] = start + takes;
        simulation.note(text("dials [", targets[i].endpoint.address.to_string(),
                             "]:", targets[i].endpoint.port, each.why.empty() ? "" : ": ",
                             each.why));
        if (each.outcome == Connected::yes && (!connected || ends[i] < *connected)) {
            connected = ends[i];
            result.winner = i;
        }
        start = std::min(start + head_start, ends[i]);
    }
    // Whoever would have ended after the winner has not ended.
    Time over = connected.value_or(begun);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (ends[i] == Time::max() || (connected && i == result.winner)) continue;
        if (!connected) over = std::max(over, ends[i]);
        else if (ends[i] >= *connected) result.each[i] = DialResult::Each();
    }
    co_await simulation.sleep(over - begun);
    if (connected) result.local = environment_.local_end(targets[result.winner]);
    if (connected) result.stream = environment_.connect(targets[result.winner].endpoint);
    co_return result;
}

DialResult::Each SimulatedDialer::outcome_at(const Endpoint& endpoint) const {
    if (endpoint.address.is_never_dialled())
        environment_.simulation.complain(text("dials ", endpoint.address.to_string()));
    DialResult::Each each;
    const auto found = environment_.hosts.find(endpoint);
    const Host nobody;
    const Host& host = found == environment_.hosts.end() ? nobody : found->second;
    if (host.manner == Host::Manner::answers && host.used < host.scripts.size()) {
        each.outcome = Connected::yes;
    } else if (host.manner == Host::Manner::silent) {
        each.outcome = Connected::timed_out;
        each.why = "connection timed out";
    } else if (host.manner == Host::Manner::no_descriptors) {
        each.outcome = Connected::resources;
        each.why = "too many open files";
    } else {
        each.outcome = Connected::refused;
        each.why = "connection refused";
    }
    return each;
}

Duration SimulatedDialer::delay_of(const Endpoint& endpoint) const {
    const auto found = environment_.hosts.find(endpoint);
    return found == environment_.hosts.end() ? Host().delay : found->second.delay;
}

Result<bool> SimulatedAddresses::is_ourselves(const IpAddress& address) {
    if (unknown) return fail(Stage::routing, Cause::resources, "the interfaces cannot be listed");
    return address.is_loopback_or_unspecified() || ours.contains(address);
}

Result<tls::Requirement> SimulatedRules::requirement(const dns::Domain& server) {
    const std::string& name = server.ascii();
    if (unreadable.contains(name))
        return fail(Stage::start, Cause::control_file,
                    text("control/tlshosts/", name, ".pem: permission denied"));
    if (demanded.contains(name))
        return tls::Requirement::verified(trusted_authority_file(), name,
                                          text("control/tlshosts/", name, ".pem"));
    if (exhaustive || excluded.contains(name))
        return tls::Requirement::none(text("control/notlshosts/", name));
    return tls::Requirement::opportunistic();
}

Result<Secret> SimulatedRules::token_file(const std::string& path) {
    const auto found = token_files.find(path);
    if (found != token_files.end()) return Secret(found->second);
    return fail(Stage::start, Cause::control_file, text(path, ": it does not exist"));
}

Task<std::size_t> SimulatedMessage::read_some(std::span<char> into, Deadline deadline) {
    Signal nothing(simulation_);
    const Time ready = simulation_.now() + simulation_.random().up_to(longest_delay);
    co_await nothing.wait(std::min(ready, deadline));
    if (ready > deadline)
        co_return Failure(Stage::body, Cause::message_source, "nobody wrote to the pipe in time");
    if (fails_at && at_ >= *fails_at)
        co_return Failure(Stage::body, Cause::message_source, "Input/output error");
    const std::size_t end = std::min(content.size(), fails_at.value_or(content.size()));
    std::size_t count = std::min(into.size(), end - at_);
    if (count > 1 && simulation_.random().once_in(2))
        count = 1 + simulation_.random().below(static_cast<std::uint32_t>(count));
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    co_return count;
}

bool SimulatedMessage::rewind() {
    if (pipe && at_ > 0) return false;
    at_ = 0;
    return true;
}

SimulatedWorld::SimulatedWorld(std::uint64_t seed)
    : simulation(seed), resolver(simulation), dialer(*this), message(simulation) {
    settings.hello_name = "me.sender.example";
}

Host& SimulatedWorld::add_server(std::string_view address, std::uint16_t port, Script script) {
    Host& added = hosts[Endpoint{address_of(address), port}];
    added.scripts.push_back(std::move(script));
    return added;
}

void SimulatedWorld::add_address(const std::string& name, std::string_view words) {
    const IpAddress address = address_of(words);
    auto& answer = address.family() == Family::ipv4 ? resolver.ipv4_records[name]
                                                    : resolver.ipv6_records[name];
    answer.outcome = dns::Outcome::found;
    answer.records.push_back(address);
}

void SimulatedWorld::add_exchanger(const std::string& domain, std::uint16_t preference,
                                   const std::string& name) {
    dns::Answer<dns::Mx>& answer = resolver.mx_records[domain];
    answer.outcome = dns::Outcome::found;
    answer.records.push_back(dns::Mx{preference, name});
}

namespace {

// A script ends its connection when it ends.
Task<Done> play(Task<Done> script, Peer& peer, std::string& trouble) {
    Result<Done> ended = co_await script.outcome();
    if (!ended) {
        trouble = ended.error().detail;
        peer.simulation().note(text(peer.label(), " ends its script: ", trouble));
    }
    peer.hangs_up();
    co_return Done();
}

}  // namespace

IpAddress SimulatedWorld::local_end(const Target& target) {
    const bool ipv4 = target.endpoint.address.family() == Family::ipv4;
    return target.source.value_or(*IpAddress::parse(ipv4 ? "192.0.2.250" : "2001:db8:2::250"));
}

std::unique_ptr<Stream> SimulatedWorld::connect(const Endpoint& endpoint) {
    Host& at = hosts.at(endpoint);
    WireTemper temper;
    if (at.temper) {
        temper = *at.temper;
    } else {
        constexpr std::size_t windows[] = {65536, 65536, 4096, 1460, 100};
        temper.window = windows[simulation.random().below(5)];
        temper.longest_delay = std::chrono::milliseconds(1 + simulation.random().below(200));
    }
    const auto wire = std::make_shared<Wire>(simulation, temper);
    Connection& made = connections.emplace_back();
    made.endpoint = endpoint;
    made.dial = dials - 1;
    const std::string label = text("#", connections.size());
    simulation.note(text(label, " is [", endpoint.address.to_string(), "]:", endpoint.port));
    made.peer = std::make_unique<Peer>(simulation, wire, label);
    const Script& script = at.scripts[at.used++];
    made.script.emplace(play(script(*made.peer), *made.peer, made.trouble));
    simulation.schedule(simulation.now(), [&made] { made.script->start(); });
    return std::make_unique<CheckedStream>(*this, wire);
}

Outcome SimulatedWorld::deliver() {
    Environment environment{simulation, simulation.random(), resolver,    dialer,
                            timeouts,   local_addresses,     server_files};
    const std::vector<std::string_view> to(recipients.begin(), recipients.end());
    const delivery::DeliveryRequest request{host, sender, to, message, observer};
    Outcome outcome;
    const Time begun = simulation.now();
    {
        Task<delivery::Report> task =
            delivery::deliver(environment, settings, find_route(settings.routes, host, sender),
                              request, outcome.end_of_data_written);
        task.start();
        std::size_t events = 0;
        while (!task.finished() && ++events < most_events && simulation.step()) {}
        if (!task.finished()) {
            simulation.complain(events >= most_events ? "the delivery runs for ever"
                                                      : "nothing is left to run, and the delivery "
                                                        "has not ended");
            simulation.cancel_all_waits();
            while (!task.finished() && simulation.step()) {}
        } else {
            Result<delivery::Report> report = task.take();
            if (report) outcome.report = std::move(*report);
            else simulation.complain(text("the delivery fails: ", report.error().detail));
        }
    }
    outcome.took = simulation.now() - begun;
    if (outcome.report) outcome.rendered = delivery::render(*outcome.report);
    // Servers finish what they have begun to read, and are sent home.
    for (std::size_t events = 0; events < most_events && simulation.step(); ++events) {}
    simulation.cancel_all_waits();
    while (simulation.step()) {}
    for (const Connection& connection : connections)
        if (!connection.script->finished())
            simulation.complain(text("the script of ", connection.peer->label(), " does not end"));
    return outcome;
}

void CheckedStream::check(Deadline deadline) const {
    const routing::Settings& settings = environment_.settings;
    const Duration longest =
        std::max(settings.timeout_remote, 2 * settings.timeout_connect + std::chrono::seconds(1));
    if (deadline - environment_.simulation.now() > longest)
        environment_.simulation.complain("a wait may take longer than its time-out allows");
}

Task<std::size_t> CheckedStream::read_some(std::span<char> into, Deadline deadline) {
    check(deadline);
    return end_.read_some(into, deadline);
}

Task<Done> CheckedStream::write(std::string_view bytes, Deadline deadline) {
    check(deadline);
    return end_.write(bytes, deadline);
}

}  // namespace tern::test
