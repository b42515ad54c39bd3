// Replies of a server: bytes in, one reply out. Bounded is what is kept, not what is believed.
// No I/O here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/reply.hpp"

namespace tern::smtp {

/// Bytes of a reply's text that a report keeps (contract.md#reports).
constexpr std::size_t reported_text = 5000;
/// Bytes after which a reply that has not ended puts the session out of step
/// (contract.md#replies).
constexpr std::size_t longest_reply = std::size_t{1} << 20;

using tern::Reply;

/// Assembles one reply (RFC 5321 4.2). A reply is lines of three digits (the first 2 to 5, the same
/// code on each line), then a blank or '-' and text, or nothing; LF ends a line, a CR before it is
/// optional.
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
