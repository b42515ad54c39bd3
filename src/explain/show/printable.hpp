// Bytes of others made fit for a terminal and for JSON: no control character, no invalid UTF-8,
// nothing that changes the direction of writing, never longer than a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tern::explain {

/// Bytes of one text that are shown at most.
constexpr std::size_t longest_shown = 1000;

/// `bytes` with each control character and each byte that is not UTF-8 written `\xNN`, and each
/// invisible or direction-changing character beyond ASCII (Unicode's Default_Ignorable_Code_Point
/// and Bidi_Control, line and paragraph separators) written `\u{N}`. What goes beyond `most`
/// bytes is left out for `...`. Other backslashes stay as they are.
[[nodiscard]] std::string printable(std::string_view bytes, std::size_t most = longest_shown);

/// The lines of a text, each printable; at most `most_lines`, then the number of the others.
[[nodiscard]] std::vector<std::string> printable_lines(std::string_view text,
                                                       std::size_t most_lines = 200);

/// The lines of a text, each printable, with a blank between them.
[[nodiscard]] std::string printable_in_one_line(std::string_view text);

/// Digits in groups of three: 10,485,760.
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace tern::explain
