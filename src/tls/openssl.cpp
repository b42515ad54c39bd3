// OpenSSL's start and its errors; see openssl.hpp. It must not know connections.
// The functions that load error texts apart from everything else are deprecated since 3.0 because
// start-up loads them; ours does not.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tls/openssl.hpp"

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/cryptoerr_legacy.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/sslerr_legacy.h>

#include "base/error_words.hpp"
#include "tls/algorithms.hpp"

namespace tern::tls {
namespace {

// What start-up declined, later versions (3.5) do not load when they are asked for it.
#if OPENSSL_VERSION_NUMBER < 0x30100000L
constexpr std::uint64_t without_ssl_texts = OPENSSL_INIT_NO_LOAD_SSL_STRINGS;
#else
constexpr std::uint64_t without_ssl_texts = 0;
#endif

void load_error_texts() {
    static std::once_flag once;
    std::call_once(once, [] {
        ERR_load_ERR_strings();
        ERR_load_SSL_strings();
        ERR_load_X509_strings();
        ERR_load_PEM_strings();
        ERR_load_EVP_strings();
        ERR_load_ASN1_strings();
        ERR_load_RSA_strings();
        ERR_load_EC_strings();
    });
}

thread_local bool memory_trouble = false;

// CRYPTO_set_mem_functions(3ssl): as OpenSSL's own, but for the note.
void* allocate(std::size_t size, const char*, int) {
    if (size == 0) return nullptr;
    void* const memory = std::malloc(size);
    if (memory == nullptr) memory_trouble = true;
    return memory;
}

void* reallocate(void* old, std::size_t size, const char* file, int line) {
    if (old == nullptr) return allocate(size, file, line);
    if (size == 0) {
        std::free(old);
        return nullptr;
    }
    void* const memory = std::realloc(old, size);
    if (memory == nullptr) memory_trouble = true;
    return memory;
}

void release(void* memory, const char*, int) { std::free(memory); }

}  // namespace

bool take_memory_trouble() { return std::exchange(memory_trouble, false); }

void note_memory_trouble() { memory_trouble = true; }

void start_openssl() {
    // Refused, without harm, when OpenSSL has allocated something already.
    CRYPTO_set_mem_functions(allocate, reallocate, release);
    // The order matters: what this call declines, OPENSSL_init_ssl can no longer ask for.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
                            OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                            OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                        nullptr);
    OPENSSL_init_ssl(
        OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | without_ssl_texts, nullptr);
    show_few_algorithms();
}

void add_certificate_digests() {
    static std::once_flag once;
    std::call_once(once, [] {
        for (const EVP_MD* digest :
             {EVP_sha1(), EVP_sha224(), EVP_sha256(), EVP_sha384(), EVP_sha512(), EVP_sha512_224(),
              EVP_sha512_256(), EVP_sha3_224(), EVP_sha3_256(), EVP_sha3_384(), EVP_sha3_512()})
            EVP_add_digest(digest);
        // OpenSSL's ClientHello offers them and its table of signatures lacks them (3.0).
        OBJ_add_sigid(NID_dsa_with_SHA384, NID_sha384, NID_dsa);
        OBJ_add_sigid(NID_dsa_with_SHA512, NID_sha512, NID_dsa);
        ERR_clear_error();  // a later one may have them
    });
}

std::string take_openssl_reason() {
    load_error_texts();
    std::string reason;
    while (const unsigned long error = ERR_get_error()) {
        if (!reason.empty()) continue;
        if (ERR_SYSTEM_ERROR(error)) {
            reason = error_words(ERR_GET_REASON(error));
        } else if (const char* words = ERR_reason_error_string(error)) {
            reason = words;
        }
    }
    return reason.empty() ? "no reason given" : reason;
}

}  // namespace tern::tls
