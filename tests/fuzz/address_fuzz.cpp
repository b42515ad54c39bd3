// Envelope addresses: what reaches the wire cannot end the path or the line, and says the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "fuzz/tools.hpp"
#include "smtp/address.hpp"

namespace {

using tern::fuzz::expect;

// The local part without its quoting.
std::string unquoted(std::string_view local) {
    if (!local.starts_with('"')) return std::string(local);
    expect(local.size() >= 2 && local.ends_with('"'));
    std::string raw;
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
        if (local[i] == '\\') ++i;
        else expect(local[i] != '"');
        expect(i + 1 < local.size());
        raw += local[i];
    }
    return raw;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view given(reinterpret_cast<const char*>(data), size);
    const auto path = tern::smtp::parse_address(given);
    if (!path) {
        expect(!path.error().empty());
        return 0;
    }
    const std::string wire = path->wire();
    expect(wire.size() <= tern::smtp::longest_address);
    bool quoted = false;
    for (std::size_t i = 0; i < wire.size(); ++i) {
        expect(!tern::is_control(wire[i]));
        if (wire[i] == '\\' && quoted) ++i;
        else if (wire[i] == '"') quoted = !quoted;
        else if (!quoted) expect(wire[i] != '<' && wire[i] != '>' && wire[i] != ' ');
    }
    expect(!quoted || !path->has_at);
    if (path->has_at) expect(unquoted(path->local) + '@' + path->domain == given);
    else expect(wire == given);
    return 0;
}
