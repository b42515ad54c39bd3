// The message on its way to the wire: newlines and dots, on blocks. Bytes to bytes only.
#pragma once

#include <cstddef>
#include <string_view>

namespace tern::smtp {

/// Bytes of the message in one BDAT command, as they are sent, where control/chunksizeremote says
/// nothing.
constexpr std::size_t default_chunk = 256UL * 1024;

/// Turns a message into what SMTP carries (contract.md#body): LF, CR LF and a lone CR each become
/// CR LF; all other bytes go through. With Framing::dots a dot at the beginning of any resulting
/// line is doubled (RFC 5321 4.5.2); with Framing::length (BDAT) none is.
class BodyEncoder {
public:
    enum class Framing { dots, length };

    explicit BodyEncoder(Framing framing) : doubles_dots_(framing == Framing::dots) {}

    /// Goes on with another framing; what is encoded stays as it is.
    void use(Framing framing) { doubles_dots_ = framing == Framing::dots; }

    /// Room that encode() may need for `size` bytes of input.
    [[nodiscard]] static constexpr std::size_t room(std::size_t size) { return 2 * size + 2; }
    /// Encodes the next block to `out`, which has room(block.size()) bytes; gives how many it
    /// wrote.
    [[nodiscard]] std::size_t encode(std::string_view block, char* out);
    /// Ends the message: a CR at its very end is a newline. Needs 2 bytes; gives how many it wrote.
    [[nodiscard]] std::size_t finish(char* out);
    /// After finish(): whether the message was empty or ended with a newline.
    [[nodiscard]] bool ended_with_newline() const { return before_ == '\n'; }

private:
    bool doubles_dots_;
    char before_ = '\n';  // the last byte; after a CR its newline is still to be written
};

}  // namespace tern::smtp
