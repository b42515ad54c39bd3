// Reads replies; see reply.hpp for the grammar.
#include "smtp/reply.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tern::smtp {

std::size_t ReplyReader::feed(std::string_view bytes) {
    std::size_t taken = 0;
    while (state_ == State::more && taken < bytes.size()) {
        bool ended = false;
        while (column_ < 4 && state_ == State::more && taken < bytes.size())
            ended = begin_of_line(bytes[taken++]);
        if (!ended && column_ == 4 && state_ == State::more) {
            const std::size_t newline = bytes.find('\n', taken);
            ended = newline != bytes.npos;
            taken = ended ? newline + 1 : bytes.size();
        }
        if (!ended || state_ == State::malformed) continue;
        column_ = 0;
        if (last_line_) state_ = State::complete;
    }
    keep(bytes.substr(0, taken));
    return taken;
}

// Judges the code and the byte after it. True when that byte ends the line.
bool ReplyReader::begin_of_line(char c) {
    if (column_ < 3) {
        if (!is_digit(c) || (column_ == 0 && (c < '2' || c > '5')))
            malformed("a reply must begin with a code from 200 to 599");
        code_ = (column_ == 0 ? 0 : code_ * 10) + (c - '0');
        ++column_;
        return false;
    }
    if (c != ' ' && c != '-' && c != '\r' && c != '\n')
        malformed("a blank or '-' must follow the code of a reply");
    else if (reply_.code != 0 && reply_.code != code_)
        malformed("the lines of one reply carry different codes");
    if (state_ == State::malformed) return false;
    reply_.code = code_;
    last_line_ = c != '-';
    column_ = 4;
    return c == '\n';
}

void ReplyReader::keep(std::string_view part) {
    seen_ += part.size();
    if (seen_ > longest_reply) return malformed("the reply does not end within 1 MB");
    reply_.text.reserve(std::min(reply_.text.size() + part.size(), kept_));
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
