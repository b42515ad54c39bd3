// Reads addresses and ports; see host_port.hpp.
#include "routing/host_port.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tern::routing {

std::optional<IpAddress> parse_address(std::string_view text) {
    if (text.size() > 2 && text.starts_with('[') && text.ends_with(']'))
        return IpAddress::parse_literal(text.substr(1, text.size() - 2));
    return IpAddress::parse(text);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    return std::ranges::all_of(text, is_digit) ? leading_port(text) : std::nullopt;
}

std::optional<std::uint16_t> leading_port(std::string_view text) {
    constexpr std::uint64_t highest = 65535;
    const std::optional<std::uint64_t> port = leading_number(text, highest + 1);
    if (!port || *port == 0 || *port > highest) return std::nullopt;
    return static_cast<std::uint16_t>(*port);
}

}  // namespace tern::routing
