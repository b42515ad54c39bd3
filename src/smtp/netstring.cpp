// Writes and reads netstrings; see netstring.hpp for the grammar.
#include "smtp/netstring.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::smtp {

std::string netstring_prefix(std::uint64_t length) {
    return concat(length, ':');
}

std::string netstring(std::string_view text) {
    return concat(netstring_prefix(text.size()), text, ',');
}

std::size_t NetstringReader::feed(std::string_view bytes) {
    std::size_t taken = 0;
    while (state_ == State::more && taken < bytes.size()) {
        switch (part_) {
            case Part::length: take_length(bytes[taken++]); break;
            case Part::text: taken += take_text(bytes.substr(taken)); break;
            case Part::comma:
                if (bytes[taken++] == ',') state_ = State::complete;
                else malformed("no comma follows its text");
        }
    }
    return taken;
}

void NetstringReader::take_length(char c) {
    if (c == ':' && digits_ > 0) {
        part_ = length_ > 0 ? Part::text : Part::comma;
        return;
    }
    if (!is_digit(c)) return malformed("it does not begin with a length and a colon");
    if (digits_ > 0 && length_ == 0) return malformed("its length begins with a zero");
    ++digits_;
    length_ = length_ * 10 + static_cast<std::size_t>(c - '0');
    if (length_ > longest_reply) malformed("it is longer than 1 MB");
}

std::size_t NetstringReader::take_text(std::string_view bytes) {
    const std::size_t part = std::min(length_, bytes.size());
    text_.append(bytes.substr(0, std::min(part, kept_ - text_.size())));
    length_ -= part;
    if (length_ == 0) part_ = Part::comma;
    return part;
}

void NetstringReader::malformed(std::string_view why) {
    state_ = State::malformed;
    trouble_ = why;
}

}  // namespace tern::smtp
