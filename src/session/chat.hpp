// One command, one reply: reading and writing with deadlines, and whether the session is in step.
// What replies mean is decided elsewhere.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/stream.hpp"
#include "session/observer.hpp"
#include "smtp/reply.hpp"

namespace tern::session {

/// What a look at the connection finds, without waiting.
enum class Pending {
    none,
    data,    ///< the server has sent something that has not been read yet
    closed,  ///< the connection is closed or broken
};

/// The time for one reply. Its clock begins when the kernel has sent what the reply answers
/// (contract.md#time), so it starts again for as long as the send queue shrinks.
struct ReplyTime {
    Time begun;
    Deadline by;
    Deadline look;           ///< when the send queue is looked at next
    std::size_t unsent = 0;  ///< what it held at the last look
};

class Chat {
public:
    /// `timeout` bounds each whole reply and each write (control/timeoutremote). `stream` must
    /// outlive the chat or be replaced by `use`. `observer`, where there is one, must outlive it.
    Chat(const Clock& clock, Stream& stream, Duration timeout, Observer* observer = nullptr);

    /// Sends `command` (CR LF is added) and reads the reply, each within one `timeout`. Fails with
    /// `stage`; causes: timed_out, closed, protocol_error (also when the server had already sent
    /// something before the command), rejected when that was a 421, tls.
    Task<smtp::Reply> ask(std::string command, Stage stage,
                          std::size_t kept = smtp::reported_text);
    /// Hands a group of commands to the kernel (RFC 2920); their replies are owed from then on.
    /// Fails as `ask` does. `group` must outlive the wait.
    Task<Done> say(std::string_view group, Stage stage);
    /// Reads one reply. Of an invalid greeting the failure has the first line as its reply.
    Task<smtp::Reply> read_reply(Stage stage, std::size_t kept = smtp::reported_text);
    /// Hands all of `bytes` to the kernel within `timeout`. When that fails, the failure has the
    /// server's last words if it left any. `bytes` must outlive the wait.
    Task<Done> write(std::string_view bytes, Stage stage);
    /// Fails with protocol_error when the server has sent something that answers nothing, with
    /// rejected when that is a 421 (RFC 5321 3.8 lets a server send it at any time), with closed
    /// when it has hung up.
    Task<Done> expect_silence(Stage stage);
    Task<Pending> peek();
    /// The server's next bytes, for words that are no SMTP replies; none when it has hung up. They
    /// count as read, and hold until the next call. Fails with timed_out, closed, tls. `time` must
    /// outlive the wait.
    Task<Done> read_to_line_end(std::string& words, Deadline by);
    Task<std::string_view> hear(Stage stage, ReplyTime& time);

    /// Goes on over another stream (TLS); nothing unread may be left.
    void use(Stream& stream);
    /// No wait lasts beyond `latest`, whatever `timeout` says.
    void bound(std::optional<Deadline> latest) { latest_ = latest; }
    [[nodiscard]] bool is_bound() const { return latest_.has_value(); }

    /// Whether a command may be said now: no reply is owed, and nothing broke.
    [[nodiscard]] bool in_step() const { return in_step_; }
    /// From here to the next complete reply no command may be said (the body is on its way).
    void leave_step() { in_step_ = false; }
    /// A handshake is complete: commands may follow.
    void enter_step() { in_step_ = true; }
    [[nodiscard]] Duration timeout() const { return timeout_; }
    [[nodiscard]] Deadline deadline() const { return from(clock_.now()); }
    /// The time for a reply that is awaited from now on.
    [[nodiscard]] ReplyTime reply_time() const;
    /// How many complete replies were read so far.
    [[nodiscard]] std::size_t replies() const { return replies_; }

private:
    [[nodiscard]] Deadline from(Time now) const;
    [[nodiscard]] bool goes_on(ReplyTime& time, const Failure& why) const;
    Failure not_received(Stage stage, const ReplyTime& time, Failure why);
    Failure not_sent(Stage stage, Failure why);

    const Clock& clock_;
    Stream* stream_;
    const Duration timeout_;
    Observer* const observer_;
    std::optional<Deadline> latest_;
    std::size_t replies_ = 0;
    bool in_step_ = true;
    std::string_view unread_;
    std::array<char, 1024> buffer_;  // two of the longest lines of replies (RFC 5321 4.5.3.1.5)
};

/// The server's reply ends this conversation.
[[nodiscard]] Failure rejected(Stage stage, smtp::Reply reply);
/// RFC 5321 4.2.1: neither success nor refusal where only those make sense.
[[nodiscard]] Failure not_valid(Stage stage, std::string_view command, const smtp::Reply& reply);

}  // namespace tern::session
