// The environment of a simulated delivery; see simulated_environment.hpp.
#include "support/simulated_environment.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "base/text.hpp"

namespace tern::test {
namespace {

constexpr std::size_t most_events = 3'000'000;  // a run that needs more never ends

IpAddress address_of(std::string_view words) {
    const std::optional<IpAddress> address = IpAddress::parse(words);
    if (!address) throw std::invalid_argument(concat("no IP address: ", words));
    return *address;
}

// A script ends its connection when it ends.
Task<Done> play(Task<Done> script, Peer& peer, std::string& trouble) {
    Result<Done> ended = co_await script.outcome();
    if (!ended) {
        trouble = ended.error().detail;
        peer.simulation().note(concat(peer.label(), " ends its script: ", trouble));
    }
    peer.hangs_up();
    co_return Done();
}

}  // namespace

void CountedDialer::check(std::span<const Target> targets) {
    Simulation& simulation = environment_.simulation;
    if (targets.empty() || targets.size() > 2)
        simulation.complain("the dialer is given neither one nor two endpoints");
    for (const Target& target : targets) {
        if (target.source && target.source->family() != target.endpoint.address.family())
            simulation.complain("a source of the other family");
        if (target.endpoint.address.is_never_dialled())
            simulation.complain(concat("dials ", target.endpoint.address.to_string()));
        // contract.md#connections
        if (hopeless_.contains(target.endpoint))
            simulation.complain(concat("dials ", target.endpoint.address.to_string(),
                                       " again, which timed out or refused"));
    }
}

Task<DialResult> CountedDialer::dial(std::span<const Target> targets, Duration timeout,
                                     Deadline deadline) {
    ++environment_.dials;
    check(targets);
    DialResult result = co_await dialer_.dial(targets, timeout, deadline);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const Connected outcome = result.each.at(i).outcome;
        if (outcome == Connected::timed_out || outcome == Connected::refused)
            hopeless_.insert(targets[i].endpoint);
        if (outcome != Connected::yes && outcome != Connected::not_tried)
            environment_.simulation.note(
                concat("[", targets[i].endpoint.address.to_string(), "]: ", result.each[i].why));
    }
    co_return result;
}

TimedResolver::TimedResolver(SimulatedEnvironment& environment, os::ResolvConf conf)
    : environment_(environment),
      resolver_(environment.reactor, environment.simulation, environment.simulation.random(),
                std::move(conf)) {}

// contract.md#names
void TimedResolver::check(const dns::Domain& name, Time begun) {
    constexpr Duration longest = std::chrono::seconds(30);
    if (environment_.simulation.now() - begun > longest)
        environment_.simulation.complain(
            concat("a look-up of ", name.ascii(), " took longer than 30 seconds"));
}

Task<dns::Answer<dns::Mx>> TimedResolver::mx(const dns::Domain& domain, Deadline deadline) {
    const Time begun = environment_.simulation.now();
    dns::Answer<dns::Mx> answer = co_await resolver_.mx(domain, deadline);
    check(domain, begun);
    co_return answer;
}

// RFC 8305 3: a name server, or a firewall, that does not answer for AAAA costs 50 ms.
Task<dns::Addresses> TimedResolver::addresses(const dns::Domain& host, Deadline deadline) {
    constexpr Duration other_family = std::chrono::milliseconds(50);
    const Time begun = environment_.simulation.now();
    dns::Addresses answer = co_await resolver_.addresses(host, deadline);
    check(host, begun);
    const auto came = environment_.name_servers.addresses_came(host.ascii(), begun);
    if (came && environment_.simulation.now() > *came + other_family)
        environment_.simulation.complain(
            concat("the other family's addresses of ", host.ascii(), " were waited for too long"));
    co_return answer;
}

Task<dns::Answer<IpAddress>> TimedResolver::addresses_of(const dns::Domain& host, Family family,
                                                         Deadline deadline) {
    const Time begun = environment_.simulation.now();
    dns::Answer<IpAddress> answer = co_await resolver_.addresses_of(host, family, deadline);
    check(host, begun);
    co_return answer;
}

Result<bool> SimulatedAddresses::is_ourselves(const IpAddress& address) {
    if (unknown) return fail(Stage::routing, Cause::resources, "the interfaces cannot be listed");
    return address.is_loopback_or_unspecified() || ours.contains(address);
}

Result<tls::Requirement> SimulatedServerFiles::requirement(const dns::Domain& server) {
    const std::string& name = server.ascii();
    if (unreadable.contains(name))
        return fail(Stage::start, Cause::control_file,
                    concat("control/tlshosts/", name, ".pem: permission denied"));
    if (required.contains(name))
        return tls::Requirement::verified(trusted_authority_file(), name,
                                          concat("control/tlshosts/", name, ".pem"));
    if (exhaustive || excluded.contains(name))
        return tls::Requirement::none(concat("control/notlshosts/", name));
    return tls::Requirement::opportunistic();
}

Result<Secret> SimulatedServerFiles::token_file(const std::string& path) {
    const auto found = token_files.find(path);
    if (found != token_files.end()) return Secret(found->second);
    return fail(Stage::start, Cause::control_file, concat(path, ": it does not exist"));
}

Task<std::size_t> SimulatedMessage::read_some(std::span<char> into, Deadline deadline) {
    const Time ready = simulation_.now() + simulation_.random().up_to(longest_delay);
    if (ready > simulation_.now()) {
        const Readiness readiness = co_await reactor_.wait(std::min(ready, deadline));
        if (readiness == Readiness::cancelled) co_return cancelled();
    }
    if (ready > deadline)
        co_return Failure(Stage::body, Cause::message_source, "no data from the pipe in time");
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

SimulatedEnvironment::SimulatedEnvironment(std::uint64_t seed)
    : simulation(seed),
      reactor(simulation),
      name_servers(simulation, records),
      network(simulation, *this),
      message(simulation, reactor),
      connector_(reactor, simulation),
      dialer_(connector_, reactor, simulation) {
    settings.hello_name = "me.sender.example";
    reactor.watch([this](Wait& wait) { check(wait); });
}

Host& SimulatedEnvironment::add_server(std::string_view address, std::uint16_t port,
                                       Script script) {
    Host& added = hosts[Endpoint{address_of(address), port}];
    added.scripts.push_back(std::move(script));
    return added;
}

bool SimulatedEnvironment::is_ours(const IpAddress& address) const {
    return local_addresses.ours.contains(address);
}

NetworkHosts::Answer SimulatedEnvironment::called(const Endpoint& endpoint,
                                            const std::optional<IpAddress>& from) {
    if (reactor.is_cancelling()) simulation.complain("connects, and it was cancelled");
    if (name_servers.is_one(endpoint)) return name_servers.called(endpoint);
    simulation.note(concat("dials [", endpoint.address.to_string(), "]:", endpoint.port));
    dialled.push_back({dials - 1, Target{endpoint, from}});
    const auto found = hosts.find(endpoint);
    if (found == hosts.end()) unexpected.push_back(endpoint);
    if (found == hosts.end()) return {Host().delay, ECONNREFUSED};
    const Duration delay = found->second.delay;
    switch (found->second.behaviour) {
        case Host::Behaviour::answers: return {delay, 0};
        case Host::Behaviour::silent: return {Duration::max(), 0};
        case Host::Behaviour::refuses: return {delay, ECONNREFUSED};
        // The kernel says so at socket(2), before the endpoint is known.
        case Host::Behaviour::no_descriptors: return {Duration(), EMFILE};
    }
    return {};
}

std::shared_ptr<Wire> SimulatedEnvironment::accepts(const Endpoint& endpoint) {
    if (name_servers.is_one(endpoint)) return name_servers.accepts(endpoint);
    const auto found = hosts.find(endpoint);
    if (found == hosts.end() || found->second.used == found->second.scripts.size()) return nullptr;
    Host& at = found->second;
    WireTraits traits;
    if (at.traits) {
        traits = *at.traits;
    } else {
        constexpr std::size_t windows[] = {65536, 65536, 4096, 1460, 100};
        traits.window = windows[simulation.random().below(5)];
        traits.longest_delay = std::chrono::milliseconds(1 + simulation.random().below(200));
    }
    const auto wire = std::make_shared<Wire>(simulation, traits);
    Connection& made = connections.emplace_back();
    made.endpoint = endpoint;
    made.dial = dials - 1;
    const std::string label = concat("#", connections.size());
    simulation.note(concat(label, " is [", endpoint.address.to_string(), "]:", endpoint.port));
    made.peer = std::make_unique<Peer>(simulation, wire, label);
    const Script& script = at.scripts[at.used++];
    made.script.emplace(play(script(*made.peer), *made.peer, made.trouble));
    simulation.schedule(simulation.now(), [&made] { made.script->start(); });
    return wire;
}

void SimulatedEnvironment::hears(const Endpoint& endpoint, std::string datagram,
                                 SocketNumber from) {
    if (reactor.is_cancelling()) simulation.complain("asks a name server, and it was cancelled");
    name_servers.hears(endpoint, datagram, from, network);
}

// Each wait has a deadline that makes sense.
void SimulatedEnvironment::check(Wait& wait) {
    for (const pollfd& each : wait.descriptors()) {
        const std::optional<Endpoint> to = network.connected_to(each.fd);
        if (!to || name_servers.is_one(*to)) continue;
        const Duration longest = std::max(settings.timeout_remote,
                                          2 * settings.timeout_connect + std::chrono::seconds(1));
        if (wait.deadline() - simulation.now() > longest)
            simulation.complain("a wait may take longer than its time-out allows");
    }
    if (wait.deadline() == Deadline::max()) simulation.complain("a wait may never end");
}

Outcome SimulatedEnvironment::deliver() {
    const SocketCalls::Active simulated(network);
    TimedResolver resolver(*this, name_servers.resolv_conf());
    CountedDialer dialer(*this, dialer_);
    Environment environment = with(resolver, dialer);
    const std::vector<std::string_view> to(recipients.begin(), recipients.end());
    const delivery::DeliveryRequest request{host, sender, to, message, observer};
    Outcome outcome;
    const Time begun = simulation.now();
    {
        Task<delivery::Report> task =
            delivery::deliver(environment, settings, find_route(settings.routes, host, sender),
                              request, outcome.end_of_data_written);
        run(task);
        take(task, outcome);
    }
    outcome.took = simulation.now() - begun;
    if (outcome.report) outcome.rendered = delivery::render(*outcome.report);
    if (network.open_sockets() > 0) simulation.complain("a socket is left open");
    if (reactor.waiting() > 0) simulation.complain("a wait is left behind");
    end_scripts();
    return outcome;
}

void SimulatedEnvironment::run(Task<delivery::Report>& task) {
    task.start();
    std::size_t events = 0;
    while (!task.finished() && ++events < most_events && reactor.step()) {}
    if (task.finished()) return;
    simulation.complain(events >= most_events
                            ? "the delivery runs for ever"
                            : "nothing is left to run, and the delivery has not ended");
    reactor.cancel_all();
    while (!task.finished() && reactor.step()) {}
}

void SimulatedEnvironment::take(Task<delivery::Report>& task, Outcome& outcome) {
    if (!task.finished()) return;
    Result<delivery::Report> report = task.take();
    const bool is_cancelled =
        !report && report.error().cause == Cause::cancelled && reactor.is_cancelling();
    if (report) outcome.report = std::move(*report);
    else if (!is_cancelled)
        simulation.complain(concat("the delivery fails: ", report.error().reason()));
}

// Servers finish what they have begun to read; then their waits are cancelled.
void SimulatedEnvironment::end_scripts() {
    for (std::size_t events = 0; events < most_events && simulation.step(); ++events) {}
    simulation.cancel_all_waits();
    while (simulation.step()) {}
    for (const Connection& connection : connections)
        if (!connection.script->finished())
            simulation.complain(
                concat("the script of ", connection.peer->label(), " does not end"));
}

}  // namespace tern::test
