// Recognises blank lines and comments, and quotes; see control_lines.hpp.
#include "routing/control_lines.hpp"

#include "base/lines.hpp"
#include "base/text.hpp"

namespace tern::routing {

bool is_blank_or_comment(std::string_view line) {
    return line.starts_with('#') || trim_end(line).empty();
}

std::string in_quotes(std::string_view part) {
    constexpr std::size_t longest_quote = 256;  // bytes; a domain name has 253
    const std::string_view quoted = part.substr(0, part.find_first_of("| \t\r"));
    return concat('"', quoted.substr(0, longest_quote), '"');
}

}  // namespace tern::routing
