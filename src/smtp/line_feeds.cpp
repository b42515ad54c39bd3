// Encodes messages with LF; see line_feeds.hpp for the rule.
#include "smtp/line_feeds.hpp"

#include <algorithm>
#include <cstring>

namespace tern::smtp {

std::size_t LineFeedEncoder::encode(std::string_view block, char* out) {
    char* const begin = out;
    while (!block.empty()) {
        if (after_cr_ && block.front() == '\n') block.remove_prefix(1);
        after_cr_ = false;
        const std::size_t plain = std::min(block.find('\r'), block.size());
        if (plain > 0) {
            std::memmove(out, block.data(), plain);
            out += plain;
            at_line_start_ = out[-1] == '\n';
        }
        if (plain == block.size()) break;
        *out++ = '\n';
        at_line_start_ = after_cr_ = true;
        block.remove_prefix(plain + 1);
    }
    return static_cast<std::size_t>(out - begin);
}

}  // namespace tern::smtp
