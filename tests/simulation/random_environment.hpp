// An environment drawn from a seed: names, hosts, servers with faults at any point, rules, message.
// Its servers are honest unless they say so in their record (broke_protocol).
#pragma once

#include <memory>

#include "smtp/extensions.hpp"
#include "support/simulated_environment.hpp"

namespace tern::test {

/// The environment of this seed; the same on every machine.
[[nodiscard]] std::unique_ptr<SimulatedEnvironment> random_environment(std::uint64_t seed);

/// How a server of a random environment behaves; the rest it draws as it goes.
struct ServerTraits {
    std::string name;
    bool implicit_tls = false;
    bool offers_tls = true;
    bool offers_smtputf8 = false;
    bool offers_pipelining = false;
    enum class Chunking { none, offered, pretended } chunking = Chunking::none;
    unsigned size_limit = 0;  ///< 0: none
    smtp::Limits limits;      ///< RFC 9422; it complains of a client that passes over them
    unsigned takes_at_most = 0;  ///< recipients in a transaction, then 452; 0: any number
    std::string mechanisms;      ///< of AUTH; empty: not offered
    std::string user;
    std::string secret;
    unsigned trouble = 0;      ///< a fault once in so many replies; 0: never
    Certificate certificate = Certificate::good;
    Duration timeout{};  ///< the client's timeoutremote: stalls are drawn around it
};

Task<Done> random_server(Peer& peer, ServerTraits traits);

}  // namespace tern::test
