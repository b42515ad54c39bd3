// The text of a reply to EHLO: what it offers does not depend on the case of its letters.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "smtp/extensions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    tern::smtp::Extensions offered = tern::smtp::parse_extensions(bytes);
    tern::smtp::Extensions lowered = tern::smtp::parse_extensions(tern::lower(bytes));
    offered.auth_mechanisms = tern::lower(offered.auth_mechanisms);
    if (offered != lowered) std::abort();
    // The first line is the greeting: alone it offers nothing.
    const std::string_view first = bytes.substr(0, bytes.find('\n'));
    if (tern::smtp::parse_extensions(first) != tern::smtp::Extensions()) std::abort();
    return 0;
}
