// Base64 by table look-up; what it carries is short.
#include "sink/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace tern::sink {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    std::string made;
    for (std::size_t at = 0; at < text.size(); at += 4) {
        std::uint32_t group = 0;
        for (std::size_t i = at; i < at + 4; ++i) {
            const bool pads = i >= text.size() - padding;
            const std::size_t digit = pads ? 0 : alphabet.find(text[i]);
            if (digit == std::string_view::npos) return std::nullopt;
            group = group << 6 | static_cast<std::uint32_t>(digit);
        }
        for (unsigned shift = 24; shift > 0; shift -= 8)
            made += static_cast<char>(group >> (shift - 8) & 0xffU);
    }
    made.resize(made.size() - padding);
    // RFC 4648 3.5: the bits that padding leaves over are zero.
    if (to_base64(made) != text) return std::nullopt;
    return made;
}

std::string to_base64(std::string_view bytes) {
    std::string made;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = at; i < at + 3; ++i) {
            const unsigned byte = i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
            group = group << 8 | byte;
        }
        for (unsigned i = 0; i < 4; ++i) {
            const bool pads = at + i > bytes.size();
            made += pads ? '=' : alphabet[group >> (18 - 6 * i) & 0x3fU];
        }
    }
    return made;
}

}  // namespace tern::sink
