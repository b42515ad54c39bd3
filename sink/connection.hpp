// One client on a socket, in clear or in TLS: carries bytes between it and a Dialogue, without ever
// blocking. The worker decides when to call it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sink/descriptor.hpp"
#include "sink/dialogue.hpp"
#include "sink/journal.hpp"
#include "sink/openssl_pointers.hpp"
#include "sink/settings.hpp"

namespace tern::sink {

class Connection {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// What is spoken, and whether in TLS from the first byte.
    enum class Protocol { smtp, smtps, qmtp };

    /// What it waits for.
    enum class Wait { input, output, pause, nothing_now, over };

    /// `context` may be null where there is no TLS. All references must outlive the connection.
    Connection(Descriptor socket, const Settings& settings, Journal& journal, SSL_CTX* context,
               Protocol protocol);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Goes on as far as it can; `buffer` is for what is read meanwhile. `nothing_now` means: there
    /// is more, call again after the others had their turn.
    Wait go_on(std::span<char> buffer);
    /// The pause is over.
    void end_pause();
    /// The client was silent for too long.
    void give_up() { gave_up_ = true; }

    int descriptor() const { return socket_.get(); }
    Time last_sign_of_life() const { return last_sign_of_life_; }

    /// The worker's notes: which events it asked the kernel for, and whether a pause is running.
    static constexpr std::uint32_t not_watched = ~std::uint32_t(0);
    std::uint32_t watched = not_watched;
    bool pause_is_counted = false;

private:
    enum class Transfer { done, blocked, over };

    Wait shake_hands();
    Transfer send_output();
    Transfer read_some(std::span<char> buffer, std::size_t& count);
    Transfer after_tls(int result);
    void feed(std::string_view input);
    void begin_tls();
    void say_good_bye();

    Descriptor socket_;
    Journal& journal_;
    SSL_CTX* context_;
    std::unique_ptr<Dialogue> dialogue_;
    OpenSslPointer<SSL> tls_;
    bool shaking_hands_ = false;
    bool greeted_ = false;
    bool gave_up_ = false;
    bool blocked_on_output_ = false;
    std::string rest_;  // read, not yet taken: at most one buffer
    Time last_sign_of_life_;
};

}  // namespace tern::sink
