// Carries DNS questions to name servers and their answers back, with c-ares and a poll(2) loop of
// its own. It knows bytes, servers and patience; what an answer means is dns/message's affair.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <ares.h>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "os/resolv_conf.hpp"

namespace tern::os {

/// One query and what came back. It must outlive the channel that carries it.
struct Exchange {
    enum class State { idle, waiting, answered, unanswered };

    State state = State::idle;
    std::string query;
    std::string answer;  ///< when answered: the message; c-ares has compared its id and question
    std::string why;     ///< when unanswered: what happened, in words

    /// What was seen on the way. c-ares calls back through C, where nothing may be thrown: plain
    /// values only.
    struct Seen {
        int status = ARES_SUCCESS;
        int timeouts = 0;
        unsigned refusal = 0;    ///< the last response code that made c-ares go on, or 0
        bool truncated = false;  ///< an answer over UDP was
        bool no_memory = false;
        IpAddress by;  ///< who was heard last
    } seen;
};

/// A c-ares channel for one look-up: fresh sockets, and so fresh random source ports, each time.
/// c-ares 1.18 by itself heeds $RES_OPTIONS but not `options timeout:n`, gives ARES_ECONNREFUSED
/// after SERVFAIL and after trouble of our own, lets one question swallow another's ICMP error, and
/// cannot reach link-local servers: hence complete options, and socket functions of ours.
class CaresChannel {
public:
    /// Takes the servers in the order given. `conf` must outlive the channel. Throws
    /// std::bad_alloc.
    CaresChannel(const ResolvConf& conf, const Clock& clock);
    CaresChannel(const CaresChannel&) = delete;
    CaresChannel& operator=(const CaresChannel&) = delete;
    ~CaresChannel() = default;

    /// Sends `exchange.query`; an exchange that has ended may be used again.
    void send(Exchange& exchange);
    /// Waits until something happens, and lets it happen. At `deadline` every exchange that still
    /// waits ends unanswered. Throws std::bad_alloc.
    void turn(Deadline deadline);

private:
    struct SocketFunctions;
    struct Library {
        Library();
        Library(const Library&) = delete;
        Library& operator=(const Library&) = delete;
        ~Library() { ares_library_cleanup(); }
    };
    struct Destroy {
        void operator()(ares_channel channel) const { ares_destroy(channel); }
    };

    static void on_answer(void* exchange, int status, int timeouts, unsigned char* bytes,
                          int length);
    void note_trouble() noexcept;
    void note(const void* message, std::size_t length, int socket) noexcept;
    void wait_for_sockets(Deadline deadline);
    void settle_ended();
    [[nodiscard]] std::string reason(const Exchange::Seen& seen) const;

    const ResolvConf& conf_;
    const Clock& clock_;
    Time began_;
    std::vector<Exchange*> waiting_;
    int trouble_ = 0;         ///< errno of the last call that failed
    bool no_socket_ = false;  ///< that call was socket(2)
    Library library_;
    /// Last: as it goes, it still calls back.
    std::unique_ptr<ares_channeldata, Destroy> channel_;
};

}  // namespace tern::os
