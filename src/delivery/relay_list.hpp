// What stands behind the key of a route: `relay[,relay...][|user|password]`. Which line it is of,
// and which file, is the caller's to tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "delivery/way.hpp"

namespace tern::delivery {

struct RelayList {
    std::vector<Relay> relays;  ///< empty: MX as usual
    std::optional<sasl::Credentials> credentials;
};

/// What a file of routes takes for granted.
struct RelayTerms {
    std::uint16_t port = 25;  ///< of a relay that names none
    bool credentials = true;  ///< whether `|user|password` may follow
};

/// Port 25, or 209 and no credentials for QMTP.
[[nodiscard]] RelayTerms terms_of(Protocol protocol);

/// Reads the list; trailing blanks are already gone. The error is what is wrong and its cure, one
/// sentence without a full stop, which tells nothing that follows a '|'.
[[nodiscard]] tl::expected<RelayList, std::string> parse_relay_list(std::string_view value,
                                                                    const RelayTerms& terms);

/// A port from 1 to 65535 in the leading digits of `text`.
[[nodiscard]] std::optional<std::uint16_t> leading_port(std::string_view text);

/// An IP address, in brackets or without them.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);

}  // namespace tern::delivery
