// control/tlsdestinations of s/qmail: which line decides for a server. Its rules are not supported,
// so mail that a rule decides is deferred: sent anyway, it might be protected less than written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tern::routing {

/// `[prefix]destination:value`, in its parts.
struct TlsDestination {
    char prefix = '\0';            ///< one of `!%=~+-`, or none
    std::string_view destination;  ///< a name, `.suffix`, `*`, or empty
    std::string_view value;        ///< trust, ciphers and so on; without trailing blanks
    std::size_t number = 0;        ///< of its line, counted from 1

    /// For every server that no other line names.
    [[nodiscard]] bool is_general() const { return destination.empty() || destination == "*"; }
    /// TLS where it is offered and nothing verified, as without the file: `*:`, which the installer
    /// of s/qmail writes, and `:*`, which a port of it does.
    [[nodiscard]] bool changes_nothing() const { return prefix == '\0' && is_general(); }
    /// The key as it is written: `-*`.
    [[nodiscard]] std::string key() const;
    /// "requires TLS" or "disables TLS".
    [[nodiscard]] std::string_view words() const;
};

/// The line that decides for the server `name`, which mail for the domain `next_hop` goes to; both
/// as A-labels, empty where there is none. Named lines come before general ones, the server's
/// before the domain's; of equal keys the last wins.
[[nodiscard]] std::optional<TlsDestination> find_tls_destination(std::string_view content,
                                                                 std::string_view name,
                                                                 std::string_view next_hop);

}  // namespace tern::routing
