// Lines `key:value` of smtproutes, qmtproutes and authsenders: where the key ends and which line
// decides. What the value says is relay_list's affair.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tern::delivery {

/// What the keys of a file of routes are.
enum class Keys {
    domains,  ///< of recipients: smtproutes, qmtproutes
    senders,  ///< whole addresses, or their ends: authsenders
};

/// The key of smtproutes and qmtproutes for mail of the null sender (indimail, s/qmail).
inline constexpr std::string_view null_sender_key = "!@";

struct RouteLine {
    std::string_view key;
    std::string_view value;  ///< without trailing blanks
    std::size_t number = 0;  ///< counted from 1
};

/// Where a key ends that stands at the beginning of `line`: at the first colon, or where it begins
/// with an address literal, at the colon behind its ']'. npos when there is none.
[[nodiscard]] std::size_t end_of_domain_key(std::string_view line);

/// A line in its parts; nothing for a comment and for a line without the colon that ends its key.
/// A sender's key may be quoted as in RFC 5321 ("a:b"@example.org), and its address literal may
/// hold colons.
[[nodiscard]] std::optional<RouteLine> split_route(std::string_view line, std::size_t number,
                                                   Keys keys);

/// The line that decides for mail to `host` (contract, Routing): for the null sender the one of
/// `!@`; then the host's own, each suffix of it that begins with a dot, the empty key; of
/// duplicates the last. One pass, in which nothing is allocated.
[[nodiscard]] std::optional<RouteLine> find_route_of_host(std::string_view content,
                                                          std::string_view host,
                                                          std::string_view sender);

/// The line that decides for mail of `sender`: its own, each end of it that begins with '@' or a
/// dot, the empty key; of duplicates the last.
[[nodiscard]] std::optional<RouteLine> find_route_of_sender(std::string_view content,
                                                            std::string_view sender);

/// Equal for keys that fit the same mail: lower case, unquoted.
[[nodiscard]] std::string canonical_key(std::string_view key, Keys keys);

/// Why no mail can have the key, with its cure; nothing when all is well.
[[nodiscard]] std::optional<std::string> what_is_wrong_with_key(std::string_view key, Keys keys);

}  // namespace tern::delivery
