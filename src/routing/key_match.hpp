// How keys match names: the whole name, or an end of it. The rule of smtproutes, authsenders,
// ignoreextensions and tlsdestinations.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tern::routing {

/// How many bytes of `name` the key matches, ignoring case; nothing where it does not match. The
/// empty key matches every name. A key for an end of names begins with one of `separators`.
[[nodiscard]] std::optional<std::size_t> matched_bytes(std::string_view key, std::string_view name,
                                                       std::string_view separators);

/// Without its final dot; a dot alone stays.
[[nodiscard]] std::string_view without_final_dot(std::string_view name);

/// A domain, or a dot and a domain, with A-labels (RFC 5890 2.3.2.1), in lower case and without a
/// final dot; nothing where it is not a domain.
[[nodiscard]] std::optional<std::string> with_a_labels(std::string_view key);

}  // namespace tern::routing
