// Domain names from text; see domain.hpp. libidn2 is touched for names with 8-bit bytes only.
#include "dns/domain.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include <idn2.h>

#include "base/ascii.hpp"

namespace tern::dns {
namespace {

constexpr std::size_t longest_name = 253;   // RFC 1035 3.1: 255 on the wire
constexpr std::size_t longest_label = 63;   // RFC 1035 2.3.4
constexpr std::size_t longest_utf8 = 1024;  // 253 characters of 4 bytes and a little

// Hosts with '_' exist, whatever RFC 952 says, and take mail.
bool is_name_byte(char c) { return is_alnum(c) || c == '-' || c == '_'; }

bool is_name(std::string_view text) {
    if (text.empty() || text.size() > longest_name) return false;
    std::size_t label = 0;
    for (const char c : text) {
        if (c == '.') {
            if (label == 0) return false;
            label = 0;
        } else if (!is_name_byte(c) || ++label > longest_label) {
            return false;
        }
    }
    return label > 0;
}

// RFC 5895 2 and UTS 46 (non-transitional: "faß" is not "fass"): mapped, normalised, A-labels. The
// mapping can make any ASCII byte, '/' of U+FF0F for one: its result is judged like other input.
std::optional<std::string> to_ascii(std::string_view utf8) {
    if (utf8.size() > longest_utf8 || utf8.find('\0') != utf8.npos) return std::nullopt;
    const std::string terminated(utf8);
    std::uint8_t* converted = nullptr;
    const int status =
        idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(terminated.c_str()), &converted,
                       IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    const std::unique_ptr<std::uint8_t, decltype(&idn2_free)> owner(converted, idn2_free);
    if (status == IDN2_MALLOC) throw std::bad_alloc();
    if (status != IDN2_OK) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(converted));
}

}  // namespace

Domain::Domain(std::string ascii) : ascii_(std::move(ascii)) {}

std::optional<Domain> Domain::parse(std::string_view text) {
    std::optional<std::string> converted;
    if (std::ranges::any_of(text, is_8bit)) {
        converted = to_ascii(text);
        if (!converted) return std::nullopt;
        text = *converted;
    }
    if (text.ends_with('.')) text.remove_suffix(1);
    if (!is_name(text)) return std::nullopt;
    return Domain(lower(text));
}

}  // namespace tern::dns
