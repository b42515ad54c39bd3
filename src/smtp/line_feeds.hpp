// The message where lines end with LF alone, as QMTP carries it. Bytes to bytes only; body.hpp has
// the form that SMTP carries.
#pragma once

#include <cstddef>
#include <string_view>

namespace tern::smtp {

/// LF, CR LF and a lone CR each become LF (contract.md#body); all other bytes go through.
class LineFeedEncoder {
public:
    /// Encodes the next block to `out`, which has room for as many bytes and may be where the
    /// block is; gives how many it wrote.
    [[nodiscard]] std::size_t encode(std::string_view block, char* out);
    /// Whether the message so far is empty or ends with a newline.
    [[nodiscard]] bool ended_with_newline() const { return at_line_start_; }

private:
    bool at_line_start_ = true;
    bool after_cr_ = false;  // whose newline is written already
};

}  // namespace tern::smtp
