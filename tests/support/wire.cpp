// A simulated TCP connection; see wire.hpp.
#include "support/wire.hpp"

#include <algorithm>

namespace tern::test {
namespace {

Failure gone(Woken woken) {
    if (woken == Woken::cancelled)
        return {Stage::start, Cause::cancelled, "the simulation is over"};
    return {Stage::start, Cause::timed_out, "nothing moved on the simulated wire in time"};
}

}  // namespace

Wire::Wire(Simulation& simulation, WireTraits traits)
    : simulation_(simulation),
      traits_(traits),
      from_client_(simulation),
      from_server_(simulation) {}

bool Wire::is_reset(Side side) const {
    const auto& at = side == Side::client ? reset_at_client_ : reset_at_server_;
    return at && *at <= simulation_.now();
}

void Wire::reset_reaches(Side side, Duration after) {
    auto& at = side == Side::client ? reset_at_client_ : reset_at_server_;
    const Time when = simulation_.now() + after;
    if (at && *at <= when) return;
    at = when;
    simulation_.schedule(when, [this, side] {
        flow_of(side).writable.notify();
        flow_of(opposite(side)).readable.notify();
    });
}

// Bytes stay in order however their delays fall.
Time Wire::arrival(Flow& flow) {
    flow.last_arrival = std::max(
        flow.last_arrival, simulation_.now() + simulation_.random().up_to(traits_.longest_delay));
    return flow.last_arrival;
}

std::size_t Wire::take(Side reader, std::span<char> into) {
    Flow& flow = flow_of(opposite(reader));
    std::size_t most = into.size();
    constexpr std::size_t flood = 100UL * 1024;  // short reads of that much would teach nothing
    if (traits_.short_reads && flow.held < flood && !simulation_.random().once_in(3))
        most = 1 + simulation_.random().below(
                       static_cast<std::uint32_t>(std::min<std::size_t>(most, 600)));
    most = std::min(most, into.size());
    std::size_t taken = 0;
    while (taken < most && !flow.chunks.empty() &&
           flow.chunks.front().arrives <= simulation_.now()) {
        std::string& bytes = flow.chunks.front().bytes;
        const std::size_t part = std::min(most - taken, bytes.size());
        std::copy_n(bytes.begin(), part, into.begin() + static_cast<std::ptrdiff_t>(taken));
        taken += part;
        if (part == bytes.size()) flow.chunks.pop_front();
        else bytes.erase(0, part);
    }
    flow.held -= taken;
    if (taken > 0) flow.writable.notify();
    return taken;
}

bool Wire::has_ended(Side reader) const {
    const Flow& flow = flow_of(opposite(reader));
    return flow.writer_gone && flow.chunks.empty() && flow.end_arrives <= simulation_.now();
}

bool Wire::is_readable(Side reader) const {
    const Flow& flow = flow_of(opposite(reader));
    const bool holds =
        !flow.chunks.empty() && flow.chunks.front().arrives <= simulation_.now();
    return holds || is_reset(reader) || has_ended(reader);
}

// The kernel reports room once a third of its buffer is free.
bool Wire::is_writable(Side writer) const {
    const Flow& flow = flow_of(writer);
    return is_reset(writer) || flow.reader_gone || 3 * flow.held <= 2 * traits_.window;
}

Task<std::size_t> Wire::read(Side reader, std::span<char> into, Deadline deadline) {
    for (;;) {
        const std::size_t taken = take(reader, into);
        if (taken > 0) co_return taken;
        if (is_reset(reader))
            co_return Failure(Stage::start, Cause::closed, "the connection was reset");
        if (has_ended(reader)) co_return std::size_t(0);
        const Woken woken = co_await flow_of(opposite(reader)).readable.wait(deadline);
        if (woken != Woken::yes) co_return gone(woken);
    }
}

std::size_t Wire::put(Side writer, std::string_view bytes) {
    Flow& flow = flow_of(writer);
    std::size_t part = bytes.size();
    // Until the reset has come back the kernel takes bytes for a peer that is gone.
    // It comes after whatever the peer had sent before.
    if (flow.reader_gone)
        reset_reaches(writer, std::max(simulation_.random().up_to(traits_.longest_delay),
                                       flow_of(opposite(writer)).last_arrival -
                                           simulation_.now()));
    else part = std::min(part, traits_.window - std::min(traits_.window, flow.held));
    if (part == 0) return 0;
    flow.log += bytes.substr(0, part);
    if (!flow.reader_gone) {
        flow.held += part;
        flow.chunks.push_back(Flow::Chunk{arrival(flow), std::string(bytes.substr(0, part))});
        simulation_.schedule(flow.last_arrival, [&flow] { flow.readable.notify(); });
    }
    return part;
}

Task<Done> Wire::write(Side writer, std::string_view bytes, Deadline deadline, Duration idle) {
    Flow& flow = flow_of(writer);
    if (deadline != flow.asked) flow.asked = flow.until = deadline;
    for (;;) {
        if (is_reset(writer))
            co_return Failure(Stage::start, Cause::closed, "the connection was reset");
        bytes.remove_prefix(put(writer, bytes));
        if (bytes.empty()) co_return Done();
        const Woken woken = co_await flow.writable.wait(flow.until);
        if (woken != Woken::yes) co_return gone(woken);
        if (idle > Duration::zero()) flow.until = std::max(flow.until, simulation_.now() + idle);
    }
}

std::size_t Wire::unsent(Side writer) const {
    const std::size_t held = flow_of(writer).held;
    return held - std::min(held, traits_.receive_buffer);
}

// A kernel that still holds unread bytes when its program closes answers with a reset.
void Wire::close(Side side) {
    Flow& outgoing = flow_of(side);
    Flow& incoming = flow_of(opposite(side));
    if (outgoing.writer_gone) return;
    outgoing.writer_gone = true;
    outgoing.end_arrives = arrival(outgoing);
    simulation_.schedule(outgoing.end_arrives, [&outgoing] { outgoing.readable.notify(); });
    incoming.reader_gone = true;
    if (incoming.held > 0) reset_reaches(opposite(side), outgoing.end_arrives - simulation_.now());
    incoming.chunks.clear();
    incoming.held = 0;
}

void Wire::reset(Side side) {
    Flow& outgoing = flow_of(side);
    close(side);
    reset_reaches(opposite(side), simulation_.random().up_to(traits_.longest_delay));
    const Time now = simulation_.now();
    std::erase_if(outgoing.chunks, [now](const Flow::Chunk& chunk) { return chunk.arrives > now; });
    outgoing.held = 0;
    for (const Flow::Chunk& chunk : outgoing.chunks) outgoing.held += chunk.bytes.size();
}

}  // namespace tern::test
