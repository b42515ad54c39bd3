// Makes hostile bytes harmless; see printable.hpp.
#include "explain/show/printable.hpp"

#include <algorithm>
#include <cstdint>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"

namespace tern::explain {
namespace {

/// One character of UTF-8; `length` is 0 for other bytes (RFC 3629 4: no overlong forms,
/// no surrogates, nothing beyond U+10FFFF).
struct Character {
    std::uint32_t value = 0;
    std::size_t length = 0;
};

Character character_at(std::string_view bytes) {
    const auto at = [bytes](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    const std::uint32_t first = at(0);
    if (first < 0x80) return {first, 1};
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || bytes.size() < length) return {};
    std::uint32_t value = first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xc0U) != 0x80U) return {};
        value = (value << 6) | (at(i) & 0x3fU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < smallest[length] || value > 0x10ffff || surrogate) return {};
    return {value, length};
}

// Characters that show nothing or rearrange what others show: C1 controls, line and paragraph
// separators, Unicode 15's Default_Ignorable_Code_Point and Bidi_Control, annotation, private use
// and non-characters, and all after plane 13, of which nothing else is assigned.
bool deceives(std::uint32_t c) {
    struct Range {
        std::uint32_t from;
        std::uint32_t to;
    };
    static constexpr Range hidden[] = {
        {0x80, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},
        {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xe000, 0xf8ff},
        {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
        {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff}};
    const bool ends_a_plane = (c & 0xfffeU) == 0xfffeU;
    return ends_a_plane ||
           std::ranges::any_of(hidden, [c](Range r) { return c >= r.from && c <= r.to; });
}

std::string hexadecimal(std::uint32_t number, std::size_t fewest) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (; number > 0 || shown.size() < fewest; number >>= 4)
        shown.insert(shown.begin(), digits[number & 15U]);
    return shown;
}

}  // namespace

std::string printable(std::string_view bytes, std::size_t most) {
    std::string shown;
    while (!bytes.empty()) {
        const Character character = character_at(bytes);
        const char first = bytes.front();
        std::string piece;
        if (character.length == 0 || is_control(first))
            piece = concat("\\x", hexadecimal(static_cast<unsigned char>(first), 2));
        else if (deceives(character.value))
            piece = concat("\\u{", hexadecimal(character.value, 1), "}");
        else piece = bytes.substr(0, character.length);
        if (shown.size() + piece.size() > most) return shown + "...";
        shown += piece;
        bytes.remove_prefix(std::max<std::size_t>(character.length, 1));
    }
    return shown;
}

std::vector<std::string> printable_lines(std::string_view words, std::size_t most_lines) {
    std::vector<std::string> shown;
    std::size_t left_out = 0;
    for (Lines lines(words); lines.next();) {
        if (shown.size() < most_lines) shown.push_back(printable(lines.line()));
        else ++left_out;
    }
    if (left_out > 0)
        shown.push_back(concat("(", left_out, left_out == 1 ? " more line)" : " more lines)"));
    return shown;
}

std::string printable_in_one_line(std::string_view words) {
    std::string joined;
    for (const std::string& line : printable_lines(words)) {
        if (!joined.empty() && !line.empty()) joined += ' ';
        joined += line;
    }
    return joined;
}

std::string grouped(std::uint64_t number) {
    std::string shown = concat(number);
    for (std::size_t at = shown.size(); at > 3; at -= 3) shown.insert(at - 3, 1, ',');
    return shown;
}

}  // namespace tern::explain
