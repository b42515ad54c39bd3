// Trims texts and divides them into words; see lines.hpp.
#include "base/lines.hpp"

namespace tern {

std::string_view trim_start(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(blanks), text.size()));
}

std::string_view trim_end(std::string_view text) {
    const std::size_t last = text.find_last_not_of(blanks);
    return text.substr(0, last == text.npos ? 0 : last + 1);
}

std::string_view trim(std::string_view text) { return trim_start(trim_end(text)); }

std::string_view next_word(std::string_view& rest, std::string_view separators) {
    rest.remove_prefix(std::min(rest.find_first_not_of(separators), rest.size()));
    const std::string_view word = rest.substr(0, rest.find_first_of(separators));
    rest.remove_prefix(word.size());
    return word;
}

std::string_view next_field(std::string_view& rest, char separator) {
    const std::string_view field = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    return field;
}

}  // namespace tern
