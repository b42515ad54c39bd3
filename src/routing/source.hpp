// The address that a connection is made from and its EHLO name, by sender domain and family. Texts
// in, values out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/failure.hpp"
#include "base/ip.hpp"
#include "routing/route.hpp"

namespace tern::routing {

/// Which of an exchanger's addresses are used, and which go first.
enum class FamilyChoice {
    ipv4_first,
    ipv6_first,
    ipv4_only,
    ipv6_only,
    ipv4_by_source,  ///< IPv4 alone, because only that has a source address
};

/// The choice that a word of control/addresspreference makes (none: IPv4 first); nothing where it
/// is not one of them.
[[nodiscard]] std::optional<FamilyChoice> family_choice_of(std::string_view word);

/// The texts of the files; empty where they do not exist.
struct SourceFiles {
    std::string outgoingip;
    std::string outgoingip6;
    std::string domainips;
    std::string helohostbyip;
};

/// What a connection of one family is made from.
struct Source {
    /// Nothing: the system's choice (no file says anything, or it says 0.0.0.0 or ::).
    std::optional<IpAddress> address;
    std::string hello_name;  ///< of domainips; empty: helohostbyip or helohost decide
    Origin origin;
    friend bool operator==(const Source&, const Source&) = default;
};

/// The source for mail of `sender` (the argument) in a connection of `family`: the route's own
/// address (smtproutes.d), else domainips by the sender's domain and then `*`, else outgoingip or
/// outgoingip6. Of duplicate keys of one family the last wins. Fails with Cause::control_file when
/// the line that decides is malformed (what is not an address or of the wrong family, an EHLO name
/// that is not printable ASCII); the detail names file and line.
[[nodiscard]] Result<Source> find_source(const SourceFiles& files, const Route& route,
                                         std::string_view sender, Family family);

/// The families that mail of `sender` by `route` uses where control/addresspreference says
/// `preference`. By default IPv6 is left out where a file names a source address for IPv4 and none
/// says anything of IPv6 (`::` is something). In the opposite case IPv4 stays: without it most
/// servers cannot be reached.
[[nodiscard]] FamilyChoice find_families(const SourceFiles& files, const Route& route,
                                         std::string_view sender, FamilyChoice preference);

/// The EHLO name that helohostbyip gives for a local address; nothing when no line is for it. Fails
/// with Cause::control_file as above.
[[nodiscard]] Result<std::optional<std::string>> find_hello_name(std::string_view helohostbyip,
                                                                 const IpAddress& local);

/// The EHLO name of a connection from `local`: that of domainips (`source`), then of
/// helohostbyip, then `usual`, that of helohost and me. Fails with Cause::control_file.
[[nodiscard]] Result<std::string> hello_name_for(const SourceFiles& files, const Source& source,
                                                 const std::string& usual, const IpAddress& local);

}  // namespace tern::routing
