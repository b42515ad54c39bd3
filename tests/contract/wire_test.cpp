// The Stream contract on the simulated wire, in virtual time.
#include "support/wire.hpp"

#include "contract/stream_contract.hpp"

namespace tern::test {
namespace {

class WireHost {
public:
    Stream& stream() { return ours_; }
    const Clock& clock() { return simulation_; }
    template <class T>
    Result<T> run(Task<T> task) {
        task.start();
        while (!task.finished())
            if (!simulation_.step()) throw std::runtime_error("nothing is left to run");
        return task.take();
    }

    void peer_says(std::string_view bytes) {
        run(theirs_.write(bytes, Deadline::max())).value();
        let_it_arrive();
    }
    void peer_begins_to_hear(std::size_t count) {
        hearing_.emplace(hear(count));
        hearing_->start();
    }
    std::string peer_heard() {
        while (!hearing_->finished())
            if (!simulation_.step()) throw std::runtime_error("nothing is left to run");
        return hearing_->take().value_or("");
    }
    void peer_closes() {
        wire_->close(Side::server);
        let_it_arrive();
    }
    void peer_vanishes() {
        wire_->reset(Side::server);
        let_it_arrive();
    }

private:
    Task<std::string> hear(std::size_t count) {
        std::string heard;
        while (heard.size() < count) {
            const std::span<char> into = std::span(buffer_).first(
                std::min(buffer_.size(), count - heard.size()));
            const std::size_t got = co_await theirs_.read_some(into, Deadline::max());
            if (got == 0) break;
            heard.append(buffer_.data(), got);
        }
        co_return heard;
    }
    void let_it_arrive() { run(simulation_.sleep(std::chrono::seconds(1))).value(); }

    Simulation simulation_{1};
    std::shared_ptr<Wire> wire_ = std::make_shared<Wire>(simulation_, WireTraits());
    WireEnd ours_{wire_, Side::client};
    WireEnd theirs_{wire_, Side::server};
    std::array<char, 64UL * 1024> buffer_{};
    std::optional<Task<std::string>> hearing_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(SimulatedWire, StreamContract, WireHost);

}  // namespace
}  // namespace tern::test
