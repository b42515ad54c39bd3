// SCRAM as a server; see scram.hpp. Message by message as in RFC 5802 5.
#include "sink/scram.hpp"

#include <array>
#include <optional>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "sink/base64.hpp"

namespace tern::sink {

namespace {

constexpr int iterations = 4096;  // RFC 7677 3: at least
constexpr std::size_t digest_size = 32;

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count));
    return bytes;
}

std::string keyed(std::string_view key, std::string_view text) {
    std::string made(digest_size, '\0');
    unsigned length = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(text), text.size(),
         reinterpret_cast<unsigned char*>(made.data()), &length);
    return made;
}

std::string hashed(std::string_view text) {
    std::string made(digest_size, '\0');
    unsigned length = 0;
    EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(made.data()), &length,
               EVP_sha256(), nullptr);
    return made;
}

std::string salted(std::string_view password, std::string_view salt) {
    std::string made(digest_size, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt),
                      static_cast<int>(salt.size()), iterations, EVP_sha256(), digest_size,
                      reinterpret_cast<unsigned char*>(made.data()));
    return made;
}

// saslname: "=2C" is a comma, "=3D" an equals sign, nothing else may follow a "=".
std::optional<std::string> name_in(std::string_view written) {
    std::string name;
    while (!written.empty()) {
        if (written.front() != '=') {
            name += written.front();
            written.remove_prefix(1);
            continue;
        }
        const std::string_view code = written.substr(0, 3);
        if (code == "=2C") name += ',';
        else if (code == "=3D") name += '=';
        else return std::nullopt;
        written.remove_prefix(3);
    }
    if (name.empty()) return std::nullopt;
    return name;
}

// What is before the next comma, which is taken too.
std::string_view cut(std::string_view& rest) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : part.size());
    return part;
}

}  // namespace

ScramServer::ScramServer(std::span<const User> users, const TlsFacts* tls, bool plus,
                         bool offers_plus)
    : users_(users), tls_(tls), plus_(plus), offers_plus_(offers_plus) {}

ScramServer::State ScramServer::take(std::string_view message) {
    switch (step_) {
        case Step::first:
            step_ = Step::proof;
            return first(message);
        case Step::proof:
            step_ = Step::end;
            return proof(message);
        case Step::end:
            // RFC 4954 4: our signature went as a challenge; the client has nothing to add.
            return message.empty() ? State::accepted : State::malformed;
    }
    return State::malformed;
}

// RFC 5802 6: with "y" the client says that it could bind and was not offered it; when it was,
// our offer was changed on the way.
bool ScramServer::binding_fits(std::string_view flag) const {
    if (plus_) return tls_ != nullptr && flag == "p=" + tls_->binding_type;
    return flag == "n" || (flag == "y" && !offers_plus_);
}

ScramServer::State ScramServer::first(std::string_view message) {
    std::string_view rest = message;
    const std::string_view flag = cut(rest);
    const std::string_view other_name = cut(rest);  // authzid: none here acts for another
    if (flag.empty() || !other_name.empty()) return State::malformed;
    if (!binding_fits(flag)) return State::refused;
    header_ = message.substr(0, message.size() - rest.size());
    bare_ = rest;
    const std::string_view name = cut(rest);
    const std::string_view nonce = cut(rest);
    const auto user = name.starts_with("n=") ? name_in(name.substr(2)) : std::nullopt;
    if (!user || !nonce.starts_with("r=") || nonce.size() < 10) return State::malformed;
    user_ = *user;
    nonce_ = std::string(nonce.substr(2)) + to_base64(random_bytes(18));
    salt_ = random_bytes(16);
    challenge_ = "r=" + nonce_ + ",s=" + to_base64(salt_) + ",i=" + std::to_string(iterations);
    return State::asks;
}

// An unknown name gets a password that cannot be guessed.
std::string ScramServer::password() const {
    for (const User& user : users_)
        if (user.name == user_) return user.password;
    return random_bytes(digest_size);
}

ScramServer::State ScramServer::proof(std::string_view message) {
    const std::size_t mark = message.rfind(",p=");
    if (mark == std::string_view::npos) return State::malformed;
    const std::string_view without_proof = message.substr(0, mark);
    const auto given = from_base64(message.substr(mark + 3));
    if (!given || given->size() != digest_size) return State::malformed;
    const std::string bound = header_ + (plus_ ? tls_->binding_data : std::string());
    if (without_proof != "c=" + to_base64(bound) + ",r=" + nonce_) return State::refused;

    const std::string dialogue = bare_ + "," + challenge_ + "," + std::string(without_proof);
    const std::string password_key = salted(password(), salt_);
    const std::string stored = hashed(keyed(password_key, "Client Key"));
    std::string client_key = keyed(stored, dialogue);
    for (std::size_t i = 0; i < digest_size; ++i)
        client_key[i] = static_cast<char>(client_key[i] ^ (*given)[i]);
    if (CRYPTO_memcmp(hashed(client_key).data(), stored.data(), digest_size) != 0)
        return State::refused;
    challenge_ = "v=" + to_base64(keyed(keyed(password_key, "Server Key"), dialogue));
    return State::asks;
}

}  // namespace tern::sink
