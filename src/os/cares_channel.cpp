// Questions and answers on the wire; see cares_channel.hpp.
#include "os/cares_channel.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <string>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "dns/message.hpp"
#include "os/error_words.hpp"

// From 1.34 on ares_send and ares_set_socket_functions are deprecated.
#define TERN_CARES_HAS_RECORDS (ARES_VERSION >= 0x012200)

namespace tern::os {
namespace {

constexpr std::size_t header_size = 12;  // RFC 1035 4.1.1
// The time-outs are dns/look_up's; c-ares' own must never come first.
constexpr std::chrono::milliseconds endless = std::chrono::hours(1);

// The interface of a link-local server: a name, or its number (RFC 4007 11.2).
std::uint32_t scope_of(const std::string& zone) {
    constexpr std::uint64_t highest = 0xffffffff;
    const std::optional<std::uint64_t> number = leading_number(zone, highest);
    if (number) return static_cast<std::uint32_t>(*number);
    return if_nametoindex(zone.c_str());
}

// Throws for lack of memory, c-ares' only trouble with options such as ours.
void check(int status) {
    if (status != ARES_SUCCESS) throw std::bad_alloc();
}

std::string place_of(const NameServer& server) {
    const std::string address = server.address.to_string();
    if (server.address.family() == Family::ipv4) return concat(address, ":", server.port);
    std::string place = concat("[", address, "]:", server.port);
    // 1.34 leaves out link-local servers without an interface. The true one is given to the kernel
    // in SocketFunctions::connect.
    if (TERN_CARES_HAS_RECORDS && server.address.is_never_dialled()) place += "%any";
    return place;
}

}  // namespace

// What c-ares calls instead of socket(2) and its kin. Nothing here throws.
struct CaresChannel::SocketFunctions {
    static CaresChannel& channel(void* self) { return *static_cast<CaresChannel*>(self); }

    static int open(int family, int type, int protocol, void* self) {
        const int socket = ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        if (socket < 0) {
            channel(self).trouble_ = errno;
            channel(self).no_socket_ = true;
        }
        return socket;
    }

    static int close(int socket, void*) { return ::close(socket); }

    // c-ares 1.18 drops the scope of an address, without which link-local servers are not reached.
    static int connect(int socket, const sockaddr* to, socklen_t length, void* self) {
        sockaddr_storage target{};
        std::memcpy(&target, to, std::min<std::size_t>(length, sizeof target));
        const NameServer& server = *channel(self).server_;
        if (to->sa_family == AF_INET6 && server.address.is_never_dialled()) {
            const std::uint32_t scope = scope_of(server.zone);
            constexpr std::size_t at = offsetof(sockaddr_in6, sin6_scope_id);
            std::memcpy(reinterpret_cast<char*>(&target) + at, &scope, sizeof scope);
        }
        const int result = ::connect(socket, reinterpret_cast<const sockaddr*>(&target), length);
        if (result < 0 && errno != EINPROGRESS) channel(self).note_trouble();
        return result;
    }

    static ssize_t receive(int socket, void* into, std::size_t size, int flags, sockaddr* from,
                           socklen_t* from_length, void* self) {
        const socklen_t room = from_length == nullptr ? 0 : *from_length;
        constexpr int most_strays = 64;
        for (int strays = 0; strays < most_strays; ++strays) {
            if (from_length != nullptr) *from_length = room;
            const ssize_t got = ::recvfrom(socket, into, size, flags, from, from_length);
            if (got < 0 && errno != EAGAIN) channel(self).note_trouble();
            if (got < 0 || !channel(self).is_datagram(socket)) return got;
            char* const message = static_cast<char*>(into);
            const std::size_t length = channel(self).complete_refusal(
                message, static_cast<std::size_t>(got), size);
            if (channel(self).may_be_answer(message, length)) return static_cast<ssize_t>(length);
        }
        errno = EAGAIN;
        return -1;
    }

    static ssize_t send(int socket, const iovec* parts, int count, void* self) {
        const bool is_datagram = channel(self).is_datagram(socket);
        if (is_datagram) channel(self).note_sent(parts);
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) channel(self).note_trouble();
        return sent;
    }

#if TERN_CARES_HAS_RECORDS
    static int set_option(int, ares_socket_opt_t, const void*, ares_socklen_t, void*) {
        errno = ENOSYS;
        return -1;
    }
    static int connect_ex(int socket, const sockaddr* to, ares_socklen_t length, unsigned,
                          void* self) {
        return connect(socket, to, length, self);
    }
    static ares_ssize_t send_to(int socket, const void* bytes, std::size_t size, int,
                                const sockaddr*, ares_socklen_t, void* self) {
        const iovec part{const_cast<void*>(bytes), size};
        return send(socket, &part, 1, self);
    }
    static unsigned any_index(const char*, void*) { return 1; }

    static void install(ares_channeldata* on, CaresChannel* self) {
        ares_socket_functions_ex functions{};
        functions.version = 1;
        functions.flags = ARES_SOCKFUNC_FLAG_NONBLOCKING;
        functions.asocket = open;
        functions.aclose = close;
        functions.asetsockopt = set_option;
        functions.aconnect = connect_ex;
        functions.arecvfrom = receive;
        functions.asendto = send_to;
        functions.aif_nametoindex = any_index;
        check(ares_set_socket_functions_ex(on, &functions, self));
    }
#else
    static void install(ares_channeldata* on, CaresChannel* self) {
        static const ares_socket_functions functions{open, close, connect, receive, send};
        ares_set_socket_functions(on, &functions, self);
    }
#endif
};

// How a query goes in and an answer comes out.
struct CaresChannel::Answers {
    static void take(CaresChannel& channel, int status, std::string_view bytes) noexcept {
        if (channel.request_ == nullptr || channel.has_ended_) return;
        channel.has_ended_ = true;
        channel.status_ = status;
        channel.no_memory_ = status == ARES_ENOMEM;
        if (status != ARES_SUCCESS) return;
        try {
            channel.request_->answer.assign(bytes);
        } catch (const std::bad_alloc&) {
            channel.no_memory_ = true;
        }
    }

#if TERN_CARES_HAS_RECORDS
    static void on_record(void* self, ares_status_t status, std::size_t,
                          const ares_dns_record_t* record) {
        unsigned char* bytes = nullptr;
        std::size_t size = 0;
        if (status == ARES_SUCCESS) status = ares_dns_write(record, &bytes, &size);
        const std::string_view written(reinterpret_cast<const char*>(bytes), size);
        take(*static_cast<CaresChannel*>(self), static_cast<int>(status), written);
        ares_free_string(bytes);
    }

    static void send(CaresChannel& channel, const std::string& query) {
        ares_dns_record_t* record = nullptr;
        check(ares_dns_parse(reinterpret_cast<const unsigned char*>(query.data()), query.size(), 0,
                             &record));
        // Trouble is reported to the callback as well.
        static_cast<void>(
            ares_send_dnsrec(channel.channel_.get(), record, on_record, &channel, nullptr));
        ares_dns_record_destroy(record);
    }

    // It sent an id of its own, and has compared that.
    static void restore_id(dns::Request& request) {
        if (request.answer.size() >= 2) request.answer.replace(0, 2, request.query, 0, 2);
    }
#else
    static void on_bytes(void* self, int status, int, unsigned char* bytes, int size) {
        const std::string_view message(reinterpret_cast<const char*>(bytes),
                                       static_cast<std::size_t>(size));
        take(*static_cast<CaresChannel*>(self), status, message);
    }

    static void send(CaresChannel& channel, const std::string& query) {
        ares_send(channel.channel_.get(), reinterpret_cast<const unsigned char*>(query.data()),
                  static_cast<int>(query.size()), on_bytes, &channel);
    }

    static void restore_id(dns::Request&) {}
#endif
};

// Every option that c-ares would otherwise seek in /etc/resolv.conf, the environment or the host's
// name is given, if only as "none". What is truncated, and codes of failure, come back as they are.
CaresChannel::CaresChannel(bool edns, bool tcp) : edns_(edns), tcp_(tcp) {
    ares_options options{};
    options.flags = ARES_FLAG_IGNTC | ARES_FLAG_NOCHECKRESP;
    // 1.18 cuts answers at 512 bytes where it does not know of EDNS.
    if (edns) options.flags |= ARES_FLAG_EDNS;
    if (tcp) options.flags |= ARES_FLAG_USEVC;
    options.ednspsz = static_cast<int>(dns::edns_size);
    options.timeout = static_cast<int>(endless.count());
    options.tries = 1;
    options.ndots = 1;
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    char lookups[] = "b";
    options.lookups = lookups;
    char nowhere[] = "/dev/null";
    options.resolvconf_path = nowhere;
    int given = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                ARES_OPT_NDOTS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE | ARES_OPT_SERVERS |
                ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_RESOLVCONF;
#if TERN_CARES_HAS_RECORDS
    options.maxtimeout = options.timeout;
    options.qcache_max_ttl = 0;
    given |= ARES_OPT_MAXTIMEOUTMS | ARES_OPT_QUERY_CACHE;
#endif
    ares_channeldata* made = nullptr;
    check(ares_init_options(&made, &options, given));
    channel_.reset(made);
    SocketFunctions::install(made, this);
}

void CaresChannel::send(dns::Request& request, const NameServer& server) {
    request_ = &request;
    server_ = &server;
    has_ended_ = no_memory_ = no_socket_ = false;
    trouble_ = 0;
    datagrams_sent_ = 0;
    request.state = dns::Request::State::waiting;
    // 1.34 shortens its time-out for a server that has answered quickly, if it remembers it.
    check(ares_set_servers_ports_csv(channel_.get(), ""));
    const std::string place = place_of(server);
    check(ares_set_servers_ports_csv(channel_.get(), place.c_str()));
    Answers::send(*this, request.query);
    settle();
}

void CaresChannel::cancel() noexcept {
    if (request_ != nullptr) request_->state = dns::Request::State::idle;
    request_ = nullptr;
    ares_cancel(channel_.get());
}

void CaresChannel::on_socket(void* self, ares_socket_t socket, int readable, int writable) {
    CaresChannel& channel = *static_cast<CaresChannel*>(self);
    const std::span known(channel.sockets_.data(), channel.socket_count_);
    const auto found = std::ranges::find(known, socket, &pollfd::fd);
    const auto events =
        static_cast<short>((readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0));
    if (found != known.end() && events == 0) {
        *found = known.back();
        --channel.socket_count_;
    } else if (found != known.end()) {
        found->events = events;
    } else if (events != 0 && channel.socket_count_ < channel.sockets_.size()) {
        channel.sockets_[channel.socket_count_++] = pollfd{socket, events, 0};
    }
}

void CaresChannel::add_waits(std::vector<pollfd>& waits) const {
    if (request_ == nullptr) return;
    waits.insert(waits.end(), sockets_.begin(),
                 sockets_.begin() + static_cast<std::ptrdiff_t>(socket_count_));
}

void CaresChannel::process(std::span<const pollfd> waits) {
    for (const pollfd& wait : waits) {
        const int events = wait.revents;
        if (events == 0) continue;
        const bool broken = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
        const bool in = broken || (events & POLLIN) != 0;
        const bool out = (wait.events & POLLOUT) != 0 && (broken || (events & POLLOUT) != 0);
        ares_process_fd(channel_.get(), in ? wait.fd : ARES_SOCKET_BAD,
                        out ? wait.fd : ARES_SOCKET_BAD);
    }
    settle();
}

void CaresChannel::fail(int trouble) {
    trouble_ = trouble;
    no_socket_ = false;
    has_ended_ = true;
    status_ = ARES_ECONNREFUSED;
    settle();
}

void CaresChannel::settle() {
    if (request_ == nullptr || !has_ended_) return;
    dns::Request& request = *request_;
    request_ = nullptr;
    // c-ares leaves EDNS out by itself when a server answers FORMERR; 1.18 does so permanently.
    request.edns_was_refused = edns_ && datagrams_sent_ > 1;
    spent_ = spent_ || request.edns_was_refused || status_ != ARES_SUCCESS;
    request.state = dns::Request::State::failed;
    if (no_memory_) throw std::bad_alloc();
    if (status_ == ARES_SUCCESS) {
        Answers::restore_id(request);
        request.state = dns::Request::State::answered;
    } else if (status_ == ARES_EBADRESP) {
        request.answer.clear();  // 1.34 reads the answer first; what it refuses is malformed
        request.state = dns::Request::State::answered;
    } else if (no_socket_ && trouble_ != EAFNOSUPPORT) {
        request.is_local_trouble = true;
        request.why = concat("cannot open a socket to ask a name server: ", error_words(trouble_));
    } else {
        request.why = concat("cannot be reached: ",
                             trouble_ != 0 ? error_words(trouble_) : "it closed the connection");
    }
}

void CaresChannel::note_trouble() noexcept {
    trouble_ = errno;
    no_socket_ = false;
}

void CaresChannel::note_sent(const iovec* parts) noexcept {
    ++datagrams_sent_;
    if (parts->iov_len >= sent_id_.size())
        std::memcpy(sent_id_.data(), parts->iov_base, sent_id_.size());
}

// RFC 6891 7: a server may refuse a query with its header alone. c-ares drops what lacks the
// question, so the refusal gets it back. Returns the message's length.
std::size_t CaresChannel::complete_refusal(char* message, std::size_t length,
                                           std::size_t room) const noexcept {
    if (request_ == nullptr || !dns::is_bare_refusal(std::string_view(message, length)))
        return length;
    const std::string_view question = this->question();
    if (header_size + question.size() > room) return length;
    constexpr std::string_view one_question("\0\1\0\0\0\0\0\0", 8);
    std::ranges::copy(one_question, message + 4);
    std::ranges::copy(question, message + header_size);
    return header_size + question.size();
}

std::string_view CaresChannel::question() const noexcept {
    const std::string_view query = request_->query;
    return query.substr(header_size, query.size() - header_size - (edns_ ? dns::opt_size : 0));
}

// 1.34 takes any malformed datagram for the answer, 1.18 an empty one for the end of the server.
// Only a response with our id and our question can be the answer.
bool CaresChannel::may_be_answer(const char* message, std::size_t length) const noexcept {
    constexpr unsigned response = 0x80;
    if (request_ == nullptr) return false;
    const std::string_view question = this->question();
    if (length < header_size + question.size()) return false;
    return std::equal(sent_id_.begin(), sent_id_.end(), message) &&
           (static_cast<unsigned char>(message[2]) & response) != 0 &&
           equal_ignoring_case(std::string_view(message + header_size, question.size()), question);
}

bool CaresChannel::is_datagram(int socket) noexcept {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

}  // namespace tern::os
