// Joins strings and numbers into one string. No formatting language, no locale.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace tern {
namespace detail {

// Enough for any number.
constexpr std::size_t digits_at_most = 24;

inline std::size_t room_for(std::string_view part) { return part.size(); }
inline std::size_t room_for(char) { return 1; }
template <std::integral Number>
    requires(!std::same_as<Number, char> && !std::same_as<Number, bool>)
std::size_t room_for(Number) {
    return digits_at_most;
}

inline void append_text(std::string& to, std::string_view part) { to += part; }
inline void append_text(std::string& to, char part) { to += part; }
template <std::integral Number>
    requires(!std::same_as<Number, char> && !std::same_as<Number, bool>)
void append_text(std::string& to, Number number) {
    char digits[digits_at_most];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace detail

/// concat("port ", 25, '.') is "port 25."; numbers are decimal.
template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
    std::string joined;
    joined.reserve((std::size_t{0} + ... + detail::room_for(parts)));
    (detail::append_text(joined, parts), ...);
    return joined;
}

}  // namespace tern
