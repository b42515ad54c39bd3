// Netstrings, the units of QMTP: a length in digits, a colon, so many bytes, a comma. Bytes in, a
// text out; bounded is what is kept, as with replies. No I/O here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "smtp/reply.hpp"

namespace tern::smtp {

/// What comes before the bytes of a netstring of this length: `12:`. A comma follows them.
[[nodiscard]] std::string netstring_prefix(std::uint64_t length);
/// `text` as a whole netstring.
[[nodiscard]] std::string netstring(std::string_view text);

/// Assembles one netstring of a server (D. J. Bernstein, Netstrings, 1997): no leading zeros, and
/// nothing but a comma after the text. Longer than longest_reply is malformed already as a length.
class NetstringReader {
public:
    enum class State { more, complete, malformed };

    /// `kept` bytes of the text are kept, the rest is read and dropped.
    explicit NetstringReader(std::size_t kept = reported_text) : kept_(kept) {}

    /// Takes bytes from the front of `bytes` up to the netstring's comma; gives how many it took.
    std::size_t feed(std::string_view bytes);

    [[nodiscard]] State state() const { return state_; }
    /// What is wrong with a malformed one, in words.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    /// Its bytes as received, complete or what there is of them.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    enum class Part { length, text, comma };

    void take_length(char c);
    std::size_t take_text(std::string_view bytes);
    void malformed(std::string_view why);

    std::size_t kept_;
    std::size_t digits_ = 0;
    std::size_t length_ = 0;  // as announced; then what of it is still to come
    Part part_ = Part::length;
    State state_ = State::more;
    std::string text_;
    std::string trouble_;
};

}  // namespace tern::smtp
