// Non-blocking reads and writes, with OpenSSL on the socket itself.
#include "sink/connection.hpp"

#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sink/conversation.hpp"
#include "sink/endpoint.hpp"
#include "sink/qmtp_conversation.hpp"
#include "sink/server_context.hpp"

namespace tern::sink {

namespace {

constexpr int reads_in_a_turn = 16;  // then the other connections have theirs
constexpr unsigned char tls_handshake_record = 0x16;

std::unique_ptr<Dialogue> make_dialogue(const Settings& settings, Journal& journal, int socket,
                                        Connection::Protocol protocol) {
    const PeerNames names = {to_text(far_end(socket)), to_text(local_end(socket))};
    if (protocol == Connection::Protocol::qmtp)
        return std::make_unique<QmtpConversation>(settings, journal, names);
    return std::make_unique<Conversation>(settings, journal, names,
                                          protocol == Connection::Protocol::smtps);
}

}  // namespace

Connection::Connection(Descriptor socket, const Settings& settings, Journal& journal,
                       SSL_CTX* context, Protocol protocol)
    : socket_(std::move(socket)),
      journal_(journal),
      context_(context),
      dialogue_(make_dialogue(settings, journal, socket_.get(), protocol)),
      last_sign_of_life_(std::chrono::steady_clock::now()) {
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() {
    dialogue_->ended(gave_up_);
}

void Connection::begin_tls() {
    tls_ = make_server_session(context_, socket_.get());
    shaking_hands_ = true;
}

Connection::Wait Connection::shake_hands() {
    unsigned char first = 0;
    if (SSL_get_state(tls_.get()) == TLS_ST_BEFORE) {
        const ssize_t count = ::recv(socket_.get(), &first, 1, MSG_PEEK);
        if (count < 0 && errno == EAGAIN) return Wait::input;
        if (count == 1 && first != tls_handshake_record) {
            journal_.handshake_ended(false);
            dialogue_->clear_instead_of_tls();
            return Wait::over;
        }
    }
    ERR_clear_error();
    const int result = SSL_accept(tls_.get());
    if (result == 1) {
        shaking_hands_ = false;
        journal_.handshake_ended(true);
        greeted_ = true;  // in TLS from the first byte: tls_began() greets
        dialogue_->tls_began(facts_of(tls_.get()));
        return Wait::nothing_now;
    }
    switch (SSL_get_error(tls_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return Wait::input;
        case SSL_ERROR_WANT_WRITE:
            return Wait::output;
        default:
            // The alert is on its way already; there is nothing left to be said in this session.
            ERR_clear_error();
            journal_.handshake_ended(false);
            tls_.reset();
            return Wait::over;
    }
}

Connection::Transfer Connection::after_tls(int result) {
    switch (SSL_get_error(tls_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            blocked_on_output_ = false;
            return Transfer::blocked;
        case SSL_ERROR_WANT_WRITE:
            blocked_on_output_ = true;
            return Transfer::blocked;
        default:
            ERR_clear_error();
            return Transfer::over;
    }
}

Connection::Transfer Connection::send_output() {
    std::string& output = dialogue_->output();
    std::size_t sent = 0;
    while (sent < output.size()) {
        if (tls_) {
            ERR_clear_error();
            std::size_t count = 0;
            const int result =
                SSL_write_ex(tls_.get(), output.data() + sent, output.size() - sent, &count);
            if (result != 1) {
                output.erase(0, sent);
                return after_tls(result);
            }
            sent += count;
            continue;
        }
        const ssize_t count =
            ::send(socket_.get(), output.data() + sent, output.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            output.erase(0, sent);
            blocked_on_output_ = true;
            return errno == EAGAIN ? Transfer::blocked : Transfer::over;
        }
        sent += static_cast<std::size_t>(count);
    }
    output.clear();
    return Transfer::done;
}

Connection::Transfer Connection::read_some(std::span<char> buffer, std::size_t& count) {
    if (tls_) {
        ERR_clear_error();
        const int result = SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &count);
        return result == 1 ? Transfer::done : after_tls(result);
    }
    for (;;) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) {
            blocked_on_output_ = false;
            return Transfer::blocked;
        }
        if (got <= 0) return Transfer::over;
        count = static_cast<std::size_t>(got);
        return Transfer::done;
    }
}

void Connection::feed(std::string_view input) {
    const std::size_t taken = dialogue_->take(input);
    rest_.assign(input.substr(taken));
}

Connection::Wait Connection::go_on(std::span<char> buffer) {
    using Wish = Dialogue::Wish;
    if (gave_up_) return Wait::over;
    if (!greeted_ && dialogue_->wish() != Wish::tls) {
        greeted_ = true;
        dialogue_->greet();
    }
    for (int reads = 0; reads < reads_in_a_turn;) {
        if (shaking_hands_) {
            const Wait wait = shake_hands();
            if (wait != Wait::nothing_now) return wait;
        }
        if (dialogue_->wish() == Wish::pause) return Wait::pause;
        // Replies go out together when all that was read has been taken.
        if (!rest_.empty() && dialogue_->wish() == Wish::input)
            feed(std::exchange(rest_, std::string()));
        if (dialogue_->wish() == Wish::pause) continue;
        const Transfer sent = send_output();
        if (sent == Transfer::over) return Wait::over;
        if (sent == Transfer::blocked) return blocked_on_output_ ? Wait::output : Wait::input;
        if (dialogue_->wish() == Wish::close) {
            say_good_bye();
            return Wait::over;
        }
        if (dialogue_->wish() == Wish::tls) {
            if (!shaking_hands_) begin_tls();
            continue;
        }
        std::size_t count = 0;
        const Transfer read = read_some(buffer, count);
        if (read == Transfer::over) return Wait::over;
        if (read == Transfer::blocked) return blocked_on_output_ ? Wait::output : Wait::input;
        ++reads;
        last_sign_of_life_ = std::chrono::steady_clock::now();
        dialogue_->input_arrived();
        feed({buffer.data(), count});
    }
    return Wait::nothing_now;
}

void Connection::end_pause() {
    char byte = 0;
    const bool input_came =
        !tls_ && rest_.empty() && ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    dialogue_->resume(input_came);
    // A held reply goes out by itself, before what it holds back is taken.
    static_cast<void>(send_output());
}

void Connection::say_good_bye() {
    if (tls_) {
        ERR_clear_error();
        static_cast<void>(SSL_shutdown(tls_.get()));
        ERR_clear_error();
    }
    ::shutdown(socket_.get(), SHUT_WR);
}

}  // namespace tern::sink
