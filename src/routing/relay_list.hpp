// What follows the key of a route: `relay[,relay...][|user|password]`, or for one that names a port
// `relay:port user password` as well. Which line it is of, and which file, is the caller's to tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "routing/route.hpp"

namespace tern::routing {

struct RelayList {
    std::vector<Relay> relays;  ///< empty: MX as usual
    std::optional<sasl::Credentials> credentials;
    /// Which text after the last relay's port counts for nothing, with what to write; or empty.
    std::string ignored;
    /// That text has more than two words, and the route has no login: a login that some patches
    /// read, most likely, by whose loss the relay would reject the mail.
    bool ignored_login = false;
};

/// What a file of routes takes for granted.
struct RelayTerms {
    std::uint16_t port = 25;  ///< of a relay that names none
    bool credentials = true;  ///< whether a user and password may follow
};

/// Port 25, or 209 and no credentials for QMTP.
[[nodiscard]] RelayTerms terms_of(Protocol protocol);

/// Reads the list; trailing blanks are already gone. The error is what is wrong and its cure, one
/// sentence without a full stop, which tells nothing that follows a '|' or a blank.
[[nodiscard]] tl::expected<RelayList, std::string> parse_relay_list(std::string_view value,
                                                                    const RelayTerms& terms);

/// Whether a line of a file of routes seems to hold a user and password, be it malformed: a '|', or
/// two words beside the first.
[[nodiscard]] bool seems_to_hold_password(std::string_view line);

/// A port from 1 to 65535 in the leading digits of `text`.
[[nodiscard]] std::optional<std::uint16_t> leading_port(std::string_view text);

/// An IP address, in brackets or without them.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);

}  // namespace tern::routing
