// One command, one reply: reading and writing with deadlines, and whether the session is in step.
// What replies mean is decided elsewhere.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/stream.hpp"
#include "session/observer.hpp"
#include "smtp/reply.hpp"

namespace tern::session {

/// What a look at the connection finds, without waiting.
enum class Heard {
    nothing,
    words,  ///< the server has sent something that nobody has read yet
    end,    ///< the connection is closed or broken
};

class Chat {
public:
    /// `patience` bounds each whole reply and each write (control/timeoutremote). `stream` must
    /// outlive the chat or be replaced by `use`. `observer`, where there is one, must outlive it.
    Chat(const Clock& clock, Stream& stream, Duration patience, Observer* observer = nullptr);

    /// Sends `command` (CR LF is added) and reads the reply, both within one `patience`. Fails with
    /// `stage`; causes: timed_out, closed, out_of_step (also when the server had already sent
    /// something before the command), tls.
    Task<smtp::Reply> ask(std::string command, Stage stage,
                          std::size_t kept = smtp::reported_text);
    /// Hands a group of commands to the kernel (RFC 2920); their replies are owed from then on.
    /// Fails as `ask` does. `group` must outlive the wait.
    Task<Done> say(std::string_view group, Stage stage);
    /// Reads one reply.
    Task<smtp::Reply> read_reply(Stage stage, std::size_t kept = smtp::reported_text);
    /// Hands all of `bytes` to the kernel within `patience`. When that fails, the failure tells the
    /// server's last words if it left any. `bytes` must outlive the wait.
    Task<Done> write(std::string_view bytes, Stage stage);
    /// Fails with out_of_step when the server has said something nobody asked for, with closed when
    /// it has hung up.
    Task<Done> expect_silence(Stage stage);
    Task<Heard> listen();
    /// The server's next bytes, for words that are no SMTP replies; none when it has hung up. They
    /// count as read, and hold until the next call. Fails with timed_out, closed, tls.
    Task<std::string_view> hear(Stage stage, Deadline by);

    /// Goes on over another stream (TLS); nothing unread may be left.
    void use(Stream& stream) { stream_ = &stream; }

    /// Whether a command may be said now: no reply is owed, and nothing broke.
    [[nodiscard]] bool in_step() const { return in_step_; }
    /// From here to the next complete reply no command may be said (the body is on its way).
    void leave_step() { in_step_ = false; }
    /// A handshake is complete: commands may follow.
    void enter_step() { in_step_ = true; }
    [[nodiscard]] Duration patience() const { return patience_; }
    [[nodiscard]] Deadline deadline() const { return clock_.now() + patience_; }

private:
    Failure broken(Stage stage, Failure why);

    const Clock& clock_;
    Stream* stream_;
    const Duration patience_;
    Observer* const observer_;
    bool in_step_ = true;
    std::string_view unread_;
    std::array<char, 1024> buffer_;  // two of the longest lines of replies (RFC 5321 4.5.3.1.5)
};

}  // namespace tern::session
