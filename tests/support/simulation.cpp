// Virtual time and suspended waits; see simulation.hpp.
#include "support/simulation.hpp"

#include <cstdio>

#include "base/text.hpp"

namespace tern::test {
namespace {

constexpr std::size_t longest_transcript = 256UL * 1024;  // bytes; only a failing test shows it

}  // namespace

std::uint32_t SeededRandom::below(std::uint32_t bound) {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    return static_cast<std::uint32_t>(mixed % bound);
}

Duration SeededRandom::up_to(Duration longest) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(longest).count();
    return std::chrono::microseconds(below(static_cast<std::uint32_t>(microseconds) + 1));
}

bool Signal::Waiting::await_ready() {
    if (signal_.simulation_.cancelling_) woken_ = Woken::cancelled;
    else if (deadline_ <= signal_.simulation_.now()) woken_ = Woken::timed_out;
    else return false;
    return true;
}

void Signal::Waiting::await_suspend(std::coroutine_handle<> waiter) {
    Simulation& simulation = signal_.simulation_;
    if (signal_.waiting_ != nullptr) simulation.complain("two coroutines wait for one signal");
    waiter_ = waiter;
    signal_.waiting_ = this;
    simulation.waits_.insert(this);
    if (deadline_ != Deadline::max())
        timer_ = simulation.schedule(deadline_, [this] {
            timer_ = 0;
            end(Woken::timed_out);
        });
}

// The waiter stays suspended until its event: no coroutine runs inside the call that woke it.
void Signal::Waiting::end(Woken woken) {
    Simulation& simulation = signal_.simulation_;
    signal_.waiting_ = nullptr;
    simulation.waits_.erase(this);
    if (timer_ != 0) simulation.unschedule(timer_);
    woken_ = woken;
    simulation.schedule(simulation.now(), [waiter = waiter_] { waiter.resume(); });
}

void Signal::notify() {
    if (waiting_ != nullptr) waiting_->end(Woken::yes);
}

std::chrono::seconds Simulation::since_epoch() const {
    constexpr std::chrono::seconds some_day{1'700'000'000};
    return some_day + std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch());
}

std::uint64_t Simulation::schedule(Time when, std::function<void()> what) {
    const Time at = std::max(when, now_);
    events_.emplace(std::pair(at, ++last_number_), std::move(what));
    times_.emplace(last_number_, at);
    return last_number_;
}

void Simulation::unschedule(std::uint64_t number) {
    const auto found = times_.find(number);
    if (found == times_.end()) return;
    events_.erase(std::pair(found->second, number));
    times_.erase(found);
}

Task<Done> Simulation::sleep(Duration how_long) {
    Signal nothing(*this);
    const Woken woken = co_await nothing.wait(now_ + how_long);
    if (woken == Woken::cancelled)
        co_return Failure(Stage::start, Cause::cancelled, "the simulation is over");
    co_return Done();
}

bool Simulation::step() {
    if (events_.empty()) return false;
    const auto first = events_.begin();
    now_ = first->first.first;
    const std::function<void()> what = std::move(first->second);
    times_.erase(first->first.second);
    events_.erase(first);
    what();
    return true;
}

void Simulation::cancel_all_waits() {
    cancelling_ = true;
    while (!waits_.empty()) (*waits_.begin())->end(Woken::cancelled);
}

void Simulation::note(std::string line) {
    if (transcript_bytes_ > longest_transcript) return;
    const auto past = now_.time_since_epoch() - std::chrono::hours(24);
    char time[40];
    std::snprintf(time, sizeof time, "%12.6f  ", std::chrono::duration<double>(past).count());
    transcript_bytes_ += line.size();
    transcript_.push_back(time + std::move(line));
}

std::string Simulation::transcript() const {
    std::string joined;
    for (const std::string& line : transcript_) joined += line + '\n';
    if (transcript_bytes_ > longest_transcript) joined += "(and so on)\n";
    return joined;
}

void Simulation::complain(std::string what) {
    note("COMPLAINT: " + what);
    complaints_.push_back(std::move(what));
}

std::string shown(std::string_view bytes, std::size_t most) {
    std::string words;
    for (const char c : bytes.substr(0, most)) {
        if (c == '\r') words += "\\r";
        else if (c == '\n') words += "\\n";
        else if (c >= ' ' && c <= '~') words += c;
        else {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(c));
            words += escape;
        }
    }
    if (bytes.size() > most) words += concat("... (", bytes.size(), " bytes)");
    return words;
}

}  // namespace tern::test
