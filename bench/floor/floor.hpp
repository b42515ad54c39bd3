// What plain and encrypted floor share: sockets and words, the body, the conversation. The floor
// says the same bytes as qmail-remote and nothing else: no control files, names, time-outs or care
// for what a server may do wrong. It is a measure, not a mail program.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace bench {

// qmail-remote's block and chunk; what is said must not differ from what it says.
constexpr std::size_t block = 32UL * 1024;
constexpr std::size_t chunk = 256UL * 1024;
constexpr std::size_t window = 8UL * 1024;

[[noreturn]] inline void give_up(const char* why) {
    static_cast<void>(!write(2, why, std::strlen(why)));
    static_cast<void>(!write(2, "\n", 1));
    _exit(1);
}

/// A connected socket, and its bytes in clear.
class Plain {
public:
    explicit Plain(const char* host) {
        char address[64];  // "[198.51.100.1]"
        const std::size_t length = std::strlen(host);
        if (length < 3 || length >= sizeof address) give_up("floor: no address literal");
        std::memcpy(address, host + 1, length - 2);
        address[length - 2] = '\0';
        sockaddr_in peer{};
        peer.sin_family = AF_INET;
        peer.sin_port = htons(25);
        if (inet_pton(AF_INET, address, &peer.sin_addr) != 1) give_up("floor: no IPv4 address");
        descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        void* const where = &peer;
        if (connect(descriptor_, static_cast<sockaddr*>(where), sizeof peer) != 0)
            give_up("floor: cannot connect");
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }

    void say(const char* bytes, std::size_t size) {
        while (size > 0) {
            const ssize_t sent = send(descriptor_, bytes, size, MSG_NOSIGNAL);
            if (sent <= 0) give_up("floor: cannot write");
            bytes += sent;
            size -= static_cast<std::size_t>(sent);
        }
    }
    std::size_t hear(char* room, std::size_t size) {
        const ssize_t got = recv(descriptor_, room, size, 0);
        if (got <= 0) give_up("floor: cannot read");
        return static_cast<std::size_t>(got);
    }
    void leave() {}

private:
    int descriptor_ = -1;
};

/// Reads replies line by line.
template <class Wire>
class Ear {
public:
    explicit Ear(Wire& wire) : wire_(wire) {}

    /// The first digit of the next reply has to be this one; gives its last line, or for EHLO all.
    std::string_view reply(char kind) {
        const std::size_t begin = taken_;
        std::size_t line = taken_;
        for (;;) {
            const void* const end = std::memchr(room_ + line, '\n', filled_ - line);
            if (end == nullptr) {
                if (filled_ == sizeof room_) give_up("floor: a reply is too long");
                filled_ += wire_.hear(room_ + filled_, sizeof room_ - filled_);
                continue;
            }
            const std::size_t next =
                static_cast<std::size_t>(static_cast<const char*>(end) - room_) + 1;
            const bool last = next - line < 4 || room_[line + 3] != '-';
            if (room_[line] != kind) give_up(room_);
            if (!last) {
                line = next;
                continue;
            }
            const std::string_view text(room_ + begin, next - begin);
            taken_ = next;
            if (taken_ == filled_) taken_ = filled_ = 0;
            if (taken_ > sizeof room_ / 2) {
                std::memmove(room_, room_ + taken_, filled_ - taken_);
                filled_ -= taken_;
                taken_ = 0;
            }
            return text;
        }
    }

private:
    Wire& wire_;
    std::size_t taken_ = 0;
    std::size_t filled_ = 0;
    char room_[16UL * 1024] = {};
};

/// LF to CR LF, and dots doubled where asked for.
class Body {
public:
    explicit Body(bool dots) : dots_(dots) {}

    std::size_t encode(const char* from, std::size_t size, char* const to) {
        const char* const end = from + size;
        char* out = to;
        while (from < end) {
            if (dots_ && at_line_start_ && *from == '.') *out++ = '.';
            const void* const found =
                std::memchr(from, '\n', static_cast<std::size_t>(end - from));
            const char* const stop = found ? static_cast<const char*>(found) : end;
            const auto length = static_cast<std::size_t>(stop - from);
            std::memcpy(out, from, length);
            out += length;
            at_line_start_ = found != nullptr;
            if (!found) break;
            *out++ = '\r';
            *out++ = '\n';
            from = stop + 1;
        }
        return static_cast<std::size_t>(out - to);
    }

private:
    const bool dots_;
    bool at_line_start_ = true;
};

struct Offers {
    bool pipelining, chunking, starttls, size;
};

inline Offers offers(std::string_view reply) {
    const auto has = [&](std::string_view word) { return reply.find(word) != reply.npos; };
    return {has("PIPELINING"), has("CHUNKING"), has("STARTTLS"), has("SIZE")};
}

constexpr std::string_view hello = "EHLO host.example\r\n";

/// Bytes of the message that standard input holds; 0 for a pipe.
inline std::size_t size_of_message() {
    struct stat facts {};
    if (fstat(0, &facts) != 0 || !S_ISREG(facts.st_mode)) return 0;
    return static_cast<std::size_t>(facts.st_size);
}

/// A block of standard input, less only at its end.
inline std::size_t read_block(char* room, std::size_t size) {
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t got = read(0, room + filled, size - filled);
        if (got < 0) give_up("floor: cannot read the message");
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    return filled;
}

/// Everything after EHLO; then the report of qmail-remote, byte for byte.
template <class Wire>
class Delivery {
public:
    Delivery(Wire& wire, Ear<Wire>& ear, const Offers& offered) : wire_(wire), ear_(ear),
                                                                  offered_(offered) {}

    void run(int count, char** arguments) {
        recipients_ = count - 3;
        const std::size_t size = size_of_message();
        append_form("MAIL FROM:<%s>", arguments[2]);
        if (offered_.size && size > 0) append_form(" SIZE=%zu", size);
        if (!(size > 0 && size < block)) append(" BODY=8BITMIME");
        append("\r\n");
        owed_ = 1;
        for (int i = 3; i < count; ++i) {
            if (wire_size_ + std::strlen(arguments[i]) + 16 > window) flush();
            append_form("RCPT TO:<%s>\r\n", arguments[i]);
            ++owed_;
        }
        const std::string_view said = offered_.chunking ? chunks(size) : data();
        report(arguments[1], said);
        wire_.say("QUIT\r\n", 6);
        wire_.leave();
    }

    /// The raw copy: the message has its CR LF already and goes as one chunk, unread.
    void copy(char** arguments) {
        append_form("MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nBDAT %zu LAST\r\n", arguments[2],
                    arguments[3], size_of_message());
        owed_ = 2;
        wire_.say(wire_room_, wire_size_);
        for (;;) {
            const std::size_t got = read_block(wire_room_, 2 * block);
            if (got == 0) break;
            wire_.say(wire_room_, got);
        }
        settle();
        recipients_ = 1;
        report(arguments[1], ear_.reply('2'));
        wire_.say("QUIT\r\n", 6);
        wire_.leave();
    }

private:
    template <class... Values>
    void append_form(const char* form, Values... values) {
        wire_size_ += static_cast<std::size_t>(
            std::snprintf(wire_room_ + wire_size_, sizeof wire_room_ - wire_size_, form,
                          values...));
    }
    void append(std::string_view text) {
        std::memcpy(wire_room_ + wire_size_, text.data(), text.size());
        wire_size_ += text.size();
    }
    void settle() {
        for (; owed_ > 0; --owed_) ear_.reply('2');
    }
    void flush() {
        wire_.say(wire_room_, wire_size_);
        wire_size_ = 0;
        settle();
    }

    std::string_view chunks(std::size_t size) {
        Body body(false);
        const bool known = size > 0 && size < block;
        std::size_t encoded = 0;
        for (bool ended = false, last = false; !last;) {
            while (!ended && encoded <= chunk) {
                const std::size_t got = read_block(message_, known ? size : block);
                ended = known || got < block;
                encoded += body.encode(message_, got, encoded_ + encoded);
            }
            last = ended && encoded <= chunk;
            const std::size_t now = last ? encoded : chunk;
            append_form(last ? "BDAT %zu LAST\r\n" : "BDAT %zu\r\n", now);
            std::memcpy(wire_room_ + wire_size_, encoded_, now);
            wire_.say(wire_room_, wire_size_ + now);
            wire_size_ = 0;
            encoded -= now;
            std::memmove(encoded_, encoded_ + now, encoded);
            ++owed_;
            // Replies of a long message must not fill the server's side.
            constexpr std::size_t many = 64;
            if (!last && owed_ >= many + static_cast<std::size_t>(recipients_))
                for (; owed_ > many / 2; --owed_) ear_.reply('2');
        }
        for (; owed_ > 1; --owed_) ear_.reply('2');
        return ear_.reply('2');
    }

    std::string_view data() {
        append("DATA\r\n");
        flush();
        ear_.reply('3');
        Body body(true);
        for (bool last = false; !last;) {
            const std::size_t got = read_block(message_, block);
            last = got < block;
            std::size_t encoded = body.encode(message_, got, encoded_);
            if (last) {
                std::memcpy(encoded_ + encoded, ".\r\n", 3);
                encoded += 3;
            }
            wire_.say(encoded_, encoded);
        }
        return ear_.reply('2');
    }

    void report(const char* host, std::string_view said) {
        wire_size_ = 0;
        for (int i = 0; i < recipients_; ++i) {
            wire_room_[wire_size_++] = 'r';
            wire_room_[wire_size_++] = '\0';
        }
        append_form("K%.*s accepted message.\nRemote host said: %.*s",
               static_cast<int>(std::strlen(host) - 2), host + 1,
               static_cast<int>(said.size() - 2), said.data());
        wire_room_[wire_size_++] = '\n';
        wire_room_[wire_size_++] = '\0';
        static_cast<void>(!write(1, wire_room_, wire_size_));
    }

    Wire& wire_;
    Ear<Wire>& ear_;
    const Offers offered_;
    int recipients_ = 0;
    std::size_t owed_ = 0;
    std::size_t wire_size_ = 0;
    static inline char message_[block];
    static inline char encoded_[chunk + 2 * block + 8];
    static inline char wire_room_[window + 64 + chunk];
};

}  // namespace bench
