// Questions in, answers out, in virtual time; see simulated_name_servers.hpp.
#include "support/simulated_name_servers.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "base/ascii.hpp"
#include "support/dns_answer.hpp"

namespace tern::test {
namespace {

constexpr unsigned type_a = 1;
constexpr unsigned type_mx = 15;
constexpr unsigned type_aaaa = 28;
constexpr unsigned rcode_format_error = 1;
constexpr unsigned rcode_server_failure = 2;
constexpr unsigned rcode_no_such_name = 3;
constexpr std::size_t size_without_edns = 512;  // RFC 1035 4.2.1

std::string lower(std::string name) {
    std::ranges::transform(name, name.begin(), to_lower);
    return name;
}

std::string name_in(const std::string& query) { return lower(asked_by(query).name); }

std::optional<Family> family_in(const std::string& query) {
    const unsigned type = asked_by(query).type;
    if (type == type_a) return Family::ipv4;
    if (type == type_aaaa) return Family::ipv6;
    return std::nullopt;
}

/// The records of one answer after a query, or why there are none.
class Composing {
public:
    explicit Composing(const std::string& query) : name_(name_in(query)), answer_(query) {}

    std::string of(const dns::Answer<dns::Mx>& known) {
        begin(known);
        for (const dns::Mx& record : known.records)
            answer_.mx(name_, record.preference, record.exchanger);
        return answer_.bytes();
    }
    std::string of(const dns::Answer<IpAddress>& known) {
        begin(known);
        for (const IpAddress& address : known.records)
            answer_.address(name_, address.to_string());
        return answer_.bytes();
    }

private:
    template <class Record>
    void begin(const dns::Answer<Record>& known) {
        if (known.authentic) answer_.authentic();
        if (known.outcome == dns::Outcome::failed) answer_.rcode(rcode_server_failure);
        if (known.outcome == dns::Outcome::no_such_name) answer_.rcode(rcode_no_such_name);
        if (known.outcome == dns::Outcome::no_such_name || known.outcome == dns::Outcome::no_data)
            answer_.soa(name_);
    }

    const std::string name_;
    DnsAnswer answer_;
};

}  // namespace

os::ResolvConf SimulatedNameServers::resolv_conf() const {
    os::ResolvConf conf;
    for (const Server& server : servers) {
        os::NameServer& named = conf.servers.emplace_back();
        named.address = server.address;
    }
    return conf;
}

const SimulatedNameServers::Server& SimulatedNameServers::at(const Endpoint& endpoint) const {
    const auto found = std::ranges::find(servers, endpoint.address, &Server::address);
    if (found == servers.end()) throw std::logic_error("no name server is there");
    return *found;
}

bool SimulatedNameServers::is_one(const Endpoint& endpoint) const {
    return endpoint.port == os::name_service_port &&
           std::ranges::count(servers, endpoint.address, &Server::address) > 0;
}

NetworkHosts::Answer SimulatedNameServers::called(const Endpoint& endpoint) const {
    constexpr Duration round_trip = std::chrono::milliseconds(10);
    const NameServerBehaviour::Kind kind = at(endpoint).behaviour.kind;
    if (kind == NameServerBehaviour::Kind::mute) return {Duration::max(), 0};
    const bool refuses = kind == NameServerBehaviour::Kind::unreachable;
    return {round_trip, refuses ? ECONNREFUSED : 0};
}

std::shared_ptr<Wire> SimulatedNameServers::accepts(const Endpoint& endpoint) {
    const auto wire = std::make_shared<Wire>(simulation_, WireTraits());
    Conversation& made = conversations_.emplace_back();
    made.wire = wire;
    made.task.emplace(converse(wire, at(endpoint)));
    simulation_.schedule(simulation_.now(), [&made] { made.task->start(); });
    return wire;
}

void SimulatedNameServers::hears(const Endpoint& endpoint, const std::string& query,
                                 SocketNumber from, SimulatedNetwork& network) {
    const Server& server = at(endpoint);
    ++asked_;
    simulation_.note(concat("asks ", endpoint.address.to_string(), " for ", name_in(query),
                            ", type ", asked_by(query).type));
    if (server.behaviour.kind == NameServerBehaviour::Kind::unreachable) {
        simulation_.schedule(simulation_.now() + std::chrono::milliseconds(1),
                             [&network, from] { network.fail(from, ECONNREFUSED); });
        return;
    }
    const std::optional<Reply> reply = reply_to(server, query, false);
    const unsigned loses = server.behaviour.loses_once_in;
    if (!reply || (loses != 0 && simulation_.random().once_in(loses))) return;
    simulation_.schedule(simulation_.now() + reply->delay, [this, &network, from, reply = *reply] {
        if (network.arrive(from, reply.bytes) && !reply.addresses_of.empty())
            addresses_came_.emplace_back(simulation_.now(), reply.addresses_of);
    });
}

std::string SimulatedNameServers::answer_to(const std::string& query) const {
    const std::string name = name_in(query);
    const std::optional<Family> family = family_in(query);
    Composing composing(query);
    if (family) return composing.of(records_.addresses_of(name, *family));
    if (asked_by(query).type == type_mx) return composing.of(records_.mx_of(name));
    throw std::logic_error("a question of another type");
}

// One for all questions about a name: how far apart the answers for its families come is the
// records' to say.
Duration SimulatedNameServers::delay_for(const std::string& name, Duration longest) {
    const auto [found, is_new] = delays_.try_emplace(name);
    if (is_new) found->second = simulation_.random().up_to(longest);
    return found->second;
}

std::optional<SimulatedNameServers::Reply> SimulatedNameServers::reply_to(
    const Server& server, const std::string& query, bool over_tcp) {
    using Kind = NameServerBehaviour::Kind;
    const NameServerBehaviour& behaviour = server.behaviour;
    const std::string name = name_in(query);
    const std::size_t edns = asked_by(query).edns_size;
    if (behaviour.kind == Kind::mute || records_.unanswered.contains(name) ||
        (edns > 0 && behaviour.ignores_edns))
        return std::nullopt;
    Reply reply;
    reply.delay = delay_for(name, behaviour.longest_delay);
    if (behaviour.kind == Kind::garbage) {
        reply.bytes = query.substr(0, 2) + "\x81\x80 no DNS";
        return reply;
    }
    if (behaviour.kind == Kind::server_failure || (edns > 0 && behaviour.refuses_edns)) {
        const bool refuses = behaviour.kind != Kind::server_failure;
        reply.bytes =
            DnsAnswer(query).rcode(refuses ? rcode_format_error : rcode_server_failure).bytes();
        return reply;
    }
    const std::optional<Family> family = family_in(query);
    const Duration more = family ? records_.delay_of(name, *family) : Duration();
    if (more == Duration::max()) return std::nullopt;
    reply.delay += more;
    reply.bytes = answer_to(query);
    const std::size_t most = edns > 0 ? edns : size_without_edns;
    if (!over_tcp && (behaviour.truncates || reply.bytes.size() > most))
        reply.bytes = DnsAnswer(query).truncated().bytes();
    else if (family && records_.addresses_of(name, *family).outcome == dns::Outcome::found)
        reply.addresses_of = name;
    return reply;
}

std::optional<Time> SimulatedNameServers::addresses_came(const std::string& name,
                                                         Time since) const {
    for (const auto& [when, whose] : addresses_came_)
        if (when >= since && whose == name) return when;
    return std::nullopt;
}

Task<Done> SimulatedNameServers::converse(std::shared_ptr<Wire> wire, const Server& server) {
    WireEnd end(std::move(wire), Side::server);
    std::string unread;
    std::string block(size_without_edns, '\0');
    for (;;) {
        while (unread.size() < 2 || unread.size() < 2 + u16_at(unread, 0)) {
            const std::size_t got = co_await end.read_some(block, Deadline::max());
            if (got == 0) co_return Done();
            unread += block.substr(0, got);
        }
        const std::string query = unread.substr(2, u16_at(unread, 0));
        unread.erase(0, 2 + query.size());
        ++asked_;
        const std::optional<Reply> reply = reply_to(server, query, true);
        if (!reply) continue;
        co_await simulation_.sleep(reply->delay);
        const std::string framed =
            u16(static_cast<unsigned>(reply->bytes.size())) + reply->bytes;
        co_await end.write(framed, Deadline::max());
    }
}

}  // namespace tern::test
