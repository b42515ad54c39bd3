// One connection made: who may be called, from which address, and what the time-out table learns;
// see delivery.hpp.
#include <algorithm>

#include "base/text.hpp"
#include "delivery/delivery.hpp"

namespace tern::delivery {
namespace {

// Not the server's: it says nothing of it.
bool is_local_trouble(Connected outcome) {
    return outcome == Connected::resources || outcome == Connected::wrong_source;
}

// contract.md#tcpto: any outcome of the server's own but silence.
bool has_answered(Connected outcome) {
    return outcome == Connected::yes || outcome == Connected::refused;
}

}  // namespace

// Hosts that timed out recently are left out, and the report names them.
Task<std::vector<Endpoint>> Delivery::not_silent(const Exchanger& exchanger) {
    std::vector<Endpoint> candidates;
    for (const Endpoint& endpoint : exchanger.endpoints) {
        if (candidates.size() == most_connections) {
            unasked_ = true;
            break;
        }
        if (itinerary_.was_tried(endpoint)) continue;
        const TimeoutTable::Finding silence =
            co_await environment_.timeouts.look_up(endpoint.address);
        if (silence.skip) {
            note_unconnected(
                Peer{exchanger.name ? exchanger.name->ascii() : std::string(), endpoint},
                "skipped: timed out recently (see qmail-tcpto)");
            continue;
        }
        if (silence.listed) listed_.push_back(endpoint);
        candidates.push_back(endpoint);
    }
    co_return candidates;
}

const Result<routing::Source>& Delivery::source_of(Family family) {
    std::optional<Result<routing::Source>>& source = sources_[family == Family::ipv6 ? 1 : 0];
    if (!source)
        source = routing::find_source(settings_.sources, route_, request_.sender, family);
    return *source;
}

Result<std::vector<Target>> Delivery::targets_of(const Step& step) {
    std::vector<Target> targets;
    for (const Endpoint& endpoint : step.racing) {
        const Result<routing::Source>& source = source_of(endpoint.address.family());
        if (!source) return tl::unexpected<Failure>(source.error());
        targets.push_back(Target{endpoint, source->address});
    }
    return targets;
}

// No stream if no server answered. Fails only for local trouble.
Task<Connection> Delivery::connect(const Step& step) {
    const std::vector<Target> targets = co_await targets_of(step);
    if (route_.protocol == routing::Protocol::qmtp) co_await measure_for_qmtp();
    const Deadline latest = itinerary_.until().value_or(
        environment_.clock.now() + 2 * settings_.timeout_connect + std::chrono::seconds(1));
    DialResult dialled =
        co_await environment_.dialer.dial(targets, settings_.timeout_connect, latest);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const Endpoint& endpoint = targets[i].endpoint;
        if (dialled.each[i].outcome == Connected::timed_out)
            co_await environment_.timeouts.note_timeout(endpoint.address);
        else if (has_answered(dialled.each[i].outcome) &&
                 std::ranges::find(listed_, endpoint) != listed_.end())
            co_await environment_.timeouts.note_answer(endpoint.address);
    }
    co_return note_dialled(step, targets, std::move(dialled));
}

tl::unexpected<Failure> Delivery::local_trouble(const DialResult::Each& each, Family family) {
    if (each.outcome == Connected::resources)
        return fail(Stage::connect, Cause::resources, each.why);
    return fail(Stage::connect, Cause::control_file,
                concat(source_of(family)->origin.to_string(), ": ", each.why));
}

Result<Connection> Delivery::note_dialled(const Step& step, const std::vector<Target>& targets,
                                          DialResult dialled) {
    std::vector<Endpoint> tried;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const DialResult::Each& each = dialled.each[i];
        if (each.outcome == Connected::not_tried) continue;
        const Endpoint& endpoint = targets[i].endpoint;
        tried.push_back(endpoint);
        if (is_local_trouble(each.outcome) && !dialled.stream)
            return local_trouble(each, endpoint.address.family());
        if (each.outcome != Connected::yes)
            note_unconnected(Peer{step.server_name, endpoint}, each.why);
    }
    itinerary_.note_dialled(step, tried, dialled.stream != nullptr);
    Connection connection;
    if (!dialled.stream) return connection;
    reached_ = true;
    connection.peer = Peer{step.server_name, targets[dialled.winner].endpoint};
    connection.source = targets[dialled.winner].source;
    connection.stream = std::move(dialled.stream);
    if (route_.protocol == routing::Protocol::qmtp) return connection;
    const Result<routing::Source>& source = source_of(connection.peer.endpoint.address.family());
    Result<std::string> hello = routing::hello_name_for(settings_.sources, *source,
                                                        settings_.hello_name, dialled.local);
    if (!hello) return tl::unexpected<Failure>(hello.error());
    connection.hello_name = std::move(*hello);
    return connection;
}

void Delivery::note_unconnected(const Peer& peer, std::string_view why) {
    unconnected_ += concat(peer.to_string(), ": ", why, "\n");
}

}  // namespace tern::delivery
