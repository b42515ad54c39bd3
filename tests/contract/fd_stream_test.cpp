// The Stream contract on a real TCP connection.
#include "os/fd_stream.hpp"

#include <future>
#include <string>
#include <thread>

#include "contract/stream_contract.hpp"
#include "os/readiness.hpp"
#include "os/system_clock.hpp"
#include "support/sockets.hpp"

namespace tern::test {
namespace {

class SocketHost {
public:
    SocketHost() : SocketHost(connected_pair()) {}

    Stream& stream() { return stream_; }
    const Clock& clock() { return clock_; }
    template <class T>
    Result<T> run(Task<T> task) {
        return task.run();
    }

    void peer_says(std::string_view bytes) {
        must(static_cast<int>(::send(theirs_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)),
             "send");
        wait_until_it_arrived();
    }
    void peer_begins_to_hear(std::size_t count) {
        heard_ = std::async(std::launch::async, [this, count] {
            std::string bytes(count, '\0');
            const ssize_t got = ::recv(theirs_.get(), bytes.data(), count, MSG_WAITALL);
            bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
            return bytes;
        });
    }
    std::string peer_heard() { return heard_.get(); }
    void peer_closes() {
        must(::shutdown(theirs_.get(), SHUT_WR), "shutdown");
        wait_until_it_arrived();
    }
    void peer_vanishes() {
        reset(theirs_);
        wait_until_it_arrived();
    }

private:
    explicit SocketHost(Pair pair)
        : ours_(pair.ours.get()),
          theirs_(std::move(pair.theirs)),
          stream_(std::move(pair.ours), clock_) {}

    void wait_until_it_arrived() {
        pollfd wait{ours_, POLLIN, 0};
        if (os::wait_for({&wait, 1}, clock_, clock_.now() + std::chrono::seconds(30)) !=
            os::Readiness::ready)
            throw std::runtime_error("nothing arrives on loopback");
    }

    os::SystemClock clock_;
    int ours_;
    os::Descriptor theirs_;
    os::FdStream stream_;
    std::future<std::string> heard_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sockets, StreamContract, SocketHost);

}  // namespace
}  // namespace tern::test
