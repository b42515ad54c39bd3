// Hashes by OpenSSL; see digest.hpp.
#include "sasl/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace tern::sasl {
namespace {

// To a loopback relay there may be no TLS, so this may be the first use of OpenSSL: like tls's own
// start, without its configuration file and tables. After another start it does nothing.
void start_crypto() {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
                            OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                            OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                        nullptr);
}

const EVP_MD* algorithm(Hash hash) {
    start_crypto();
    switch (hash) {
        case Hash::md5: return EVP_md5();
        case Hash::sha1: return EVP_sha1();
        case Hash::sha256: break;
    }
    return EVP_sha256();
}

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Digest::~Digest() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Digest& Digest::operator^=(const Digest& other) {
    for (std::size_t i = 0; i < size_; ++i) bytes_[i] ^= other.bytes_[i];
    return *this;
}

std::optional<Digest> digest(Hash hash, std::string_view text) {
    Digest made;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), made.bytes_.data(), &size, algorithm(hash), nullptr) !=
        1)
        return std::nullopt;
    made.size_ = size;
    return made;
}

std::optional<Digest> hmac(Hash hash, std::string_view key, std::string_view text) {
    Digest made;
    unsigned size = 0;
    if (HMAC(algorithm(hash), key.data(), static_cast<int>(key.size()), octets(text), text.size(),
             made.bytes_.data(), &size) == nullptr)
        return std::nullopt;
    made.size_ = size;
    return made;
}

std::optional<Digest> pbkdf2(Hash hash, std::string_view password, std::string_view salt,
                             std::uint32_t iterations) {
    Digest made;
    const EVP_MD* const md = algorithm(hash);
    const int size = EVP_MD_get_size(md);
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt),
                          static_cast<int>(salt.size()), static_cast<int>(iterations), md, size,
                          made.bytes_.data()) != 1)
        return std::nullopt;
    made.size_ = static_cast<std::size_t>(size);
    return made;
}

bool same_bytes(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tern::sasl
