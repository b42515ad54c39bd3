// Lines `key:value` of smtproutes, qmtproutes and authsenders, and which of them decides.
// route_key knows keys, relay_list values.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "routing/route_key.hpp"

namespace tern::routing {

struct RouteLine {
    std::string_view key;
    std::string_view value;  ///< without trailing blanks
    std::size_t number = 0;  ///< counted from 1
};

/// A line in its parts; nothing for a comment and for a line without the colon that ends its key.
[[nodiscard]] std::optional<RouteLine> split_route(std::string_view line, std::size_t number,
                                                   Keys keys);

/// The line that decides for mail to `host` (contract.md#smtproutes): for the null sender the one
/// of `!@`; then the host's own, each suffix of it that begins with a dot, the empty key; of
/// duplicates the last. One pass, in which nothing is allocated.
[[nodiscard]] std::optional<RouteLine> find_route_of_host(std::string_view content,
                                                          std::string_view host,
                                                          std::string_view sender);

/// The line that decides for mail of `sender`: its own, each end of it that begins with '@' or a
/// dot, the empty key; of duplicates the last.
[[nodiscard]] std::optional<RouteLine> find_route_of_sender(std::string_view content,
                                                            std::string_view sender);

}  // namespace tern::routing
