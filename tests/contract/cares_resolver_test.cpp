// The resolver of the one-shot host keeps the contract of resolvers, against a name server that
// knows nothing but one message at a time.
#include "os/cares_resolver.hpp"

#include "contract/resolver_contract.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "os/system_random.hpp"
#include "support/dns_answer.hpp"
#include "support/name_server.hpp"

namespace tern::test {
namespace {

constexpr std::chrono::milliseconds timeout{100};

// Serves a zone as an authoritative server would: of an alias the alias alone, so that the
// resolver asks for its target itself.
class ZoneServer {
public:
    explicit ZoneServer(Zone zone) : zone_(std::move(zone)) {}

    NameServer::Answers operator()(const Query& query) const {
        const Asked asked = asked_by(query.bytes);
        const Kind kind = asked.type == 15 ? Kind::mx : asked.type == 1 ? Kind::ipv4 : Kind::ipv6;
        DnsAnswer answer(query.bytes);
        const auto found = zone_.find(asked.name);
        if (found == zone_.end()) return {answer.rcode(3).bytes()};
        const Node& node = found->second;
        if (node.mute.contains(kind)) return {};
        if (node.servfails.contains(kind)) return {answer.rcode(2).bytes()};
        if (node.authentic) answer.authentic();
        if (node.truncates.contains(kind) && !query.over_tcp) return {answer.truncated().bytes()};
        if (!node.alias.empty()) return {answer.cname(asked.name, node.alias).bytes()};
        if (kind == Kind::mx)
            for (const dns::Mx& mx : node.exchangers)
                answer.mx(asked.name, mx.preference, mx.exchanger);
        for (const IpAddress& address : node.addresses)
            if (kind == (address.family() == Family::ipv4 ? Kind::ipv4 : Kind::ipv6))
                answer.address(asked.name, address.to_string());
        return {answer.bytes()};
    }

private:
    Zone zone_;
};

class CaresHost {
public:
    explicit CaresHost(Zone zone)
        : server_(ZoneServer(std::move(zone))),
          resolver_(reactor_, clock_, random_, os::ResolvConf{{server_.place()}, timeout, 1}) {}

    dns::Answer<dns::Mx> mx(std::string_view name) {
        return resolver_.mx(dns::Domain::parse(name).value(), soon()).run().value();
    }
    dns::Addresses addresses(std::string_view name) {
        return resolver_.addresses(dns::Domain::parse(name).value(), soon()).run().value();
    }
    dns::Addresses addresses_without_time(std::string_view name) {
        return resolver_.addresses(dns::Domain::parse(name).value(), Deadline()).run().value();
    }

private:
    Deadline soon() const { return clock_.now() + std::chrono::seconds(20); }

    os::SystemClock clock_;
    os::PollReactor reactor_{clock_};
    os::SystemRandom random_;
    NameServer server_;
    os::CaresResolver resolver_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Cares, ResolverContract, CaresHost);

}  // namespace
}  // namespace tern::test
