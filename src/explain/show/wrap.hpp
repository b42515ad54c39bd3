// Lines broken to the width of a terminal. It writes nothing itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tern::explain {

/// `text` with each line broken at blanks so that it takes at most `width` columns; words that are
/// longer stay whole. What follows a break is indented like the value after a label, else by four
/// columns more than the line. Colours (ECMA-48) and continuation bytes of UTF-8 take none.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width);

}  // namespace tern::explain
