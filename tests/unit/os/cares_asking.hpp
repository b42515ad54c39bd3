// What tests of the c-ares resolver share: servers with one answer, and look-ups of one name.
#pragma once

#include <chrono>
#include <utility>
#include <vector>

#include "os/cares_resolver.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "os/system_random.hpp"
#include "support/dns_answer.hpp"
#include "support/name_server.hpp"

namespace tern::os {

using dns::Outcome;
using test::DnsAnswer;
using test::Query;
using Answers = test::NameServer::Answers;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds timeout{100};

inline Answers says_mx(const Query& query) {
    return {DnsAnswer(query.bytes).mx("example.com", 10, "mx.example.com").bytes()};
}
inline Answers says_servfail(const Query& query) {
    return {DnsAnswer(query.bytes).rcode(2).bytes()};
}
inline Answers says_nothing(const Query&) { return {}; }
inline Answers truncates_and_is_silent(const Query& query) {
    if (query.over_tcp) return {};
    return {DnsAnswer(query.bytes).truncated().bytes()};
}

inline ResolvConf asking(std::vector<NameServer> servers, int attempts = 2) {
    return ResolvConf{std::move(servers), timeout, attempts};
}

inline dns::Answer<dns::Mx> look_up_mx(ResolvConf conf, Duration time = seconds(20)) {
    const SystemClock clock;
    PollReactor reactor(clock);
    SystemRandom random;
    CaresResolver resolver(reactor, clock, random, std::move(conf));
    return resolver.mx(dns::Domain::parse("example.com").value(), clock.now() + time).run().value();
}

inline dns::Addresses look_up_addresses(ResolvConf conf) {
    const SystemClock clock;
    PollReactor reactor(clock);
    SystemRandom random;
    CaresResolver resolver(reactor, clock, random, std::move(conf));
    return resolver.addresses(dns::Domain::parse("mx.example").value(), clock.now() + seconds(20))
        .run()
        .value();
}

// A place where no server listens: bound and closed again.
inline NameServer no_server() { return test::NameServer(says_nothing).place(); }

}  // namespace tern::os
