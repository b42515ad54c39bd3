// The whole world of a delivery, simulated: names, hosts, servers, memory of silent hosts, rules,
// and the message. It records what happened for the laws (laws.hpp).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delivery/deliver.hpp"
#include "support/peer.hpp"
#include "support/simulation.hpp"
#include "support/wire.hpp"

namespace tern::test {

/// What the name servers say; names without an entry do not exist.
class SimulatedResolver final : public dns::Resolver {
public:
    explicit SimulatedResolver(Simulation& simulation) : simulation_(simulation) {}

    std::map<std::string, dns::Answer<dns::Mx>> mx_records;
    std::map<std::string, dns::Answer<IpAddress>> ipv4_records;
    std::map<std::string, dns::Answer<IpAddress>> ipv6_records;
    /// Look-ups that get no answer at all: they fail at their deadline.
    std::set<std::string> unanswered;
    /// How much longer the answer for one family takes; Duration::max(): there is none.
    std::map<std::string, Duration> ipv4_delays;
    std::map<std::string, Duration> ipv6_delays;
    /// Names whose addresses were asked for, in order, with the families.
    std::vector<std::string> addresses_asked;
    Duration longest_delay = std::chrono::milliseconds(80);
    bool asked = false;

    Task<dns::Answer<dns::Mx>> mx(const dns::Domain& domain, Deadline deadline) override;
    Task<dns::Addresses> addresses(const dns::Domain& host, Deadline deadline) override;
    Task<dns::Answer<IpAddress>> addresses_of(const dns::Domain& host, Family family,
                                              Deadline deadline) override;

private:
    Task<bool> answers_in_time(std::string name, Deadline deadline);
    [[nodiscard]] dns::Answer<IpAddress> known(const std::string& name, Family family) const;
    [[nodiscard]] Duration delay_of(const std::string& name, Family family) const;
    [[nodiscard]] dns::Outcome without_records(const std::string& name) const;

    Simulation& simulation_;
};

/// One address and port, and who answers there.
struct Host {
    enum class Manner { answers, refuses, silent, no_descriptors };
    Manner manner = Manner::answers;
    Duration delay = std::chrono::milliseconds(20);
    std::optional<WireTemper> temper;  ///< nothing: drawn by chance
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

class SimulatedWorld;

class SimulatedDialer final : public Dialer {
public:
    explicit SimulatedDialer(SimulatedWorld& environment) : environment_(environment) {}
    Task<DialResult> dial(std::span<const Target> targets, Duration patience,
                                    Deadline deadline) override;

private:
    [[nodiscard]] DialResult::Each outcome_at(const Endpoint& endpoint) const;
    [[nodiscard]] Duration delay_of(const Endpoint& endpoint) const;

    SimulatedWorld& environment_;
};

class SimulatedBackoff final : public TimeoutTable {
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
class SimulatedRules final : public ServerFiles {
public:
    std::set<std::string> demanded;
    std::set<std::string> excluded;
    std::set<std::string> unreadable;
    bool exhaustive = false;

    std::map<std::string, std::string> token_files;

    Result<tls::Requirement> requirement(const dns::Domain& server) override;
    Result<Secret> token_file(const std::string& path) override;
};

class SimulatedMessage final : public MessageSource {
public:
    explicit SimulatedMessage(Simulation& simulation) : simulation_(simulation) {}

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
    std::size_t at_ = 0;
};

/// What came of a delivery.
struct Outcome {
    std::optional<delivery::Report> report;  ///< nothing when it never ended
    std::string rendered;
    bool end_of_data_written = false;
    Duration took{};
};

class SimulatedWorld {
public:
    explicit SimulatedWorld(std::uint64_t seed);

    Simulation simulation;
    SimulatedResolver resolver;
    SimulatedDialer dialer;
    SimulatedBackoff timeouts;
    SimulatedAddresses local_addresses;
    SimulatedRules server_files;
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
    std::vector<Endpoint> strangers;

    /// A host at `address` whose connections play these scripts, and a name for it.
    Host& add_server(std::string_view address, std::uint16_t port, Script script);
    void add_address(const std::string& name, std::string_view address);
    void add_exchanger(const std::string& domain, std::uint16_t preference,
                       const std::string& name);

    /// Runs the delivery to its end and all scripts to theirs. Deadlocks, endless runs and waits
    /// without a proper deadline become complaints of the simulation.
    Outcome deliver();

private:
    friend SimulatedDialer;
    std::unique_ptr<Stream> connect(const Endpoint& endpoint);
    /// Where a connection to the target leaves from.
    [[nodiscard]] static IpAddress local_end(const Target& target);
};

/// The client's end of a Wire. It checks that each wait has a deadline that makes sense.
class CheckedStream final : public Stream {
public:
    CheckedStream(SimulatedWorld& environment, std::shared_ptr<Wire> wire)
        : environment_(environment), end_(std::move(wire), Side::client) {}
    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override;
    Task<Done> write(std::string_view bytes, Deadline deadline) override;
    void extend_writes(Duration idle) override { end_.extend_writes(idle); }
    [[nodiscard]] std::size_t unsent() const override { return end_.unsent(); }

private:
    void check(Deadline deadline) const;

    SimulatedWorld& environment_;
    WireEnd end_;
};

}  // namespace tern::test
