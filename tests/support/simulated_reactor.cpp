// Suspended waits and virtual deadlines; see simulated_reactor.hpp.
#include "support/simulated_reactor.hpp"

#include <vector>

namespace tern::test {

std::uint64_t SimulatedReactor::hold(int descriptor) { return held_[descriptor] = ++last_hold_; }

void SimulatedReactor::release(std::uint64_t number) {
    std::erase_if(held_, [number](const auto& held) { return held.second == number; });
}

bool SimulatedReactor::begin(Wait& wait) {
    const std::size_t number = begun_++;
    if (look_) look_(wait);
    if (number > cancelled_from_) {
        wait.end(Readiness::cancelled);
        return true;
    }
    Entry& entry = waits_[&wait];
    entry.is_cancelled = number == cancelled_from_;
    const auto ended_by_time = [this, &wait] {
        Entry& over = waits_.at(&wait);
        over.timer = 0;
        end(wait, over.is_cancelled ? Readiness::cancelled : Readiness::timed_out);
    };
    if (entry.is_cancelled) entry.timer = simulation_.schedule(simulation_.now(), ended_by_time);
    else if (wait.deadline() != Deadline::max())
        entry.timer = simulation_.schedule(wait.deadline(), ended_by_time);
    return false;
}

void SimulatedReactor::cancel_all() {
    cancelled_from_ = 0;
    while (!waits_.empty()) end(*waits_.begin()->first, Readiness::cancelled);
}

// The waiter is resumed by an event of its own: no coroutine runs inside another one.
void SimulatedReactor::end(Wait& wait, Readiness readiness) {
    const Entry entry = waits_.at(&wait);
    waits_.erase(&wait);
    if (entry.timer != 0) simulation_.unschedule(entry.timer);
    wait.end(readiness);
    simulation_.schedule(simulation_.now(), [waiter = wait.waiter()] { waiter.resume(); });
}

bool SimulatedReactor::is_ready(Wait& wait) const {
    std::vector<pollfd> looks(wait.descriptors().begin(), wait.descriptors().end());
    for (pollfd& look : looks)
        if (held_.contains(look.fd)) look.fd = -1;
    if (::poll(looks.data(), looks.size(), 0) <= 0) return false;
    for (std::size_t i = 0; i < looks.size(); ++i) wait.descriptors()[i].revents = looks[i].revents;
    return true;
}

bool SimulatedReactor::step() {
    std::vector<Wait*> ready;
    for (const auto& [wait, entry] : waits_)
        if (!entry.is_cancelled && is_ready(*wait)) ready.push_back(wait);
    for (Wait* const wait : ready) end(*wait, Readiness::ready);
    return simulation_.step();
}

}  // namespace tern::test
