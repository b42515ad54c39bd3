// The key of a line `key:value` in a file of routes: where it ends, and which keys are the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tern::routing {

/// What the keys of a file of routes are.
enum class Keys {
    domains,  ///< of recipients: smtproutes, qmtproutes
    senders,  ///< whole addresses, or their ends: authsenders
};

/// The key of smtproutes and qmtproutes for mail of the null sender (indimail, s/qmail).
inline constexpr std::string_view null_sender_key = "!@";

/// Where the key at the beginning of `line` ends: at the first colon, or where it begins with an
/// address literal, at the colon after its ']'. npos when there is none.
[[nodiscard]] std::size_t end_of_domain_key(std::string_view line);

/// The same for a sender's key, which may be quoted as in RFC 5321 4.1.2 ("a:b"@example.org), and
/// whose address literal may hold colons.
[[nodiscard]] std::size_t end_of_sender_key(std::string_view line);

/// A sender's key as qmail passes addresses, without quoting.
[[nodiscard]] std::string unquoted(std::string_view key);

/// Equal for keys that match the same mail: lower case, unquoted.
[[nodiscard]] std::string canonical_key(std::string_view key, Keys keys);

}  // namespace tern::routing
