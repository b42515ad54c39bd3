// Probes a server; see probe.hpp. session has the conversation itself.
#include "explain/probe/probe.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "delivery/deliver.hpp"
#include "routing/host_port.hpp"
#include "routing/ignored_extensions.hpp"
#include "routing/mechanism_order.hpp"
#include "delivery/server_requirement.hpp"
#include "explain/show/printable.hpp"
#include "session/session.hpp"

namespace tern::explain {
namespace {

// Records what a session sends and receives.
class Transcript final : public session::Observer {
public:
    explicit Transcript(Probed& into) : into_(into) {}

    void said(std::string_view command) override {
        add(Spoken::Who::us, std::string(command));
        awaits_hello_ = equal_ignoring_case(command.substr(0, 5), "EHLO ");
    }
    void heard(const smtp::Reply& reply) override {
        add(Spoken::Who::server, reply.text);
        if (awaits_hello_ && reply.positive())
            into_.extensions = smtp::without(smtp::parse_extensions(reply.text), into_.ignored);
        awaits_hello_ = false;
    }
    void secured(const tls::TlsStream& stream) override {
        into_.tls = stream.facts();
        if (into_.tls->version.empty()) return;
        into_.extensions = smtp::Extensions();
        into_.has_binding = stream.channel_binding().has_value();
        secured_ = true;
        std::string words = concat(into_.tls->version, ", ", into_.tls->cipher);
        if (!into_.tls->group.empty()) words += concat(", key exchange ", into_.tls->group);
        add(Spoken::Who::tls, std::move(words));
    }

private:
    void add(Spoken::Who who, std::string words) {
        Spoken spoken{who, std::move(words), secured_};
        into_.dialogue.push_back(std::move(spoken));
    }

    Probed& into_;
    bool awaits_hello_ = false;
    bool secured_ = false;
};

class Probing {
public:
    Probing(Environment& environment, const routing::Settings& settings,
            const ProbeQuestion& question)
        : environment_(environment), settings_(settings), question_(question) {}

    Task<Probe> run() {
        delivery::Exchangers exchangers(
            environment_, settings_.timeout_dns,
            routing::find_families(settings_.sources, routing::Route(), question_.sender,
                                    settings_.families));
        Result<Done> found = co_await exchangers.find(question_.hop).outcome();
        if (!found) fail_with(std::move(found.error()));
        while (may_go_on()) {
            Result<std::vector<delivery::Exchanger>> group =
                co_await exchangers.next_group().outcome();
            if (!group) fail_with(std::move(group.error()));
            if (!group || group->empty()) break;
            any_exchanger_ = true;
            for (const delivery::Exchanger& exchanger : *group)
                if (may_go_on()) co_await try_exchanger(exchanger);
        }
        if (!any_exchanger_ && !result_.failure) fail_with(exchangers.none_left());
        co_return std::move(result_);
    }

private:
    Task<Done> try_exchanger(const delivery::Exchanger& exchanger) {
        Result<tls::Requirement> requirement = requirement_of(exchanger);
        if (!requirement) {
            fail_with(std::move(requirement.error()));
            co_return Done();
        }
        std::vector<Endpoint> waiting = exchanger.endpoints;
        for (const Endpoint& endpoint : waiting) {
            const TimeoutTable::Finding silence =
                co_await environment_.timeouts.look_up(endpoint.address);
            if (silence.skip) result_.skipped.push_back(peer_of(exchanger, endpoint));
        }
        while (!waiting.empty() && may_go_on())
            co_await connect(exchanger, *requirement, waiting);
        co_return Done();
    }

    // The first of those that are left, racing with the first of the other family as in a delivery.
    Task<Done> connect(const delivery::Exchanger& exchanger, const tls::Requirement& requirement,
                       std::vector<Endpoint>& waiting) {
        std::vector<Endpoint> racing(1, waiting.front());
        const auto rival = std::ranges::find_if(waiting, [&](const Endpoint& endpoint) {
            return endpoint.address.family() != racing.front().address.family();
        });
        if (rival != waiting.end() && !question_.all) racing.push_back(*rival);
        std::vector<Target> targets;
        for (const Endpoint& endpoint : racing) {
            Result<routing::Source> source = source_of(endpoint.address.family());
            if (!source) {
                fail_with(std::move(source.error()));
                co_return Done();
            }
            targets.push_back(Target{endpoint, source->address});
        }
        const Deadline latest =
            environment_.clock.now() + 2 * settings_.timeout_connect + std::chrono::seconds(1);
        DialResult dialled =
            co_await environment_.dialer.dial(targets, settings_.timeout_connect, latest);
        bool tried = false;
        for (std::size_t i = 0; i < racing.size(); ++i) {
            const DialResult::Each& each = dialled.each.at(i);
            if (each.outcome == Connected::not_tried) continue;
            tried = true;
            ++connections_;
            std::erase(waiting, racing[i]);
            if (each.outcome != Connected::yes)
                result_.unreached.push_back(Unreached{peer_of(exchanger, racing[i]), each.why});
        }
        if (!tried) waiting.clear();
        if (!dialled.stream) co_return Done();
        const Endpoint endpoint = racing.at(dialled.winner);
        co_return co_await converse(std::move(dialled), peer_of(exchanger, endpoint), requirement);
    }

    Task<Done> converse(DialResult dialled, delivery::Peer peer,
                        tls::Requirement requirement) {
        Probed& probed = result_.sessions.emplace_back();
        probed.peer = std::move(peer);
        probed.local = dialled.local;
        probed.requirement = requirement;
        probed.ignored = routing::find_ignored_extensions(
            settings_.ignoreextensions, probed.peer.name, probed.peer.endpoint.address);
        probed.mechanisms = routing::read_mechanism_order(settings_.authmechanisms);
        Result<std::string> hello = hello_name(dialled.local);
        if (!hello) {
            probed.failure = std::move(hello.error());
            probed.report = delivery::failure_text(*probed.failure);
            co_return Done();
        }
        probed.hello_name = *hello;
        Transcript transcript(probed);
        session::Identity identity;
        identity.endpoint = probed.peer.endpoint;
        identity.server_name = probed.peer.name;
        identity.requirement = requirement;
        identity.tls_settings = settings_.tls;
        identity.hello_name = *hello;
        session::Options options;
        options.timeout_remote = settings_.timeout_remote;
        options.ignored = probed.ignored;
        options.observer = &transcript;
        session::Session session(environment_.clock, environment_.random, std::move(dialled.stream),
                                 std::move(identity), std::move(options));
        Result<Done> opened = co_await session.open().outcome();
        probed.certificate_trouble = session.certificate_trouble();
        if (!opened) {
            probed.failure = std::move(opened.error());
            probed.report =
                delivery::failure_text(*probed.failure, probed.peer, false, requirement);
        }
        co_return co_await session.quit();
    }

    Result<tls::Requirement> requirement_of(const delivery::Exchanger& exchanger) {
        Result<tls::Requirement> requirement =
            delivery::requirement_for(environment_.server_files, routing::Route(), exchanger);
        if (!requirement || !exchanger.name || question_.trust_file.empty()) return requirement;
        tls::Requirement asked =
            tls::Requirement::verified(question_.trust_file, exchanger.name->ascii());
        return requirement->implicit ? tls::Requirement::from_first_byte(std::move(asked)) : asked;
    }

    Result<routing::Source> source_of(Family family) {
        return routing::find_source(settings_.sources, routing::Route(), question_.sender, family);
    }

    Result<std::string> hello_name(const IpAddress& local) {
        const Result<routing::Source> source = source_of(local.family());
        if (!source) return tl::unexpected<Failure>(source.error());
        return routing::hello_name_for(settings_.sources, *source, settings_.hello_name, local);
    }

    static delivery::Peer peer_of(const delivery::Exchanger& exchanger, const Endpoint& endpoint) {
        return {exchanger.name ? exchanger.name->ascii() : std::string(), endpoint};
    }

    void fail_with(Failure failure) { result_.failure = std::move(failure); }

    [[nodiscard]] bool may_go_on() const {
        return !result_.failure && connections_ < delivery::most_connections &&
               (question_.all || result_.sessions.empty());
    }

    Environment& environment_;
    const routing::Settings& settings_;
    const ProbeQuestion& question_;
    Probe result_;
    unsigned connections_ = 0;
    bool any_exchanger_ = false;
};

}  // namespace

std::optional<routing::NextHop> read_target(std::string_view words, bool by_mx) {
    routing::Relay relay{IpAddress(), 25, by_mx};
    std::string_view host = words;
    std::optional<IpAddress> address = IpAddress::parse(words);
    std::string_view after;
    if (!address && words.starts_with('[')) {
        const std::size_t end = words.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        address = routing::parse_address(words.substr(0, end + 1));
        if (!address) return std::nullopt;
        after = words.substr(end + 1);
    } else if (!address) {
        host = words.substr(0, words.find(':'));
        after = words.substr(host.size());
        address = IpAddress::parse(host);
    }
    if (!after.empty()) {
        const std::optional<std::uint16_t> port =
            after.front() == ':' ? routing::parse_port(after.substr(1)) : std::nullopt;
        if (!port) return std::nullopt;
        relay.port = *port;
    }
    if (address) {
        relay.host = *address;
        if (by_mx) return std::nullopt;
        return relay;
    }
    std::optional<dns::Domain> name = dns::Domain::parse(host);
    if (!name) return std::nullopt;
    if (by_mx && after.empty()) return routing::NextHop(std::move(*name));
    relay.host = std::move(*name);
    return relay;
}

bool Probe::good() const {
    return !failure && !sessions.empty() &&
           std::ranges::none_of(sessions, [](const Probed& one) {
               return one.failure.has_value();
           });
}

Task<Probe> probe(Environment& environment, const routing::Settings& settings,
                  const ProbeQuestion& question) {
    Probing probing(environment, settings, question);
    co_return co_await probing.run();
}

}  // namespace tern::explain
