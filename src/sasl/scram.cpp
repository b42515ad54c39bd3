// SCRAM; see scram.hpp.
#include "sasl/scram.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "sasl/base64.hpp"

namespace tern::sasl {
namespace {

constexpr std::size_t longest_message = 4096;  // of the server; usual ones have about 100 bytes
constexpr std::size_t longest_salt = 1024;

tl::unexpected<std::string> wrong(std::string_view what) {
    return tl::unexpected<std::string>(std::string(what));
}

// RFC 5802 7: printable but the comma.
bool is_of_a_nonce(char c) { return c > ' ' && c < 0x7f && c != ','; }

/// The attributes of a message, one after another.
class Attributes {
public:
    explicit Attributes(std::string_view message) : rest_(message) {}

    /// The value of the next attribute, if that is the one with this letter.
    std::optional<std::string_view> take(char letter) {
        if (rest_.size() < 2 || rest_[0] != letter || rest_[1] != '=') return std::nullopt;
        return next().substr(2);
    }
    /// Whether what is left is extensions: `,` and a letter, `=` and a value, any number of times.
    bool only_extensions_left() {
        if (!ended_with_comma_ && rest_.empty()) return true;
        do {
            const std::string_view extension = next();
            if (extension.size() < 3 || !is_alnum(extension[0]) || is_digit(extension[0]) ||
                extension[1] != '=' || extension.find('\0') != std::string_view::npos)
                return false;
        } while (ended_with_comma_);
        return true;
    }

private:
    std::string_view next() {
        const std::string_view attribute = rest_.substr(0, rest_.find(','));
        ended_with_comma_ = attribute.size() < rest_.size();
        rest_.remove_prefix(attribute.size() + (ended_with_comma_ ? 1 : 0));
        return attribute;
    }

    std::string_view rest_;
    bool ended_with_comma_ = false;
};

}  // namespace

tl::expected<ScramChallenge, std::string> parse_scram_challenge(std::string_view message) {
    if (message.size() > longest_message) return wrong("it is too long");
    Attributes attributes(message);
    if (message.starts_with("m=")) return wrong("it requires an unknown extension");
    const auto nonce = attributes.take('r');
    if (!nonce || nonce->empty() || !std::all_of(nonce->begin(), nonce->end(), is_of_a_nonce))
        return wrong("it has no nonce");
    const auto salt = attributes.take('s');
    const auto decoded = salt ? from_base64(*salt) : std::nullopt;
    if (!decoded || decoded->empty() || decoded->size() > longest_salt)
        return wrong("its salt is not base64 or is too long");
    const auto count = attributes.take('i');
    // posit-number: no leading zero.
    if (!count || count->empty() || count->front() == '0' ||
        !std::all_of(count->begin(), count->end(), is_digit))
        return wrong("its iteration count is not a number");
    const std::uint64_t iterations = *leading_number(*count, UINT32_MAX);
    if (iterations > most_iterations)
        return wrong(concat("it asks for more than ", most_iterations, " iterations"));
    if (!attributes.only_extensions_left()) return wrong("it ends with invalid text");
    ScramChallenge challenge;
    challenge.nonce = *nonce;
    challenge.salt = *decoded;
    challenge.iterations = static_cast<std::uint32_t>(iterations);
    return challenge;
}

tl::expected<std::string, std::string> parse_scram_verdict(std::string_view message) {
    if (message.size() > longest_message) return wrong("the server's last message is too long");
    Attributes attributes(message);
    // RFC 5802 7: server-error-value is a word such as "invalid-proof".
    if (const auto error = attributes.take('e')) {
        const bool plain = !error->empty() && error->size() <= 100 &&
                           std::all_of(error->begin(), error->end(), is_of_a_nonce);
        return wrong(plain ? concat("the server reported: ", *error)
                           : "the server reported an error");
    }
    const auto signature = attributes.take('v');
    const auto decoded = signature ? from_base64(*signature) : std::nullopt;
    if (!decoded || !attributes.only_extensions_left())
        return wrong("the server's last message has no signature");
    return *decoded;
}

std::string gs2_header(bool binds, const std::optional<ChannelBinding>& binding) {
    if (binds) return concat("p=", binding->type, ",,");
    return binding ? "y,," : "n,,";
}

std::string scram_name(std::string_view name) {
    std::string written;
    for (const char c : name) {
        if (c == '=') written += "=3D";
        else if (c == ',') written += "=2C";
        else written += c;
    }
    return written;
}

Scram::Scram(Hash hash, const Credentials& credentials, std::string header,
             std::string binding_data, std::string nonce)
    : hash_(hash),
      credentials_(credentials),
      header_(std::move(header)),
      binding_data_(std::move(binding_data)),
      nonce_(std::move(nonce)) {}

std::optional<Secret> Scram::first_words() {
    return Secret(concat(header_, "n=", scram_name(credentials_.user), ",r=", nonce_));
}

Response Scram::respond(std::string_view challenge) {
    constexpr auto too_many =
        "the server sent a challenge after the last response of the mechanism";
    Response response = step_ == Step::prove   ? prove(challenge)
                        : step_ == Step::judge ? judge(challenge)
                                               : Response(wrong(too_many));
    if (!response) step_ = Step::over;
    return response;
}

// RFC 5802 3.
Response Scram::prove(std::string_view challenge) {
    const auto asked = parse_scram_challenge(challenge);
    if (!asked) return wrong(concat("the server's challenge cannot be used: ", asked.error()));
    if (!asked->nonce.starts_with(nonce_) || asked->nonce.size() == nonce_.size())
        return wrong("the server's nonce does not begin with ours");

    const Secret bound = to_base64(header_ + binding_data_);
    const std::string last_words = concat("c=", bound.reveal(), ",r=", asked->nonce);
    const std::string all_words =
        concat("n=", scram_name(credentials_.user), ",r=", nonce_, ",", challenge, ",", last_words);

    const auto salted = pbkdf2(hash_, credentials_.secret.reveal(), asked->salt, asked->iterations);
    const auto client_key = salted ? hmac(hash_, salted->bytes(), "Client Key") : std::nullopt;
    const auto stored_key = client_key ? digest(hash_, client_key->bytes()) : std::nullopt;
    const auto signature = stored_key ? hmac(hash_, stored_key->bytes(), all_words) : std::nullopt;
    const auto server_key = signature ? hmac(hash_, salted->bytes(), "Server Key") : std::nullopt;
    const auto expected = server_key ? hmac(hash_, server_key->bytes(), all_words) : std::nullopt;
    if (!expected) return wrong("OpenSSL cannot compute the hash");

    expected_ = *expected;
    step_ = Step::judge;
    Digest proof = *client_key;
    proof ^= *signature;
    Secret response(last_words);
    response.append(",p=").append(to_base64(proof.bytes()).reveal());
    return response;
}

// A server that accepts anything has shown nothing; one that signs knows the password, or what was
// derived from it.
Response Scram::judge(std::string_view message) {
    const auto signature = parse_scram_verdict(message);
    if (!signature) return wrong(signature.error());
    if (!same_bytes(*signature, expected_.bytes()))
        return wrong("the server did not prove that it knows our password");
    step_ = Step::proven;
    return Secret();
}

std::optional<std::string> Scram::objection() const {
    if (step_ == Step::proven) return std::nullopt;
    return "the server reported success without proving that it knows our password";
}

}  // namespace tern::sasl
