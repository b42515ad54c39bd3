// Bytes of a server as a reply: read whole and in pieces, the outcome is the same and bounded.
#include <cstdint>
#include <string_view>

#include "fuzz/tools.hpp"
#include "smtp/extensions.hpp"
#include "smtp/reply.hpp"

namespace {

using tern::smtp::ReplyReader;
using tern::fuzz::expect;

void check(const ReplyReader& reader) {
    if (reader.state() == ReplyReader::State::malformed) expect(!reader.trouble().empty());
    if (reader.state() != ReplyReader::State::complete) return;
    const tern::smtp::Reply& reply = reader.reply();
    expect(reply.code >= 200 && reply.code < 600);
    expect(reply.text.find('\r') == std::string::npos);
    expect(reply.text.size() <= tern::smtp::reported_text);
    expect(reply.positive() + reply.transient() + reply.permanent() <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = 1 + data[0] % 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    ReplyReader whole;
    const std::size_t taken = whole.feed(bytes);
    check(whole);
    ReplyReader parted;
    const std::size_t parted_taken = tern::fuzz::feed_in_pieces(parted, bytes, piece);
    expect(whole.state() == parted.state());
    if (whole.state() == ReplyReader::State::malformed) return 0;
    expect(taken == parted_taken);
    expect(whole.reply().code == parted.reply().code);
    expect(whole.reply().text == parted.reply().text);
    return 0;
}
