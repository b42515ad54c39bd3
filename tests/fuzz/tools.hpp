// What several fuzzers need: a claim, the parts of an input, and input read in pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tern::fuzz {

/// Ends the program where a claim does not hold, and prints the line of the claim.
inline void expect(bool holds, int line = __builtin_LINE()) {
    if (holds) return;
    std::fprintf(stderr, "line %d does not hold\n", line);
    std::abort();
}

/// The next part of an input of which each part ends at a NUL.
inline std::string_view take(std::string_view& rest) {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
}

/// Feeds bytes in pieces of this size, and gives how many were taken.
template <class Reader>
std::size_t feed_in_pieces(Reader& reader, std::string_view bytes, std::size_t piece) {
    std::size_t taken = 0;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
        taken += reader.feed(bytes.substr(at, piece));
    return taken;
}

}  // namespace tern::fuzz
