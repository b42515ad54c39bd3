// Racing connects; see dialer.hpp.
#include "os/dialer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "os/error_words.hpp"

namespace tern::os {
namespace {

constexpr Duration head_start = std::chrono::milliseconds(250);  // RFC 8305 5

/// One endpoint's part in the race.
struct Attempt {
    Descriptor socket;  // none before it starts and after it ended
    Deadline until;
    bool cut_short = false;  // the overall deadline comes before its timeout is over
};

/// Who runs, who is next and who has won. It never waits: heed() takes what a wait found.
class Race {
public:
    Race(Connector& connector, std::span<const Target> targets, const Clock& clock,
         Duration timeout, Deadline deadline)
        : connector_(connector),
          targets_(targets),
          clock_(clock),
          timeout_(timeout),
          deadline_(deadline),
          attempts_(targets.size()) {
        result_.each.resize(targets.size());
    }

    /// Starts those whose turn it is. False when the race is over.
    bool goes_on() {
        if (!result_.stream) start_those_due();
        return !result_.stream && anyone_runs();
    }

    /// What to wait for, up to wakes().
    std::span<pollfd> waits() {
        waits_.clear();
        for (const Attempt& attempt : attempts_)
            waits_.push_back(pollfd{attempt.socket.get(), POLLOUT, 0});  // -1 is passed over
        return waits_;
    }

    [[nodiscard]] Deadline wakes() const {
        Deadline wake = Deadline::max();
        for (const Attempt& attempt : attempts_)
            if (attempt.socket) wake = std::min(wake, attempt.until);
        return next_ < attempts_.size() ? std::min(wake, next_start_) : wake;
    }

    /// Takes how the wait for waits() ended.
    void heed(Readiness readiness) {
        if (readiness == Readiness::failed) return end_all(errno);
        const Time now = clock_.now();
        for (std::size_t i = 0; i < attempts_.size() && !result_.stream; ++i) {
            if (!attempts_[i].socket) continue;
            if (readiness == Readiness::ready && waits_[i].revents != 0) look(i);
            else if (now >= attempts_[i].until) give_up(i);
        }
    }

    DialResult take() { return std::move(result_); }

private:
    // The next one starts with a head start for those before, or at once when none of them runs.
    void start_those_due() {
        while (!result_.stream && next_ < attempts_.size()) {
            const Time now = clock_.now();
            if (now >= deadline_ || (anyone_runs() && now < next_start_)) return;
            start(next_++, now);
            next_start_ = now + head_start;
        }
    }

    void start(std::size_t index, Time now) {
        Attempt& attempt = attempts_[index];
        attempt.cut_short = deadline_ - now < timeout_;
        attempt.until = attempt.cut_short ? deadline_ : now + timeout_;
        Connector::Begun begun = connector_.begin(targets_[index]);
        attempt.socket = std::move(begun.socket);
        if (!attempt.socket) return end(index, begun.outcome, std::move(begun.why));
        if (begun.outcome == Connected::yes) connected(index);
    }

    // The kernel has made up its mind about this one.
    void look(std::size_t index) {
        const int error = connector_.result_of(attempts_[index].socket.get());
        if (error == 0) connected(index);
        else end(index, error);
    }

    void connected(std::size_t index) {
        Attempt& attempt = attempts_[index];
        const std::optional<Endpoint> here = connector_.local_end(attempt.socket.get());
        // A connect to a port of our own in the ephemeral range can meet itself (simultaneous open,
        // RFC 9293 3.5): nothing listens there.
        if (here == targets_[index].endpoint)
            return end(index, Connected::refused, "connection refused (TCP self-connect)");
        if (here) result_.local = here->address;
        result_.stream = connector_.stream_over(std::move(attempt.socket));
        result_.winner = index;
        result_.each[index].outcome = Connected::yes;
    }

    void give_up(std::size_t index) {
        if (attempts_[index].cut_short)
            end(index, Connected::not_tried, "no time was left for further attempts");
        else
            end(index, ETIMEDOUT);
    }

    void end(std::size_t index, int error) {
        end(index, outcome_of_error(error), error_words(error));
    }

    void end(std::size_t index, Connected outcome, std::string why) {
        attempts_[index].socket.close();
        result_.each[index].outcome = outcome;
        result_.each[index].why = std::move(why);
        next_start_ = clock_.now();
    }

    void end_all(int error) {
        for (std::size_t i = 0; i < attempts_.size(); ++i)
            if (attempts_[i].socket) end(i, error);
    }

    [[nodiscard]] bool anyone_runs() const {
        return std::ranges::any_of(attempts_, [](const Attempt& a) { return bool(a.socket); });
    }

    Connector& connector_;
    std::span<const Target> targets_;
    const Clock& clock_;
    Duration timeout_;
    Deadline deadline_;
    std::vector<Attempt> attempts_;
    std::size_t next_ = 0;  // the first that has not started
    Time next_start_;
    std::vector<pollfd> waits_;
    DialResult result_;
};

}  // namespace

Task<DialResult> Dialer::dial(std::span<const Target> targets, Duration timeout,
                              Deadline deadline) {
    Race race(connector_, targets, clock_, timeout, deadline);
    while (race.goes_on()) {
        const Readiness readiness = co_await reactor_.wait(race.waits(), race.wakes());
        if (readiness == Readiness::cancelled) co_return cancelled();
        race.heed(readiness);
    }
    co_return race.take();
}

}  // namespace tern::os
