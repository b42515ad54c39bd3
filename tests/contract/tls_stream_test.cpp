// The Stream contract on TLS over a real TCP connection, with OpenSSL's own server at the far end.
#include "tls/tls_stream.hpp"

#include <future>
#include <string>

#include <poll.h>

#include "contract/stream_contract.hpp"
#include "os/fd_stream.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "support/sockets.hpp"
#include "support/tls_peer.hpp"

namespace tern::test {
namespace {

const tls::ContextPtr& server() {
    static const Identity identity = make_identity({});
    static const tls::ContextPtr context = server_context(identity);
    return context;
}

class TlsHost {
public:
    TlsHost() : TlsHost(connected_pair()) {}

    Stream& stream() { return *stream_; }
    const Clock& clock() { return clock_; }
    template <class T>
    Result<T> run(Task<T> task) {
        return task.run();
    }

    void peer_says(std::string_view bytes) {
        std::size_t written = 0;
        if (SSL_write_ex(theirs_.get(), bytes.data(), bytes.size(), &written) != 1)
            throw std::runtime_error("the server cannot write");
        wait_until_it_arrived();
    }
    void peer_begins_to_hear(std::size_t count) {
        heard_ = std::async(std::launch::async, [this, count] { return hear(count); });
    }
    std::string peer_heard() { return heard_.get(); }
    void peer_closes() {
        SSL_shutdown(theirs_.get());
        wait_until_it_arrived();
    }
    void peer_vanishes() {
        reset(socket_);
        wait_until_it_arrived();
    }

private:
    explicit TlsHost(Pair pair)
        : ours_(pair.ours.get()),
          socket_(std::move(pair.theirs)),
          below_(std::move(pair.ours), reactor_, clock_),
          stream_(tls::TlsStream::make(below_, {}, {}, "mx.example").value()),
          theirs_(SSL_new(server().get())) {
        SSL_set_fd(theirs_.get(), socket_.get());
        std::future<int> accepted =
            std::async(std::launch::async, [this] { return SSL_accept(theirs_.get()); });
        stream_->handshake(clock_.now() + std::chrono::seconds(30)).run().value();
        // The client's Finished leaves with its first bytes; and a connection that breaks before
        // the server's first byte is a failed handshake, which is not what this suite is about.
        std::array<char, 8> byte{};
        stream_->write("!", clock_.now() + std::chrono::seconds(30)).run().value();
        if (accepted.get() != 1 || hear(1) != "!") throw std::runtime_error("no handshake");
        peer_says("!");
        stream_->read_some(byte, clock_.now() + std::chrono::seconds(30)).run().value();
    }

    std::string hear(std::size_t count) {
        std::string bytes(count, '\0');
        std::size_t have = 0;
        for (std::size_t got = 0; have < count; have += got)
            if (SSL_read_ex(theirs_.get(), &bytes[have], count - have, &got) != 1) break;
        bytes.resize(have);
        return bytes;
    }
    void wait_until_it_arrived() {
        pollfd wait{ours_, POLLIN, 0};
        if (os::wait_for({&wait, 1}, clock_, clock_.now() + std::chrono::seconds(30)) !=
            Readiness::ready)
            throw std::runtime_error("nothing arrives on loopback");
    }

    os::SystemClock clock_;
    os::PollReactor reactor_{clock_};
    int ours_;
    os::Descriptor socket_;
    os::FdStream below_;
    std::unique_ptr<tls::TlsStream> stream_;
    tls::SslPtr theirs_;
    std::future<std::string> heard_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Tls, StreamContract, TlsHost);

}  // namespace
}  // namespace tern::test
