// Breaks lines; see wrap.hpp.
#include "explain/show/wrap.hpp"

#include <algorithm>

namespace tern::explain {
namespace {

constexpr std::size_t narrowest = 20;  // columns; below it wrapping makes text worse

// Bytes that a sequence of ECMA-48 takes at the beginning of `text`; 0 when there is none.
std::size_t length_of_colour(std::string_view text) {
    if (!text.starts_with("\x1b[")) return 0;
    const std::size_t end = text.find('m');
    return end == text.npos ? 0 : end + 1;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    while (!text.empty()) {
        const std::size_t colour = length_of_colour(text);
        if (colour == 0 && !is_continuation(text.front())) ++columns;
        text.remove_prefix(std::max<std::size_t>(colour, 1));
    }
    return columns;
}

// `  label      value`: the column of the value, where two blanks or more separate it from a label.
std::size_t indent_of(std::string_view line, std::size_t width) {
    const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t gap = line.find("  ", first);
    const std::size_t value = gap == line.npos ? line.npos : line.find_first_not_of(' ', gap);
    constexpr std::size_t longest_label = 20;
    if (value != line.npos) {
        const std::size_t column = columns_of(line.substr(0, value));
        if (column <= longest_label && column <= width / 2) return column;
    }
    return std::min(first + 4, width / 2);
}

// Where to break so that the first part takes at most `width` columns: a blank with a word on
// either side, the first there is if none is early enough; npos: nowhere.
std::size_t place_to_break(std::string_view line, std::size_t width) {
    std::size_t best = line.npos;
    std::size_t at = std::min(line.find_first_not_of(' '), line.size());
    for (at = line.find(' ', at); at != line.npos; at = line.find(' ', at)) {
        const std::size_t next = line.find_first_not_of(' ', at);
        if (next == line.npos) break;
        if (columns_of(line.substr(0, at)) > width) return best == line.npos ? at : best;
        best = at;
        at = next;
    }
    return best;
}

void wrap_line(std::string_view line, std::size_t width, std::string& to) {
    const std::string indent(indent_of(line, width), ' ');
    std::string rest(line);
    while (columns_of(rest) > width) {
        const std::size_t end = place_to_break(rest, width);
        if (end == rest.npos) break;
        to.append(rest, 0, end).append("\n");
        rest = indent + rest.substr(rest.find_first_not_of(' ', end));
    }
    to += rest;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width) {
    std::string result;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        wrap_line(text.substr(0, end), std::max(width, narrowest), result);
        if (end < text.size()) result += '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

}  // namespace tern::explain
