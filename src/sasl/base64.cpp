// Base64; see base64.hpp.
#include "sasl/base64.hpp"

#include <array>
#include <cstdint>

namespace tern::sasl {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return table;
}();

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        ++padding;
    }
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned pending = 0;
    for (const char c : text) {
        const std::uint8_t value = values[static_cast<unsigned char>(c)];
        if (value == no_digit) return std::nullopt;
        bits = (bits << 6 | value) & 0xffffU;
        pending += 6;
        if (pending < 8) continue;
        pending -= 8;
        bytes += static_cast<char>(bits >> pending & 0xffU);
    }
    if ((bits & ((1U << pending) - 1U)) != 0) return std::nullopt;
    return bytes;
}

Secret to_base64(std::string_view bytes) {
    Secret text;
    while (!bytes.empty()) {
        const std::string_view group = bytes.substr(0, 3);
        bytes.remove_prefix(group.size());
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        std::array<char, 4> digits{};
        for (unsigned i = 0; i < 4; ++i)
            digits[i] = i > group.size() ? '=' : alphabet[bits >> (18 - 6 * i) & 0x3fU];
        text.append(std::string_view(digits.data(), digits.size()));
        ::explicit_bzero(digits.data(), digits.size());
    }
    return text;
}

}  // namespace tern::sasl
