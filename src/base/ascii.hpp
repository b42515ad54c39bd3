// Bytes as ASCII, without a locale: case, digits, trimming.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace tern {

[[nodiscard]] constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alnum(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// Control characters: 0 .. 31 and DEL.
[[nodiscard]] constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
[[nodiscard]] constexpr bool is_8bit(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// Whether any byte of `text` is beyond ASCII; eight at a time.
[[nodiscard]] inline bool has_8bit(std::string_view text) {
    std::uint64_t seen = 0;
    while (text.size() >= sizeof seen) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), sizeof word);
        seen |= word;
        text.remove_prefix(sizeof word);
    }
    for (const char c : text) seen |= static_cast<unsigned char>(c);
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    return (seen & high_bits) != 0;
}

[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = to_lower(c);
    return result;
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    return true;
}

/// The number that the leading digits of `text` make, at most `most` (larger ones give `most`);
/// nothing when it does not begin with a digit.
[[nodiscard]] constexpr std::optional<std::uint64_t> leading_number(std::string_view text,
                                                                    std::uint64_t most) {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : text) {
        if (!is_digit(c)) break;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (number > (most - digit) / 10 || digit > most) return most;
        number = number * 10 + digit;
    }
    return number;
}

}  // namespace tern
