// A scripted server: what it says and expects, in the order of the conversation. What it saw stays
// behind for the laws.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/server_login.hpp"
#include "support/server_record.hpp"
#include "support/server_tls.hpp"
#include "support/wire.hpp"

namespace tern::test {

/// The server's end of one connection. Every function fails when the client is gone.
class Peer {
public:
    Peer(Simulation& simulation, std::shared_ptr<Wire> wire, std::string label);

    /// Says lines; CR LF is put after the last, and a lone LF between becomes CR LF.
    Task<Done> says(std::string lines);
    /// Says bytes as they are. The transcript shows them, or `as`.
    Task<Done> says_raw(std::string bytes, std::string as = "");
    /// Reads one line, without its CR LF.
    Task<std::string> hears();
    /// Reads one line and fails unless it is this one.
    Task<Done> expects(std::string line);
    /// Begins AUTH with the client's command, for this user; then reads responses. Both tell if
    /// the client was right so far, or has to be asked.
    Task<ServerLogin::State> takes_auth(std::string command, std::string user, std::string secret);
    Task<ServerLogin::State> hears_response();
    [[nodiscard]] ServerLogin::State takes_response(std::string_view line) {
        return login_->respond(line);
    }
    /// Says the mechanism's next challenge.
    Task<Done> challenges();
    /// Reads so many bytes, whatever they are.
    Task<std::string> hears_bytes(std::size_t count);
    /// Waits until the client has said something, and leaves it unread.
    Task<Done> hears_anything();
    /// Drops what the client has said so far.
    void forgets() { unread_.clear(); }
    /// Reads BDAT's bytes after the command, which is `command`, and adds them to the message.
    /// Gives whether it was the last chunk.
    Task<bool> hears_chunk(std::string command);
    /// Reads a message and its end of data; gives it as it came.
    Task<std::string> hears_message();
    /// The handshake; from then on all is inside TLS.
    Task<Done> starts_tls(std::string name, Certificate kind);
    /// Inside TLS 1.2: asks for another handshake.
    Task<Done> asks_for_renegotiation();
    /// Reads on and says nothing more, until the client is gone.
    Task<Done> goes_mute();
    /// Does not even read.
    Task<Done> goes_deaf();
    void hangs_up();
    void resets();

    /// For the laws, when all is over: what the client wrote in clear, and inside TLS.
    struct Heard {
        std::string clear;
        std::string secured;
        bool tls_begun = false;
        /// Both, without the TLS records.
        [[nodiscard]] std::string all() const { return clear + secured; }
    };
    [[nodiscard]] Heard heard(bool tls_from_the_first_byte);

    ServerRecord record;
    [[nodiscard]] const std::string& label() const { return label_; }
    [[nodiscard]] Simulation& simulation() { return simulation_; }

private:
    Stream& stream() { return tls_ ? static_cast<Stream&>(*tls_) : *end_; }
    Task<Done> fill();

    Simulation& simulation_;
    std::shared_ptr<Wire> wire_;
    std::string label_;
    std::unique_ptr<WireEnd> end_;
    std::unique_ptr<ServerTls> tls_;
    std::unique_ptr<ServerLogin> login_;
    std::string unread_;
    std::string chunks_;
    char buffer_[4 * 1024];
};

using Script = std::function<Task<Done>(Peer&)>;

}  // namespace tern::test
