// JSON text: quoting, separators, and what becomes of bytes that are no UTF-8.
#include "sink/json.hpp"

#include <array>
#include <cstddef>

namespace tern::sink {

namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

// How many bytes the UTF-8 character at `at` has (RFC 3629 4: no overlong forms, no surrogates,
// nothing beyond U+10FFFF); 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto follows = [&](std::size_t offset, unsigned low = 0x80, unsigned high = 0xbf) {
        const unsigned byte = byte_at(text, at + offset);
        return byte >= low && byte <= high;
    };
    const unsigned lead = byte_at(text, at);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = lead == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

void append_escape(std::string& to, unsigned code) {
    constexpr std::string_view hex = "0123456789abcdef";
    to += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) to += hex[(code >> shift) & 15U];
}

}  // namespace

void JsonWriter::separate() {
    if (!first_) text_ += ',';
    first_ = false;
}

void JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
    first_ = true;
}

void JsonWriter::close(char bracket) {
    text_ += bracket;
    first_ = false;
}

void JsonWriter::key(std::string_view name) {
    separate();
    quoted(name);
    text_ += ':';
    first_ = true;
}

void JsonWriter::string(std::string_view value) {
    separate();
    quoted(value);
}

void JsonWriter::integer(std::uint64_t value) {
    separate();
    text_ += std::to_string(value);
}

void JsonWriter::boolean(bool value) {
    separate();
    text_ += value ? "true" : "false";
}

void JsonWriter::null() {
    separate();
    text_ += "null";
}

void JsonWriter::quoted(std::string_view value) {
    text_ += '"';
    for (std::size_t at = 0; at < value.size();) {
        const char c = value[at];
        const std::size_t length = utf8_length(value, at);
        if (length == 0) {
            append_escape(text_, 0xdc00U + static_cast<unsigned char>(c));
        } else if (length > 1) {
            text_ += value.substr(at, length);
        } else if (c == '"' || c == '\\') {
            text_ += '\\';
            text_ += c;
        } else if (c == '\n') {
            text_ += "\\n";
        } else if (c == '\r') {
            text_ += "\\r";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
            append_escape(text_, static_cast<unsigned char>(c));
        } else {
            text_ += c;
        }
        at += length == 0 ? 1 : length;
    }
    text_ += '"';
}

}  // namespace tern::sink
