// A reactor in virtual time: every wait suspends, deadlines pass on the simulated clock, and what
// runs on it are the coroutines of os themselves. It must not know what they do.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "base/task.hpp"
#include "environment/reactor.hpp"
#include "support/simulation.hpp"

namespace tern::test {

/// The moment at which a descriptor becomes ready is what poll(2) says after each event (of those
/// of a SimulatedNetwork, that says it), or for one that is held, the moment of its release.
class SimulatedReactor final : public Reactor {
public:
    explicit SimulatedReactor(Simulation& simulation) : simulation_(simulation) {}

    /// From now on `descriptor` is not ready, up to the release() of the number given.
    std::uint64_t hold(int descriptor);
    void release(std::uint64_t number);

    /// The wait of this number, counted from 0, is cancelled once it is suspended, and all that
    /// come after it end at once: a host that shuts down.
    void cancel_from(std::size_t number) { cancelled_from_ = number; }
    void cancel_none() { cancelled_from_ = std::numeric_limits<std::size_t>::max(); }
    /// Ends every wait now, and new ones at once.
    void cancel_all();
    /// Whether a wait has been cancelled, and so every further one.
    [[nodiscard]] bool is_cancelling() const { return begun_ > cancelled_from_; }
    /// `look` is given every wait that begins.
    void watch(std::function<void(Wait&)> look) { look_ = std::move(look); }
    /// How many waits began; the next one has this number.
    [[nodiscard]] std::size_t begun() const { return begun_; }
    /// How many are suspended now.
    [[nodiscard]] std::size_t waiting() const { return waits_.size(); }

    /// Runs what is due; false when nothing is left to run.
    bool step();
    /// Runs until `task` has ended; false when it waits for what never comes.
    template <class T>
    bool run(Task<T>& task) {
        task.start();
        while (!task.finished())
            if (!step()) return false;
        return true;
    }

private:
    struct Entry {
        std::uint64_t timer = 0;  // 0: none
        bool is_cancelled = false;
    };

    bool begin(Wait& wait) override;
    void end(Wait& wait, Readiness readiness);
    [[nodiscard]] bool is_ready(Wait& wait) const;

    Simulation& simulation_;
    std::function<void(Wait&)> look_;
    std::map<Wait*, Entry> waits_;
    std::map<int, std::uint64_t> held_;
    std::uint64_t last_hold_ = 0;
    std::size_t begun_ = 0;
    std::size_t cancelled_from_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace tern::test
