// SCRAM (RFC 5802, RFC 7677): a proof in each direction that both know the password, which is never
// said itself. The grammar of the server's messages is here too, for tests and fuzzing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "sasl/digest.hpp"
#include "sasl/exchange.hpp"

namespace tern::sasl {

/// Iterations of PBKDF2 that a server may ask for: one million cost half a second or so of CPU, and
/// 600,000 is the most that is recommended anywhere. No minimum (RFC 7677 3 asks servers for
/// 4,096): who could ask for fewer in a server's place could as well offer PLAIN alone.
constexpr std::uint32_t most_iterations = 1'000'000;

/// The server's first message, as RFC 5802 7 words it.
struct ScramChallenge {
    std::string nonce;
    std::string salt;  ///< decoded
    std::uint32_t iterations = 0;
};
/// Reads it; else says in words what is wrong. Unknown extensions are passed over, mandatory ones
/// (`m=`) are refused (RFC 5802 5.1).
[[nodiscard]] tl::expected<ScramChallenge, std::string> parse_scram_challenge(
    std::string_view message);

/// The server's last message: its signature, decoded, or in words the error it reports.
[[nodiscard]] tl::expected<std::string, std::string> parse_scram_verdict(std::string_view message);

/// RFC 5802 6: `p=<type>,,` with a mechanism that binds; `y,,` where we could have bound and the
/// server did not offer to by a mechanism that we speak, so that it notices if an attacker took its
/// offer away; else `n,,`.
[[nodiscard]] std::string gs2_header(bool binds, const std::optional<ChannelBinding>& binding);

/// A name as a saslname (RFC 5802 5.1): `=` and `,` are written `=3D` and `=2C`.
[[nodiscard]] std::string scram_name(std::string_view name);

class Scram final : public Exchange {
public:
    /// `credentials` must outlive it; `binding_data` is empty where nothing is bound.
    Scram(Hash hash, const Credentials& credentials, std::string header, std::string binding_data,
          std::string nonce);

    std::optional<Secret> first_words() override;
    Response respond(std::string_view challenge) override;
    [[nodiscard]] std::optional<std::string> objection() const override;

private:
    enum class Step { prove, judge, proven, over };

    Response prove(std::string_view challenge);
    Response judge(std::string_view message);

    const Hash hash_;
    const Credentials& credentials_;
    const std::string header_;
    const std::string binding_data_;
    const std::string nonce_;
    Step step_ = Step::prove;
    Digest expected_;  ///< the signature that a server gives that knows the password
};

}  // namespace tern::sasl
