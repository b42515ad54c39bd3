// PLAIN (RFC 4616), LOGIN (as it is in use, never standardised), CRAM-MD5 (RFC 2195).
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
    std::array<unsigned char, 8> chance{};
    RAND_bytes(chance.data(), static_cast<int>(chance.size()));
    return "<" + hex_of(chance.data(), chance.size()) + "." + std::to_string(std::time(nullptr)) +
           "@" + std::string(host) + ">";
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

AuthExchange::AuthExchange(Mechanism mechanism, std::span<const User> users, std::string_view host)
    : mechanism_(mechanism), users_(users), host_(host) {}

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

}  // namespace tern::sink
