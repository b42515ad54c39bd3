// The address a connection leaves from and the name we say hello with, by sender domain and family.
// Texts in, values out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// The files as they stand; empty where they do not exist.
struct SourceFiles {
    std::string outgoingip;
    std::string outgoingip6;
    std::string domainips;
    std::string helohostbyip;
};

/// What a connection of one family leaves from.
struct Source {
    /// Nothing: the system's choice (no file says anything, or it says 0.0.0.0 or ::).
    std::optional<IpAddress> address;
    std::string hello_name;  ///< of domainips; empty: helohostbyip or helohost decide
    Origin origin;
    friend bool operator==(const Source&, const Source&) = default;
};

/// The source for mail of `sender` (the argument) in a connection of `family`: the way's own
/// address (smtproutes.d), else domainips by the sender's domain and then `*`, else outgoingip or
/// outgoingip6. Of duplicate keys of one family the last wins. Fails with Cause::control_file when
/// the line that decides is malformed (an address that is none or of the wrong family, a hello name
/// that is not printable ASCII); the detail names file and line.
[[nodiscard]] Result<Source> find_source(const SourceFiles& files, const Route& route,
                                         std::string_view sender, Family family);

/// The families that mail of `sender` by `way` uses where control/addresspreference says
/// `preference`. By default IPv6 is left out where a file names a source address for IPv4 and none
/// says anything of IPv6, be it `::`. The other way round IPv4 stays: without it most servers
/// cannot be reached.
[[nodiscard]] FamilyChoice find_families(const SourceFiles& files, const Route& route,
                                         std::string_view sender, FamilyChoice preference);

/// The hello name that helohostbyip gives for a local address; nothing when no line is of it. Fails
/// with Cause::control_file as above.
[[nodiscard]] Result<std::optional<std::string>> find_hello_name(std::string_view helohostbyip,
                                                                 const IpAddress& local);

/// The name for EHLO in a connection from `local`: that of domainips (`source`), then of
/// helohostbyip, then `usual`, that of helohost and me. Fails with Cause::control_file.
[[nodiscard]] Result<std::string> hello_name_for(const SourceFiles& files, const Source& source,
                                                 const std::string& usual, const IpAddress& local);

/// Whether `name` can be said with EHLO: one byte at least, printable ASCII alone
/// (contract.md#control-files; blanks pass, as they do in helohost).
[[nodiscard]] bool is_hello_name(std::string_view name);

/// Every mistake in the text of one of the files.
[[nodiscard]] std::vector<Mistake> check_outgoingip(std::string_view content, Family family);
[[nodiscard]] std::vector<Mistake> check_domainips(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_helohostbyip(std::string_view content);

}  // namespace tern::routing
