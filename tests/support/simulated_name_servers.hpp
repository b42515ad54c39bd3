// Name servers of a simulated network: they answer over UDP and TCP from a test's records,
// or lose, truncate, delay and refuse. They must not know what the answers are for.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/resolv_conf.hpp"
#include "support/dns_records.hpp"
#include "support/simulated_network.hpp"

namespace tern::test {

/// How one name server behaves.
struct NameServerBehaviour {
    enum class Kind {
        answers,
        mute,
        unreachable,     ///< ICMP says so
        server_failure,  ///< SERVFAIL to everything
        garbage,         ///< no DNS message
    };
    Kind kind = Kind::answers;
    bool refuses_edns = false;   ///< FORMERR to what has it
    bool ignores_edns = false;   ///< no answer to what has it
    bool truncates = false;      ///< each answer over UDP
    unsigned loses_once_in = 0;  ///< datagrams; 0: none
    Duration longest_delay = std::chrono::milliseconds(80);
};

class SimulatedNameServers {
public:
    /// Both must outlive it.
    SimulatedNameServers(Simulation& simulation, const DnsRecords& records)
        : simulation_(simulation), records_(records) {}

    /// In the order of resolv.conf; one that answers where a test says nothing.
    struct Server {
        IpAddress address;
        NameServerBehaviour behaviour;
    };
    std::vector<Server> servers{{*IpAddress::parse("192.0.2.53"), {}}};

    [[nodiscard]] os::ResolvConf resolv_conf() const;

    [[nodiscard]] bool is_one(const Endpoint& endpoint) const;
    [[nodiscard]] NetworkHosts::Answer called(const Endpoint& endpoint) const;
    std::shared_ptr<Wire> accepts(const Endpoint& endpoint);
    void hears(const Endpoint& endpoint, const std::string& query, SocketNumber from,
               SimulatedNetwork& network);

    /// How many questions arrived.
    [[nodiscard]] std::size_t asked() const { return asked_; }
    /// When, not before `since`, addresses of `name` first came back over UDP to someone who still
    /// wanted them.
    [[nodiscard]] std::optional<Time> addresses_came(const std::string& name, Time since) const;

private:
    struct Reply {
        std::string bytes;
        Duration delay{};
        std::string addresses_of;  ///< the name whose addresses are in it; else empty
    };
    /// One over TCP.
    struct Conversation {
        std::shared_ptr<Wire> wire;
        std::optional<Task<Done>> task;
    };

    const Server& at(const Endpoint& endpoint) const;
    std::optional<Reply> reply_to(const Server& server, const std::string& query, bool over_tcp);
    [[nodiscard]] std::string answer_to(const std::string& query) const;
    Duration delay_for(const std::string& name, Duration longest);
    Task<Done> converse(std::shared_ptr<Wire> wire, const Server& server);

    Simulation& simulation_;
    const DnsRecords& records_;
    std::deque<Conversation> conversations_;
    std::map<std::string, Duration> delays_;
    std::vector<std::pair<Time, std::string>> addresses_came_;
    std::size_t asked_ = 0;
};

}  // namespace tern::test
