// Bytes of a server as a netstring: read whole and in pieces, the outcome is the same and bounded;
// what is written can be read.
#include <cstdint>
#include <string_view>

#include "fuzz/tools.hpp"
#include "smtp/netstring.hpp"

namespace {

using tern::smtp::NetstringReader;
using tern::fuzz::expect;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = 1 + data[0] % 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    NetstringReader whole;
    const std::size_t taken = whole.feed(bytes);
    NetstringReader parted;
    const std::size_t parted_taken = tern::fuzz::feed_in_pieces(parted, bytes, piece);
    expect(whole.state() == parted.state());
    expect(taken == parted_taken && taken <= bytes.size());
    expect(whole.text() == parted.text());
    expect(whole.text().size() <= tern::smtp::reported_text);
    expect((whole.state() == NetstringReader::State::malformed) == !whole.trouble().empty());
    if (whole.state() == NetstringReader::State::complete &&
        whole.text().size() < tern::smtp::reported_text)
        expect(tern::smtp::netstring(whole.text()) == bytes.substr(0, taken));
    NetstringReader again;
    const std::string written = tern::smtp::netstring(bytes);
    expect(again.feed(written) == written.size());
    expect(again.state() == NetstringReader::State::complete);
    expect(again.text() == bytes.substr(0, tern::smtp::reported_text));
    return 0;
}
