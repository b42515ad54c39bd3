// Who we are at a relay: a user name with a password or an access token. Files and wires are the
// matter of others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace tern::sasl {

struct Credentials {
    enum class Kind {
        password,
        token,  ///< an OAuth 2.0 access token (RFC 6750)
    };

    std::string user;
    /// The password, or the token once its file has been read.
    Secret secret;
    Kind kind = Kind::password;
    /// Where the token is, an absolute path: another program refreshes it. Empty for passwords.
    std::string token_file;

    friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// The credentials that a route names. A password field `token:/absolute/path` names the file whose
/// first line is the access token; anything else is the password itself.
[[nodiscard]] Credentials credentials_of_route(std::string_view user, std::string_view password);

/// The access token in the text of its file: the first line, without blanks around it.
[[nodiscard]] Secret token_in(std::string_view content);

/// Why no mechanism could carry these, in words that do not tell the secret ("the password is
/// empty"); nothing when all is well. User names and passwords may hold any UTF-8 but control
/// characters, tokens are those of RFC 6750 2.1.
[[nodiscard]] std::optional<std::string> what_is_wrong(const Credentials& credentials);

}  // namespace tern::sasl
