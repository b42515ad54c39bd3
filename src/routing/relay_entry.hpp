// One relay of a list: `host[/mx][:port]` or `[address][:port]`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "routing/parsed.hpp"
#include "routing/route.hpp"

namespace tern::routing {

/// One relay, and what follows it in its list.
struct RelayEntry {
    Relay relay;
    std::optional<std::string_view> rest;        ///< after a comma
    std::optional<std::string_view> after_port;  ///< after the digits of its port
};

/// Reads the relay at the beginning of `text`, which is not empty; `port` is that of one that names
/// none. The error quotes nothing that follows a blank.
[[nodiscard]] Parsed<RelayEntry> parse_relay_entry(std::string_view text, std::uint16_t port);

}  // namespace tern::routing
