// One login, as the client says it: challenges in, responses out. Bytes only; base64 and SMTP are
// session/authenticate's work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/channel_binding.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "sasl/credentials.hpp"
#include "sasl/mechanism.hpp"

namespace tern::sasl {

/// What an exchange must know of the connection.
struct Circumstances {
    std::string host;  ///< the server's name, for OAUTHBEARER; empty: none
    std::uint16_t port = 25;
    std::optional<ChannelBinding> binding;
};

/// A response, or in words what the server did that ends the exchange.
using Response = tl::expected<Secret, std::string>;

class Exchange {
public:
    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    /// What the client says first; nothing where the server speaks first. Called once.
    virtual std::optional<Secret> first_words() { return std::nullopt; }
    /// The response to the server's next challenge. After an error, or one challenge more than the
    /// mechanism has, the exchange is over.
    virtual Response respond(std::string_view challenge) = 0;
    /// What keeps a success that the server declares now from being one; nothing when it may stand.
    [[nodiscard]] virtual std::optional<std::string> objection() const { return std::nullopt; }
    /// What the server said about its refusal in a challenge (RFC 7628 3.2.2); empty: nothing.
    [[nodiscard]] virtual std::string_view reason() const { return {}; }
};

/// Begins a login. `credentials` must be without fault (what_is_wrong) and outlive the exchange;
/// a mechanism that binds needs `circumstances.binding`. `random` makes SCRAM's nonce.
[[nodiscard]] std::unique_ptr<Exchange> begin(Mechanism mechanism, const Credentials& credentials,
                                              const Circumstances& circumstances, Random& random);

}  // namespace tern::sasl
