// Addresses and ports as the operator writes them: `host`, `host:port`, `[address]:port`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ip.hpp"

namespace tern::routing {

/// An IP address, in brackets or without them.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);

/// A port from 1 to 65535; nothing for any other text.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text);

/// A port from 1 to 65535 in the leading digits of `text`.
[[nodiscard]] std::optional<std::uint16_t> leading_port(std::string_view text);

}  // namespace tern::routing
