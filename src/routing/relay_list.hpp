// What follows the key of a route: `relay[,relay...][|user|password]`, or for one that names a port
// `relay:port user password` as well. The caller knows which file and line it is of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/parsed.hpp"
#include "routing/route.hpp"

namespace tern::routing {

struct RelayList {
    std::vector<Relay> relays;  ///< empty: MX as usual
    std::optional<sasl::Credentials> credentials;
    /// Which text after the last relay's port is ignored, with what to write; or empty.
    std::string ignored;
    /// That text has more than two words, and the route has no login: a login that some patches
    /// read, most likely, by whose loss the relay would reject the mail.
    bool ignored_login = false;
};

/// What holds in a file of routes where a line does not say otherwise.
struct RelayDefaults {
    std::uint16_t port = 25;           ///< of a relay that names none
    bool may_have_credentials = true;  ///< whether a user and password may follow
};

/// Port 25, or 209 and no credentials for QMTP.
[[nodiscard]] RelayDefaults relay_defaults(Protocol protocol);

/// Reads the list; trailing blanks are already gone. The error quotes nothing that follows a '|' or
/// a blank.
[[nodiscard]] Parsed<RelayList> parse_relay_list(std::string_view value,
                                                 const RelayDefaults& defaults);

}  // namespace tern::routing
