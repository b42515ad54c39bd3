// A name server inside the test program, on a port of its own: what it answers is a function of the
// test. Real sockets on loopback, no zone, no names.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "os/descriptor.hpp"
#include "os/resolv_conf.hpp"

namespace tern::test {

/// A query as it arrived.
struct Query {
    std::string bytes;
    bool over_tcp = false;
    std::uint16_t from_port = 0;
};

/// Serves UDP, and TCP unless told not to, from construction to destruction.
class NameServer {
public:
    /// The messages that come back, each a datagram over UDP; none at all is silence.
    using Answers = std::vector<std::string>;
    using Script = std::function<Answers(const Query&)>;
    enum class Tcp { served, refused };

    explicit NameServer(Script script, Tcp tcp = Tcp::served, std::string address = "127.0.0.1");
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;
    ~NameServer();

    [[nodiscard]] os::NameServer place() const;
    [[nodiscard]] std::vector<Query> queries() const;

private:
    void serve();
    void answer_datagram();
    void converse();
    Answers ask_script(const Query& query);

    Script script_;
    std::string address_;
    std::uint16_t port_ = 0;
    os::Descriptor udp_;
    os::Descriptor tcp_;
    os::Descriptor stop_;
    mutable std::mutex mutex_;
    std::vector<Query> queries_;
    std::thread thread_;
};

}  // namespace tern::test
