// The user and password of a route: `|user|password` after its relays, or two words after the port
// of the last one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "routing/parsed.hpp"
#include "sasl/credentials.hpp"

namespace tern::routing {

/// Reads `user|password`, which follows the first '|' of a value.
[[nodiscard]] Parsed<sasl::Credentials> credentials_after_bar(std::string_view text);

/// The user and password in what follows the digits of a port; nothing where it is not exactly two
/// words, and is ignored.
[[nodiscard]] std::optional<Parsed<sasl::Credentials>> credentials_after_port(
    std::string_view text);

/// What of the text after a port is ignored, with what to write instead; empty where nothing is.
/// It quotes nothing of the text, which may be a password. `may_have_credentials`: whether the
/// protocol has a user and password.
[[nodiscard]] std::string what_is_ignored(std::string_view text, std::uint16_t port,
                                          bool may_have_credentials);

/// Whether an ignored text after a port is, most likely, a user and password that some patches
/// read: more than two words.
[[nodiscard]] bool seems_to_be_a_login(std::string_view text);

/// Whether a line of a file of routes seems to hold a user and password, even one that is
/// malformed: it has a '|', or two words after the first.
[[nodiscard]] bool seems_to_hold_password(std::string_view line);

/// Whether any line of a text may hold a password: it has a '|' or a blank. Blanks are rare in
/// files of routes, and a false alarm costs a system call.
[[nodiscard]] bool may_hold_passwords(std::string_view lines);

}  // namespace tern::routing
