// Encodes messages; see body.hpp for the rules.
#include "smtp/body.hpp"

#include <algorithm>
#include <cstring>

namespace tern::smtp {
namespace {

char* put_newline(char* out) {
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

}  // namespace

// memchr finds LF and CR apart: both scans run at memory speed, and a message without CRs (nearly
// every one in a qmail queue) pays for the second only once per block.
std::size_t BodyEncoder::encode(std::string_view block, char* out) {
    char* const begin = out;
    const char* at = block.data();
    const char* const end = at + block.size();
    if (after_cr_ && at != end) {
        after_cr_ = false;
        out = put_newline(out);
        at_line_start_ = true;
        if (*at == '\n') ++at;
    }
    const auto find = [end](const char* from, char byte) {
        const void* found = from == end ? nullptr
            : std::memchr(from, byte, static_cast<std::size_t>(end - from));
        return found == nullptr ? end : static_cast<const char*>(found);
    };
    const char* next_cr = find(at, '\r');
    while (at != end) {
        if (next_cr < at) next_cr = find(at, '\r');
        if (at_line_start_ && doubles_dots_ && *at == '.') *out++ = '.';
        const auto line_end = [&] {
            const void* found = std::memchr(at, '\n', static_cast<std::size_t>(next_cr - at));
            return found == nullptr ? next_cr : static_cast<const char*>(found);
        }();
        const auto length = static_cast<std::size_t>(line_end - at);
        std::memcpy(out, at, length);
        out += length;
        at = line_end;
        if (length > 0) at_line_start_ = false;
        if (at == end) break;
        if (*at == '\r' && at + 1 == end) {
            after_cr_ = true;
            break;
        }
        at += *at == '\r' && at[1] == '\n' ? 2 : 1;
        out = put_newline(out);
        at_line_start_ = true;
    }
    return static_cast<std::size_t>(out - begin);
}

std::size_t BodyEncoder::finish(char* out) {
    if (!after_cr_) return 0;
    after_cr_ = false;
    at_line_start_ = true;
    return static_cast<std::size_t>(put_newline(out) - out);
}

}  // namespace tern::smtp
