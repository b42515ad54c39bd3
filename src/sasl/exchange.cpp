// PLAIN, LOGIN, CRAM-MD5, XOAUTH2 and OAUTHBEARER; SCRAM has its own file. See exchange.hpp.
#include "sasl/exchange.hpp"

#include <array>

#include "base/text.hpp"
#include "sasl/digest.hpp"
#include "sasl/scram.hpp"

namespace tern::sasl {
namespace {

constexpr std::string_view nul("\0", 1);

constexpr auto asks_on = "the server sent a challenge after the last response of the mechanism";

tl::unexpected<std::string> over(std::string_view why) {
    return tl::unexpected<std::string>(std::string(why));
}

// RFC 4616 2: [authzid] NUL authcid NUL passwd. As whom to act is the server's to derive.
class Plain final : public Exchange {
public:
    explicit Plain(const Credentials& credentials) : credentials_(credentials) {}

    std::optional<Secret> first_words() override {
        Secret words;
        words.append(nul).append(credentials_.user).append(nul);
        words.append(credentials_.secret.reveal());
        return words;
    }
    Response respond(std::string_view) override { return over(asks_on); }

private:
    const Credentials& credentials_;
};

// Servers word the two prompts as they like; what counts is their order.
class Login final : public Exchange {
public:
    explicit Login(const Credentials& credentials) : credentials_(credentials) {}

    Response respond(std::string_view) override {
        switch (said_++) {
            case 0: return Secret(credentials_.user);
            case 1: return credentials_.secret;
            default: return over(asks_on);
        }
    }

private:
    const Credentials& credentials_;
    unsigned said_ = 0;
};

// RFC 2195 2: the name, a blank, and the challenge's keyed MD5 in lower-case hex.
class CramMd5 final : public Exchange {
public:
    explicit CramMd5(const Credentials& credentials) : credentials_(credentials) {}

    Response respond(std::string_view challenge) override {
        if (said_) return over(asks_on);
        said_ = true;
        if (challenge.empty()) return over("the server's challenge is empty");
        const std::optional<Digest> keyed =
            hmac(Hash::md5, credentials_.secret.reveal(), challenge);
        if (!keyed) return over("OpenSSL cannot compute HMAC-MD5");
        Secret words(credentials_.user);
        words.append(" ");
        for (const char c : keyed->bytes()) {
            constexpr std::string_view hex = "0123456789abcdef";
            const auto byte = static_cast<unsigned char>(c);
            const std::array<char, 2> digits{hex[byte >> 4U], hex[byte & 15U]};
            words.append(std::string_view(digits.data(), digits.size()));
        }
        return words;
    }

private:
    const Credentials& credentials_;
    bool said_ = false;
};

// Both tell their refusal as a challenge with JSON in it, which the client must answer before the
// server says no (RFC 7628 3.2.3; XOAUTH2 wants an empty answer there).
class Bearer : public Exchange {
public:
    Bearer(Secret words, std::string_view answer_to_refusal)
        : words_(std::move(words)), answer_(answer_to_refusal) {}

    std::optional<Secret> first_words() override { return std::move(words_); }
    Response respond(std::string_view challenge) override {
        if (refused_) return over(asks_on);
        refused_ = true;
        reason_ = challenge;
        return Secret(answer_);
    }
    [[nodiscard]] std::optional<std::string> objection() const override {
        if (!refused_) return std::nullopt;
        return "the server rejected the token and then reported success";
    }
    [[nodiscard]] std::string_view reason() const override { return reason_; }

private:
    Secret words_;
    std::string_view answer_;
    std::string reason_;
    bool refused_ = false;
};

Secret xoauth2_words(const Credentials& credentials) {
    Secret words;
    words.append("user=").append(credentials.user).append("\1auth=Bearer ");
    words.append(credentials.secret.reveal()).append("\1\1");
    return words;
}

// RFC 7628 3.1: GS2 header, then key=value pairs, each ended by 0x01, and one 0x01 more.
Secret oauthbearer_words(const Credentials& credentials, const Circumstances& circumstances) {
    Secret words;
    words.append("n,a=").append(scram_name(credentials.user)).append(",\1");
    if (!circumstances.host.empty())
        words.append("host=").append(circumstances.host).append("\1");
    words.append(concat("port=", circumstances.port, "\1auth=Bearer "));
    words.append(credentials.secret.reveal()).append("\1\1");
    return words;
}

std::string fresh_nonce(Random& random) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t length = 32;  // 192 bits
    std::string nonce;
    while (nonce.size() < length)
        nonce += letters[random.below(static_cast<std::uint32_t>(letters.size()))];
    return nonce;
}

}  // namespace

std::unique_ptr<Exchange> begin(Mechanism mechanism, const Credentials& credentials,
                                const Circumstances& circumstances, Random& random) {
    const auto scram = [&](Hash hash, bool plus) {
        return std::make_unique<Scram>(hash, credentials,
                                       gs2_header(plus, circumstances.binding),
                                       plus ? circumstances.binding->data : std::string(),
                                       fresh_nonce(random));
    };
    switch (mechanism) {
        case Mechanism::scram_sha_256_plus: return scram(Hash::sha256, true);
        case Mechanism::scram_sha_256: return scram(Hash::sha256, false);
        case Mechanism::scram_sha_1_plus: return scram(Hash::sha1, true);
        case Mechanism::scram_sha_1: return scram(Hash::sha1, false);
        case Mechanism::cram_md5: return std::make_unique<CramMd5>(credentials);
        case Mechanism::plain: return std::make_unique<Plain>(credentials);
        case Mechanism::login: return std::make_unique<Login>(credentials);
        case Mechanism::oauthbearer:
            return std::make_unique<Bearer>(oauthbearer_words(credentials, circumstances), "\1");
        case Mechanism::xoauth2: break;
    }
    return std::make_unique<Bearer>(xoauth2_words(credentials), "");
}

}  // namespace tern::sasl
