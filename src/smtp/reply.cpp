// Reads replies; see reply.hpp for the grammar.
#include "smtp/reply.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tern::smtp {

std::size_t ReplyReader::feed(std::string_view bytes) {
    std::size_t taken = 0;
    while (state_ == State::more && taken < bytes.size()) {
        if (column_ < 4) {
            begin_of_line(bytes[taken]);
            keep(bytes.substr(taken, 1));
            ++taken;
            continue;
        }
        const std::string_view rest = bytes.substr(taken);
        const std::size_t newline = rest.find('\n');
        const std::size_t part = newline == rest.npos ? rest.size() : newline + 1;
        keep(rest.substr(0, part));
        taken += part;
        if (newline == rest.npos || state_ == State::malformed) continue;
        column_ = 0;
        if (last_line_) state_ = State::complete;
    }
    return taken;
}

// Judges the code and the byte behind it.
void ReplyReader::begin_of_line(char c) {
    if (column_ < 3) {
        if (!is_digit(c) || (column_ == 0 && (c < '2' || c > '5')))
            return malformed("a reply must begin with a code from 200 to 599");
        code_ = (column_ == 0 ? 0 : code_ * 10) + (c - '0');
        ++column_;
        return;
    }
    if (c != ' ' && c != '-' && c != '\r' && c != '\n')
        return malformed("a blank or '-' must follow the code of a reply");
    if (reply_.code != 0 && reply_.code != code_)
        return malformed("the lines of one reply carry different codes");
    reply_.code = code_;
    last_line_ = c != '-';
    column_ = 4;
    if (c == '\n') {
        column_ = 0;
        state_ = State::complete;
    }
}

void ReplyReader::keep(std::string_view part) {
    seen_ += part.size();
    if (seen_ > longest_reply) return malformed("the reply does not end within 1 MB");
    while (!part.empty() && reply_.text.size() < kept_) {
        const std::string_view piece = part.substr(0, part.find('\r'));
        reply_.text.append(piece.substr(0, kept_ - reply_.text.size()));
        part.remove_prefix(std::min(part.size(), piece.size() + 1));
    }
}

void ReplyReader::malformed(std::string_view why) {
    if (state_ == State::malformed) return;
    state_ = State::malformed;
    trouble_ = why;
}

}  // namespace tern::smtp
