// The whole environment of a delivery, simulated: names, hosts, servers, memory of silent hosts,
// rules, and the message. It records what happened for the laws (laws.hpp).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delivery/deliver.hpp"
#include "os/cares_resolver.hpp"
#include "os/connector.hpp"
#include "os/dialer.hpp"
#include "support/dns_records.hpp"
#include "support/peer.hpp"
#include "support/simulated_name_servers.hpp"
#include "support/simulated_network.hpp"
#include "support/simulated_reactor.hpp"
#include "support/simulation.hpp"
#include "support/wire.hpp"

namespace tern::test {

/// One address and port, and who answers there.
struct Host {
    enum class Behaviour { answers, refuses, silent, no_descriptors };
    Behaviour behaviour = Behaviour::answers;
    Duration delay = std::chrono::milliseconds(20);
    std::optional<WireTraits> traits;  ///< nothing: drawn at random
    /// One for each connection, in order; when they are used up connections are refused.
    std::vector<Script> scripts;
    std::size_t used = 0;
};

/// One connection that was made, with what its server saw.
struct Connection {
    Endpoint endpoint;
    std::size_t dial = 0;  ///< which call of the dialer made it, counted from 0
    std::unique_ptr<Peer> peer;
    std::optional<Task<Done>> script;
    std::string trouble;  ///< why the script ended before its end
};

class SimulatedEnvironment;

/// The real dialer; it counts its calls, and complains of those that make no sense.
class CountedDialer final : public Dialer {
public:
    CountedDialer(SimulatedEnvironment& environment, Dialer& dialer)
        : environment_(environment), dialer_(dialer) {}
    Task<DialResult> dial(std::span<const Target> targets, Duration timeout,
                          Deadline deadline) override;

private:
    void check(std::span<const Target> targets);

    SimulatedEnvironment& environment_;
    Dialer& dialer_;
    std::set<Endpoint> hopeless_;  // they timed out or refused
};

/// The real resolver; it complains of look-ups that take longer than contract.md#names allows.
class TimedResolver final : public dns::Resolver {
public:
    TimedResolver(SimulatedEnvironment& environment, os::ResolvConf conf);

    Task<dns::Answer<dns::Mx>> mx(const dns::Domain& domain, Deadline deadline) override;
    Task<dns::Addresses> addresses(const dns::Domain& host, Deadline deadline) override;
    Task<dns::Answer<IpAddress>> addresses_of(const dns::Domain& host, Family family,
                                              Deadline deadline) override;

private:
    void check(const dns::Domain& name, Time begun);

    SimulatedEnvironment& environment_;
    os::CaresResolver resolver_;
};

class SimulatedTimeoutTable final : public TimeoutTable {
public:
    std::set<IpAddress> listed;
    std::set<IpAddress> skipped;
    std::vector<IpAddress> timeouts;
    std::vector<IpAddress> answers;

    Task<Finding> look_up(IpAddress address) override {
        const bool skip = skipped.contains(address);
        co_return Finding{skip || listed.contains(address), skip};
    }
    Task<Done> note_timeout(IpAddress address) override {
        timeouts.push_back(address);
        co_return Done();
    }
    Task<Done> note_answer(IpAddress address) override {
        answers.push_back(address);
        co_return Done();
    }
};

class SimulatedAddresses final : public LocalAddresses {
public:
    std::set<IpAddress> ours;
    bool unknown = false;

    Result<bool> is_ourselves(const IpAddress& address) override;
};

/// control/tlshosts and its kin, as sets of names.
class SimulatedServerFiles final : public ServerFiles {
public:
    std::set<std::string> required;
    std::set<std::string> excluded;
    std::set<std::string> unreadable;
    bool exhaustive = false;

    std::map<std::string, std::string> token_files;

    Result<tls::Requirement> requirement(const dns::Domain& server) override;
    Result<Secret> token_file(const std::string& path) override;
};

class SimulatedMessage final : public MessageSource {
public:
    SimulatedMessage(Simulation& simulation, Reactor& reactor)
        : simulation_(simulation), reactor_(reactor) {}

    std::string content = "Subject: hello\n\nHello.\n";
    bool pipe = false;
    std::optional<std::size_t> fails_at;
    Duration longest_delay{};  ///< of each read; a pipe may be slow

    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override;
    bool rewind() override;
    [[nodiscard]] std::optional<std::uint64_t> size() const override {
        return pipe ? std::nullopt : std::optional<std::uint64_t>(content.size());
    }

private:
    Simulation& simulation_;
    Reactor& reactor_;
    std::size_t at_ = 0;
};

/// What came of a delivery.
struct Outcome {
    std::optional<delivery::Report> report;  ///< nothing when it never ended, or was cancelled
    std::string rendered;
    bool end_of_data_written = false;
    Duration took{};
};

/// What runs is the program's own delivery, dialer, resolver and streams; below the system calls
/// everything is a value.
class SimulatedEnvironment final : private NetworkHosts {
public:
    explicit SimulatedEnvironment(std::uint64_t seed);

    Simulation simulation;
    SimulatedReactor reactor;
    DnsRecords records;
    SimulatedNameServers name_servers;
    SimulatedNetwork network;
    SimulatedTimeoutTable timeouts;
    SimulatedAddresses local_addresses;
    SimulatedServerFiles server_files;
    SimulatedMessage message;
    std::map<Endpoint, Host> hosts;
    routing::Settings settings;
    delivery::OutcomeObserver* observer = nullptr;

    std::string host = "example.net";
    std::string sender = "alice@sender.example";
    std::vector<std::string> recipients{"bob@example.net"};

    /// What the control files amount to, for the laws: the routes name a user and password; what
    /// must never be read in a report; the hello names that may be said (empty: any); the source
    /// of each family's connections (no entry: any); endpoints that the operator did not name.
    bool must_authenticate = false;
    std::vector<std::string> secrets;
    std::set<std::string> hello_names;
    std::map<Family, std::optional<IpAddress>> sources;
    std::set<Endpoint> elsewhere;

    std::deque<Connection> connections;
    std::size_t dials = 0;
    /// Each target that was dialled, with the number of its dial, counted from 0.
    struct Dialled {
        std::size_t dial;
        Target target;
    };
    std::vector<Dialled> dialled;
    /// Endpoints that were dialled though no test speaks of them.
    std::vector<Endpoint> unexpected;

    /// A host at `address` whose connections play these scripts, and a name for it.
    Host& add_server(std::string_view address, std::uint16_t port, Script script);
    void add_address(const std::string& name, std::string_view address) {
        records.add_address(name, address);
    }
    void add_exchanger(const std::string& domain, std::uint16_t preference,
                       const std::string& name) {
        records.add_exchanger(domain, preference, name);
    }

    /// All of it, with these two.
    [[nodiscard]] Environment with(dns::Resolver& resolver, Dialer& dialer) {
        return {simulation, simulation.random(), resolver,    dialer,
                timeouts,   local_addresses,     server_files};
    }
    /// The real one, over the simulated network.
    [[nodiscard]] Dialer& dialer() { return dialer_; }
    /// Runs the delivery to its end and all scripts to theirs. Deadlocks, endless runs, waits
    /// without a proper deadline and sockets that are left open become complaints of the
    /// simulation.
    Outcome deliver();

private:
    Answer called(const Endpoint& endpoint, const std::optional<IpAddress>& from) override;
    std::shared_ptr<Wire> accepts(const Endpoint& endpoint) override;
    void hears(const Endpoint& endpoint, std::string datagram, SocketNumber from) override;
    [[nodiscard]] bool is_ours(const IpAddress& address) const override;

    void check(Wait& wait);
    void run(Task<delivery::Report>& task);
    void take(Task<delivery::Report>& task, Outcome& outcome);
    void end_scripts();

    os::SocketConnector connector_;
    os::Dialer dialer_;
};

}  // namespace tern::test
