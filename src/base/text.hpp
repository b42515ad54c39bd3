// Joins strings and numbers into one string. No formatting language, no locale.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace tern {
namespace detail {

inline void append_text(std::string& to, std::string_view part) { to += part; }
inline void append_text(std::string& to, char part) { to += part; }
template <std::integral Number>
    requires(!std::same_as<Number, char> && !std::same_as<Number, bool>)
void append_text(std::string& to, Number number) {
    char digits[24];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace detail

/// text("port ", 25, '.') is "port 25."; numbers are decimal.
template <class... Parts>
[[nodiscard]] std::string text(const Parts&... parts) {
    std::string joined;
    (detail::append_text(joined, parts), ...);
    return joined;
}

}  // namespace tern
