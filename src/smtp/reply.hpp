// Replies of a server: bytes in, one reply out. Bounded is what is kept, not what is believed.
// No I/O here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tern::smtp {

/// Bytes of a reply's text that a report keeps (contract.md#reports).
constexpr std::size_t reported_text = 5000;
/// Bytes after which a reply that has not ended puts the session out of step
/// (contract.md#replies).
constexpr std::size_t longest_reply = std::size_t{1} << 20;

/// One reply of one or several lines (RFC 5321 4.2).
struct Reply {
    int code = 0;
    /// The lines as received, codes included, each ended by LF; CRs are dropped, other bytes kept.
    std::string text;

    [[nodiscard]] bool positive() const { return code / 100 == 2; }
    [[nodiscard]] bool transient() const { return code / 100 == 4; }
    [[nodiscard]] bool permanent() const { return code / 100 == 5; }
    /// RFC 5321 3.8: the server is closing the channel, whatever was asked.
    [[nodiscard]] bool closing() const { return code == 421; }
};

/// Assembles one reply. A reply is lines of three digits (the first 2 to 5, the same code on each
/// line), then a blank or '-' and text, or nothing; LF ends a line, a CR before it is optional.
class ReplyReader {
public:
    enum class State { more, complete, malformed };

    /// `kept` bytes of text are kept of the reply, the rest is read and dropped.
    explicit ReplyReader(std::size_t kept = reported_text) : kept_(kept) {}

    /// Takes bytes from the front of `bytes` up to the end of the reply; gives how many it took.
    std::size_t feed(std::string_view bytes);

    [[nodiscard]] State state() const { return state_; }
    /// What is wrong with a malformed one, in words.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    /// The reply, complete or what there is of it.
    [[nodiscard]] const Reply& reply() const { return reply_; }
    [[nodiscard]] Reply take() { return std::move(reply_); }

private:
    bool begin_of_line(char c);
    void keep(std::string_view part);
    void malformed(std::string_view why);

    std::size_t kept_;
    std::size_t seen_ = 0;
    unsigned column_ = 0;  // 0..3: in the code; 4: in the text
    int code_ = 0;
    bool last_line_ = false;
    State state_ = State::more;
    Reply reply_;
    std::string trouble_;
};

}  // namespace tern::smtp
