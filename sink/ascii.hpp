// Bytes of the protocol compared and parsed without a locale. Nothing that knows SMTP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tern::sink {

constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

constexpr bool is_eight_bit(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}

/// Gives `text` with the letters a-z in upper case.
inline std::string to_upper(std::string_view text) {
    std::string made(text);
    for (char& c : made) c = upper(c);
    return made;
}

/// Whether both are the same, a-z and A-Z being alike.
constexpr bool same(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (upper(a[i]) != upper(b[i])) return false;
    return true;
}

/// Whether `text` begins with `prefix`, a-z and A-Z being alike.
constexpr bool begins(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && same(text.substr(0, prefix.size()), prefix);
}

/// Gives the number that `text` is: digits alone, no sign, at most `largest`. Nothing otherwise.
constexpr std::optional<std::uint64_t> number(std::string_view text, std::uint64_t largest) {
    if (text.empty() || text.size() > 19) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (value > largest) return std::nullopt;
    return value;
}

/// Cuts the first word off `text`, and the blanks after it.
constexpr std::string_view take_word(std::string_view& text) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return word;
}

}  // namespace tern::sink
