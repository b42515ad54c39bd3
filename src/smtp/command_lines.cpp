// Looks at the beginning of each line; see command_lines.hpp.
#include "smtp/command_lines.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/ascii.hpp"

namespace tern::smtp {
namespace {

constexpr std::size_t shortest = 4;  // bytes of the shortest command

// Four letters at once. Setting this bit makes a letter of either case a lower-case one, and
// nothing else a letter.
constexpr std::uint32_t lower_case = 0x20202020;

constexpr std::uint32_t word(const char (&letters)[shortest + 1]) {
    std::uint32_t made = 0;
    for (std::size_t i = 0; i < shortest; ++i) {
        const auto byte = static_cast<std::uint32_t>(static_cast<unsigned char>(letters[i]));
        const std::size_t place = std::endian::native == std::endian::little ? i : 3 - i;
        made |= byte << (8 * place);
    }
    return made;
}

// Whether `line`, after its first four bytes, goes on with `rest` and ends a word there.
bool ends_with(std::string_view line, std::string_view rest) {
    line.remove_prefix(shortest);
    if (!equal_ignoring_case(line.substr(0, rest.size()), rest)) return false;
    if (line.size() == rest.size()) return true;
    const char next = line[rest.size()];
    return next == ' ' || next == '\t' || next == '\r' || next == '\n';
}

// `line` begins a line and has at least four bytes.
bool is_command(std::string_view line) {
    std::uint32_t letters = 0;
    std::memcpy(&letters, line.data(), shortest);
    switch (letters | lower_case) {
        case word("ehlo"):
        case word("helo"):
        case word("mail"):
        case word("rcpt"):
        case word("data"):
        case word("bdat"):
        case word("rset"):
        case word("auth"):
        case word("vrfy"):
        case word("expn"):
        case word("noop"):
        case word("quit"): return ends_with(line, "");
        case word("star"): return ends_with(line, "ttls");
        case word("xcli"): return ends_with(line, "ent");
        case word("xfor"): return ends_with(line, "ward");
        default: return false;
    }
}

}  // namespace

bool holds_command_line(std::string_view encoded) {
    while (encoded.size() >= shortest) {
        if (is_command(encoded)) return true;
        const void* const end = std::memchr(encoded.data(), '\n', encoded.size());
        if (end == nullptr) return false;
        const auto line = static_cast<const char*>(end) + 1 - encoded.data();
        encoded.remove_prefix(static_cast<std::size_t>(line));
    }
    return false;
}

}  // namespace tern::smtp
