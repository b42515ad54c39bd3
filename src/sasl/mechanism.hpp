// The mechanisms of AUTH that tern speaks, and which of them a server's offer and our credentials
// allow. No cryptography here.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sasl/credentials.hpp"

namespace tern::sasl {

/// The strongest first, where control/authmechanisms has no other order; for a token only the last
/// two can be. Bound to the TLS session comes before the better hash: HMAC-SHA-1 is not broken, but
/// TLS without verification may end at an attacker in the middle.
enum class Mechanism {
    scram_sha_256_plus,  ///< RFC 7677, bound to the TLS session
    scram_sha_1_plus,    ///< RFC 5802
    scram_sha_256,
    scram_sha_1,
    cram_md5,     ///< RFC 2195 2
    plain,        ///< RFC 4616 2
    login,        ///< never standardised; draft-murchison-sasl-login
    oauthbearer,  ///< RFC 7628
    xoauth2,      ///< Google's, from before RFC 7628
};

/// `SCRAM-SHA-256-PLUS`.
[[nodiscard]] std::string_view name_of(Mechanism mechanism);

/// The one of that name, in any case; nothing for those that tern does not speak.
[[nodiscard]] std::optional<Mechanism> mechanism_of(std::string_view name);

/// Whether the mechanism is bound to the TLS session (RFC 5056).
[[nodiscard]] bool binds(Mechanism mechanism);

/// Whether the mechanism shows the server the password or token itself.
[[nodiscard]] bool reveals_secret(Mechanism mechanism);

/// What of the connection bears on the choice.
struct Footing {
    /// TLS is there, or the server is on this host: what is sent is not seen by others.
    bool private_line = false;
    /// The TLS session gave data to bind to.
    bool has_binding = false;
};

/// All of them, in the order of Mechanism.
[[nodiscard]] std::span<const Mechanism> usual_order();

/// The first mechanism of `order` that the server offers (names with blanks between, in any case)
/// and that these credentials and this connection allow; nothing where there is none in common.
/// Mechanisms that reveal the secret need a private line.
[[nodiscard]] std::optional<Mechanism> choose(std::string_view offered, Credentials::Kind kind,
                                              Footing footing,
                                              std::span<const Mechanism> order = usual_order());

/// Whether the server offers a mechanism of ours that binds.
[[nodiscard]] bool offers_binding(std::string_view offered);

}  // namespace tern::sasl
