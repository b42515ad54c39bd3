// PLAIN (RFC 4616), LOGIN (as it is in use, never standardised), CRAM-MD5 (RFC 2195), OAUTHBEARER
// (RFC 7628) and XOAUTH2. SCRAM is in scram.cpp.
#include "sink/auth.hpp"

#include <array>
#include <cstdint>
#include <ctime>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace tern::sink {

namespace {

std::string hex_of(const unsigned char* bytes, std::size_t count) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string made;
    for (std::size_t i = 0; i < count; ++i) {
        made += digits[bytes[i] >> 4U];
        made += digits[bytes[i] & 15U];
    }
    return made;
}

std::string fresh_challenge(std::string_view host) {
    std::array<unsigned char, 8> random{};
    RAND_bytes(random.data(), static_cast<int>(random.size()));
    return "<" + hex_of(random.data(), random.size()) + "." + std::to_string(std::time(nullptr)) +
           "@" + std::string(host) + ">";
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

AuthExchange::AuthExchange(Mechanism mechanism, std::span<const User> users, std::string_view host,
                           const TlsFacts* tls, bool offers_plus)
    : mechanism_(mechanism), users_(users), host_(host) {
    const bool plus = mechanism == Mechanism::scram_sha_256_plus;
    if (plus || mechanism == Mechanism::scram_sha_256)
        scram_.emplace(users, tls, plus, offers_plus);
}

AuthExchange::State AuthExchange::begin(const std::string* initial) {
    if (mechanism_ == Mechanism::cram_md5) {
        // RFC 4954 4: a mechanism where the server speaks first takes no initial response.
        if (initial != nullptr) return State::malformed;
        challenge_ = fresh_challenge(host_);
        return State::asks;
    }
    challenge_ = mechanism_ == Mechanism::login ? "Username:" : "";
    return initial != nullptr ? respond(*initial) : State::asks;
}

AuthExchange::State AuthExchange::respond(const std::string& response) {
    switch (mechanism_) {
        case Mechanism::plain:
            return plain(response);
        case Mechanism::login:
            return login(response);
        case Mechanism::cram_md5:
            return cram_md5(response);
        case Mechanism::scram_sha_256:
        case Mechanism::scram_sha_256_plus:
            return scram(response);
        case Mechanism::xoauth2:
        case Mechanism::oauthbearer:
            return bearer(response);
    }
    return State::malformed;
}

AuthExchange::State AuthExchange::check_password(std::string_view password) const {
    for (const User& user : users_)
        if (user.name == user_ && same_secret(user.password, password)) return State::accepted;
    return State::refused;
}

// RFC 4616 2: [authzid] NUL authcid NUL passwd
AuthExchange::State AuthExchange::plain(std::string_view response) {
    const std::size_t first = response.find('\0');
    if (first == std::string_view::npos) return State::malformed;
    const std::size_t second = response.find('\0', first + 1);
    if (second == std::string_view::npos) return State::malformed;
    user_ = response.substr(first + 1, second - first - 1);
    if (response.find('\0', second + 1) != std::string_view::npos) return State::malformed;
    return check_password(response.substr(second + 1));
}

AuthExchange::State AuthExchange::login(const std::string& response) {
    if (has_user_) return check_password(response);
    user_ = response;
    has_user_ = true;
    challenge_ = "Password:";
    return State::asks;
}

// RFC 2195 2: name, blank, and the keyed MD5 of the challenge in lower-case hex.
AuthExchange::State AuthExchange::cram_md5(std::string_view response) {
    const std::size_t blank = response.rfind(' ');
    if (blank == std::string_view::npos) return State::malformed;
    user_ = response.substr(0, blank);
    for (const User& user : users_) {
        if (user.name != user_) continue;
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned length = 0;
        if (HMAC(EVP_md5(), user.password.data(), static_cast<int>(user.password.size()),
                 reinterpret_cast<const unsigned char*>(challenge_.data()), challenge_.size(),
                 digest.data(), &length) == nullptr)
            return State::refused;
        if (same_secret(hex_of(digest.data(), length), response.substr(blank + 1)))
            return State::accepted;
    }
    return State::refused;
}

AuthExchange::State AuthExchange::scram(std::string_view response) {
    const ScramServer::State state = scram_->take(response);
    user_ = scram_->user();
    switch (state) {
        case ScramServer::State::asks:
            challenge_ = scram_->challenge();
            return State::asks;
        case ScramServer::State::accepted:
            return State::accepted;
        case ScramServer::State::refused:
            return State::refused;
        case ScramServer::State::malformed:
            break;
    }
    return State::malformed;
}

// RFC 7628 3.1: `n,a=user,` and pairs, each ended by 0x01; XOAUTH2 has the user as a pair. A
// refusal is sent as a challenge, which the client answers with 0x01 (RFC 7628 3.2.3), or with
// nothing.
AuthExchange::State AuthExchange::bearer(std::string_view response) {
    const bool standard = mechanism_ == Mechanism::oauthbearer;
    if (has_refused_)
        return response == (standard ? "\1" : "") ? State::refused : State::malformed;
    std::string_view token;
    bool ended = false;
    for (bool first = true; !response.empty(); first = false) {
        const std::size_t end = response.find('\1');
        if (end == std::string_view::npos || ended) return State::malformed;
        const std::string_view pair = response.substr(0, end);
        response.remove_prefix(end + 1);
        constexpr std::string_view header = "n,a=";
        constexpr std::string_view user = "user=";
        constexpr std::string_view authorization = "auth=Bearer ";
        if (first && standard) {
            if (!pair.starts_with(header) || !pair.ends_with(',')) return State::malformed;
            user_ = pair.substr(header.size(), pair.size() - header.size() - 1);
        } else if (!standard && pair.starts_with(user)) {
            user_ = pair.substr(user.size());
        } else if (pair.starts_with(authorization)) {
            token = pair.substr(authorization.size());
        }
        ended = pair.empty();
    }
    if (!ended || user_.empty() || token.empty()) return State::malformed;
    if (check_password(token) == State::accepted) return State::accepted;
    has_refused_ = true;
    challenge_ = R"({"status":"invalid_token"})";
    return State::asks;
}

}  // namespace tern::sink
