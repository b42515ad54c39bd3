// Trims and quotes parts of control files; see control_lines.hpp.
#include "routing/control_lines.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tern::routing {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::size_t longest_quote = 256;  // bytes; a domain name has 253

}  // namespace

std::string_view without_trailing_blanks(std::string_view text) {
    const std::size_t last = text.find_last_not_of(blanks);
    return text.substr(0, last == text.npos ? 0 : last + 1);
}

std::string_view without_leading_blanks(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(blanks), text.size()));
}

bool says_nothing(std::string_view line) {
    return line.starts_with('#') || without_trailing_blanks(line).empty();
}

std::string in_quotes(std::string_view part) {
    const std::string_view told = part.substr(0, part.find_first_of("| \t\r"));
    return text('"', told.substr(0, longest_quote), '"');
}

}  // namespace tern::routing
