// Which lines a server could take for commands, byte by byte: the plainest program for the
// list of contract.md#bdat, to compare the real one with. It must not share a line with it.
#pragma once

#include <string>
#include <string_view>

namespace tern::test {

[[nodiscard]] inline bool is_command_line_reference(std::string line) {
    for (char& c : line)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    for (const char* const word :
         {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "AUTH", "STARTTLS", "VRFY",
          "EXPN", "NOOP", "QUIT", "XCLIENT", "XFORWARD"}) {
        const std::string command = word;
        if (line == command) return true;
        for (const char next : {' ', '\t', '\r'})
            if (line.starts_with(command + next)) return true;
    }
    return false;
}

/// Whether a line of `encoded` begins with a command, or may go on to be one after its end.
[[nodiscard]] inline bool holds_command_line_reference(std::string_view encoded) {
    std::string line;
    for (const char c : encoded) {
        if (c != '\n') {
            line += c;
            continue;
        }
        if (is_command_line_reference(line)) return true;
        line.clear();
    }
    return is_command_line_reference(line);
}

}  // namespace tern::test
