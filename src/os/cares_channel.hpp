// One c-ares channel, for one question to one server at a time. All that differs between c-ares
// 1.18 (Debian 12) and 1.34 (Debian 13) is in its source file.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <ares.h>
#include <poll.h>
#include <sys/uio.h>

#include "dns/look_up.hpp"
#include "os/resolv_conf.hpp"

namespace tern::os {

/// c-ares as transport alone: it opens sockets, compares id and question, reads what comes in over
/// TCP piece by piece. Whom to ask next, how long to wait, what is truncated and what is an answer
/// is decided in dns/look_up, as the two versions of c-ares differ in all of it. Each question
/// goes out from fresh sockets, and so from fresh random ports.
class CaresChannel {
public:
    /// Carries queries with or without EDNS, over UDP or TCP. Throws std::bad_alloc.
    CaresChannel(bool edns, bool tcp);
    CaresChannel(const CaresChannel&) = delete;
    CaresChannel& operator=(const CaresChannel&) = delete;
    ~CaresChannel() = default;

    /// Sends the request's query to `server`; both must live until it has ended or is cancelled.
    /// May end it at once. Throws std::bad_alloc.
    void send(dns::Request& request, const NameServer& server);
    void cancel() noexcept;

    [[nodiscard]] bool carries(const dns::Request& request) const {
        return request_ == &request;
    }
    /// Free, and made for requests of this kind.
    [[nodiscard]] bool suits(const dns::Request& request) const {
        return request_ == nullptr && !spent_ && edns_ == request.edns && tcp_ == request.tcp;
    }

    /// Carries nothing, and is to carry nothing any more.
    [[nodiscard]] bool is_spent() const { return request_ == nullptr && spent_; }

    /// Adds what it waits for.
    void add_waits(std::vector<pollfd>& waits) const;
    /// Takes what add_waits() added, with its revents. Throws std::bad_alloc.
    void process(std::span<const pollfd> waits);
    /// Ends the request for `trouble` (errno) of its wait.
    void fail(int trouble);

private:
    struct SocketFunctions;
    struct Answers;
    struct Destroy {
        void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
    };

    static void on_socket(void* self, ares_socket_t socket, int readable, int writable);
    void note_trouble() noexcept;
    void note_sent(const iovec* parts) noexcept;
    std::size_t complete_refusal(char* message, std::size_t length,
                                 std::size_t room) const noexcept;
    [[nodiscard]] bool may_be_answer(const char* message, std::size_t length) const noexcept;
    [[nodiscard]] std::string_view question() const noexcept;
    [[nodiscard]] static bool is_datagram(int socket) noexcept;
    void settle();

    const bool edns_;
    const bool tcp_;
    bool spent_ = false;  ///< c-ares changed its flags, or is in doubt
    dns::Request* request_ = nullptr;
    const NameServer* server_ = nullptr;
    std::array<pollfd, 8> sockets_{};  ///< those that c-ares has open
    std::size_t socket_count_ = 0;
    unsigned datagrams_sent_ = 0;
    std::array<char, 2> sent_id_{};  ///< of the query on the wire: 1.34 chooses its own
    // What the callback saw: it is called through C, where nothing may be thrown.
    bool has_ended_ = false;
    bool no_memory_ = false;
    int status_ = ARES_SUCCESS;
    int trouble_ = 0;         ///< errno of the last call that failed
    bool no_socket_ = false;  ///< that call was socket(2)
    /// Last: as it goes, it still calls back.
    std::unique_ptr<ares_channeldata, Destroy> channel_;
};

}  // namespace tern::os
