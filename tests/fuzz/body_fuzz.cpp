// Messages in blocks of any sizes, against the byte-wise reference: as SMTP and as QMTP carry them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/body.hpp"
#include "smtp/line_feeds.hpp"
#include "support/reference_body.hpp"

namespace {

// contract.md#body: LF, CR LF and a lone CR each are one line end.
std::string with_line_feeds(std::string_view message) {
    std::string lines;
    for (std::size_t i = 0; i < message.size(); ++i) {
        const bool pair = message[i] == '\r' && message.substr(i + 1).starts_with('\n');
        if (!pair) lines += message[i] == '\r' ? '\n' : message[i];
    }
    return lines;
}

void judge_line_feeds(std::string_view message, std::size_t block) {
    tern::smtp::LineFeedEncoder encoder;
    std::string lines;
    for (std::size_t at = 0; at < message.size(); at += block) {
        std::string part(message.substr(at, block));  // encoded where it is
        lines.append(part.data(), encoder.encode(part, part.data()));
    }
    if (lines != with_line_feeds(message)) std::abort();
    if (encoder.ended_with_newline() != (lines.empty() || lines.back() == '\n')) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using tern::smtp::BodyEncoder;
    if (size < 2) return 0;
    const bool dots = data[0] % 2 == 0;
    const std::size_t block = 1 + data[1];
    const std::string_view message(reinterpret_cast<const char*>(data) + 2, size - 2);
    judge_line_feeds(message, block);
    BodyEncoder encoder(dots ? BodyEncoder::Framing::dots : BodyEncoder::Framing::length);
    std::string wire;
    for (std::size_t at = 0; at < message.size(); at += block) {
        const std::string_view part = message.substr(at, block);
        std::vector<char> room(BodyEncoder::room(part.size()));
        wire.append(room.data(), encoder.encode(part, room.data()));
    }
    std::vector<char> room(2);
    wire.append(room.data(), encoder.finish(room.data()));
    if (wire != tern::test::reference_body(message, dots)) std::abort();
    const bool ends = message.empty() || message.back() == '\n' || message.back() == '\r';
    if (encoder.ended_with_newline() != ends) std::abort();
    return 0;
}
