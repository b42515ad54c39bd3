// Sender and recipients as arguments of any bytes, parted by NULs: what goes to the wire is a path
// of its own, in its place, and each other recipient has its fault reported.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "delivery/envelope.hpp"
#include "fuzz/tools.hpp"

namespace {

using tern::fuzz::expect;

// Nothing in it ends the command, or the path before its end.
void expect_harmless(std::string_view path) {
    expect(std::ranges::none_of(path, tern::is_control));
    bool quoted = false;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (quoted && path[i] == '\\') ++i;
        else if (path[i] == '"') quoted = !quoted;
        else expect(quoted || (path[i] != '<' && path[i] != '>' && path[i] != ' '));
    }
    // contract.md#addresses keeps one without '@' as it is given, be it half a quoted string.
    expect(!quoted || path.find('@') == path.npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string_view> words;
    for (std::string_view rest(reinterpret_cast<const char*>(data), size); !rest.empty();) {
        words.push_back(rest.substr(0, rest.find('\0')));
        rest.remove_prefix(std::min(rest.size(), words.back().size() + 1));
    }
    if (words.empty()) return 0;
    const std::string_view sender = words.front();
    words.erase(words.begin());
    const auto read = tern::delivery::read_envelope(sender, words);
    if (!read) {
        expect(read.error().cause == tern::Cause::bad_sender && !read.error().detail.empty());
        return 0;
    }
    expect_harmless(read->wire.sender.wire());
    expect(read->faults.size() == words.size());
    std::size_t said = 0;
    for (const auto& fault : read->faults) {
        if (fault) expect(!fault->empty());
        else expect_harmless(read->wire.recipients.at(said++).wire());
    }
    expect(said == read->wire.recipients.size());
    return 0;
}
