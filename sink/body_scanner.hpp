// The text of a message as it comes over the wire: where it ends, which dots were added, and what
// is wrong with its lines. It looks at blocks and keeps none of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tern::sink {

/// What was seen of one message's text.
struct BodyFacts {
    std::uint64_t lines = 0;
    std::uint64_t bare_cr = 0;
    std::uint64_t bare_lf = 0;
    std::uint64_t long_lines = 0;    ///< beyond 1,000 bytes with CR LF, RFC 5321 4.5.3.1.6
    std::uint64_t longest_line = 0;  ///< in bytes, its end included
    std::uint64_t dots_removed = 0;
    bool eight_bit = false;
    bool ends_with_newline = true;  ///< true for an empty text as well
};

/// Where the text without the added dots goes, in pieces.
class BodyReceiver {
public:
    BodyReceiver() = default;
    BodyReceiver(const BodyReceiver&) = delete;
    BodyReceiver& operator=(const BodyReceiver&) = delete;
    virtual ~BodyReceiver() = default;
    virtual void take(std::string_view piece) = 0;
};

class BodyScanner {
public:
    enum class Form { dotted, counted };  ///< DATA (RFC 5321 4.5.2) or BDAT (RFC 3030)

    explicit BodyScanner(Form form) : form_(form) {}

    /// Takes the next block of the text and hands it on without added dots. Gives how many bytes of
    /// the block were the message's: fewer than all only when the final dot line was among them.
    /// Only CR LF dot CR LF ends a message: anything laxer is what smugglers live on.
    std::size_t scan(std::string_view block, BodyReceiver& receiver);

    /// Whether the final dot line was seen (never in the counted form).
    bool ended() const { return ended_; }

    /// Says that the text is complete, and gives what was seen of it.
    const BodyFacts& finish();

private:
    enum class Dot { none, seen, seen_with_cr };  // of a line that began with a dot

    std::size_t scan_text(std::string_view block);
    std::size_t resolve_dot(std::string_view block, BodyReceiver& receiver);
    void count_lines(std::uint64_t line_feeds, unsigned bytes);
    void end_line(std::uint64_t length);

    Form form_;
    BodyFacts facts_;
    std::uint64_t line_bytes_ = 0;  // of the line that is not over yet
    Dot dot_ = Dot::none;
    bool after_cr_ = false;
    bool at_line_start_ = true;
    bool ended_ = false;
};

}  // namespace tern::sink
