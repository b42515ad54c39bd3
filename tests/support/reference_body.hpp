// What the body must be on the wire, byte by byte: the plainest program for contract.md#body,
// to compare the real encoder with. It must not share a line with it.
#pragma once

#include <string>
#include <string_view>

namespace tern::test {

/// Each newline (LF, CR LF or a lone CR) as CR LF; with `dots`, a dot that begins a line doubled.
[[nodiscard]] inline std::string reference_body(std::string_view message, bool dots = true) {
    std::string wire;
    bool at_line_start = true;
    for (std::size_t i = 0; i < message.size(); ++i) {
        const char c = message[i];
        if (c == '\r' && i + 1 < message.size() && message[i + 1] == '\n') continue;
        if (c == '\r' || c == '\n') {
            wire += "\r\n";
            at_line_start = true;
            continue;
        }
        if (dots && at_line_start && c == '.') wire += '.';
        wire += c;
        at_line_start = false;
    }
    return wire;
}

}  // namespace tern::test
