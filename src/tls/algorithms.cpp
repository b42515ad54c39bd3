// A provider of few algorithms; see algorithms.hpp.
#include "tls/algorithms.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>

// OpenSSL's default provider as it stands in the static libcrypto (OSSL_PROVIDER-default(7)); weak,
// for the shared one does not export it.
extern "C" __attribute__((weak)) OSSL_provider_init_fn ossl_default_provider_init;

namespace tern::tls {
namespace {

using namespace std::string_view_literals;

// For the ciphers of DEFAULT (ciphers(1)) at any security level, OpenSSL's own random numbers
// (AES-256 as ECB and CTR), signatures of certificates, and SASL.
constexpr std::array ciphers{
    "NULL"sv,        "AES-256-ECB"sv,           "AES-256-CTR"sv,
    "AES-128-CBC"sv, "AES-128-CBC-HMAC-SHA1"sv, "AES-128-CBC-HMAC-SHA256"sv,
    "AES-256-CBC"sv, "AES-256-CBC-HMAC-SHA1"sv, "AES-256-CBC-HMAC-SHA256"sv,
    "AES-128-GCM"sv, "AES-256-GCM"sv,           "ChaCha20-Poly1305"sv,
};
constexpr std::array digests{
    "MD5"sv,      "MD5-SHA1"sv, "SHA1"sv,     "SHA2-224"sv,     "SHA2-256"sv,
    "SHA2-384"sv, "SHA2-512"sv, "SHA3-224"sv, "SHA2-512/224"sv, "SHA2-512/256"sv,
    "SHA3-256"sv, "SHA3-384"sv, "SHA3-512"sv,
};
constexpr std::array codes{"HMAC"sv};
constexpr std::array derivations{"HKDF"sv, "TLS13-KDF"sv, "TLS1-PRF"sv, "PBKDF2"sv};
constexpr std::array random_generators{"CTR-DRBG"sv, "SEED-SRC"sv};
constexpr std::array keys{
    "DH"sv,   "DHX"sv,     "DSA"sv,   "RSA"sv,      "RSA-PSS"sv, "EC"sv,   "X25519"sv,
    "X448"sv, "ED25519"sv, "ED448"sv, "TLS1-PRF"sv, "HKDF"sv,    "HMAC"sv,
};
// Certificates hold public keys; for a private one all algorithms are shown.
constexpr auto public_key = "structure=SubjectPublicKeyInfo"sv;

bool shown(int operation, const OSSL_ALGORITHM& algorithm) {
    const std::string_view names = algorithm.algorithm_names;
    const std::string_view name = names.substr(0, names.find(':'));
    const auto among = [name](std::span<const std::string_view> wanted) {
        return std::ranges::find(wanted, name) != wanted.end();
    };
    switch (operation) {
        case OSSL_OP_CIPHER: return among(ciphers);
        case OSSL_OP_DIGEST: return among(digests);
        case OSSL_OP_MAC: return among(codes);
        case OSSL_OP_KDF: return among(derivations);
        case OSSL_OP_RAND: return among(random_generators);
        case OSSL_OP_KEYMGMT: return among(keys);
        default:
            return std::string_view(algorithm.property_definition).find(public_key) !=
                   std::string_view::npos;
    }
}

/// What OpenSSL gets from us: filled once, before another thread can ask.
struct Few {
    OSSL_FUNC_provider_query_operation_fn* query_all = nullptr;
    std::array<OSSL_DISPATCH, 16> functions{};
    std::array<std::array<OSSL_ALGORITHM, 24>, OSSL_OP__HIGHEST + 1> algorithms{};
};
constinit Few few;

// Leaves the list empty, which stands for all of them, where it is too short.
void choose(int operation, void* context) {
    int no_cache = 0;
    const OSSL_ALGORITHM* each = few.query_all(context, operation, &no_cache);
    auto& chosen = few.algorithms[static_cast<std::size_t>(operation)];
    std::size_t size = 0;
    for (; each != nullptr && each->algorithm_names != nullptr; ++each) {
        if (!shown(operation, *each)) continue;
        if (size + 1 == chosen.size()) return chosen.fill({});
        chosen[size++] = *each;
    }
}

const OSSL_ALGORITHM* query(void* context, int operation, int* no_cache) {
    const OSSL_ALGORITHM* const all = few.query_all(context, operation, no_cache);
    const auto index = static_cast<std::size_t>(operation);
    const bool chosen =
        index < few.algorithms.size() && few.algorithms[index].front().algorithm_names != nullptr;
    return chosen ? few.algorithms[index].data() : all;
}

int start(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
          void** context) {
    if (ossl_default_provider_init(core, in, out, context) != 1) return 0;
    std::size_t size = 0;
    for (const OSSL_DISPATCH* each = *out; each->function_id != 0; ++each) {
        if (size + 1 == few.functions.size()) return 1;  // the default provider as it is
        OSSL_DISPATCH& ours = few.functions[size++] = *each;
        if (each->function_id != OSSL_FUNC_PROVIDER_QUERY_OPERATION) continue;
        few.query_all = OSSL_FUNC_provider_query_operation(each);
        ours.function = reinterpret_cast<void (*)()>(query);
    }
    if (few.query_all == nullptr) return 1;
    for (const int operation : {OSSL_OP_CIPHER, OSSL_OP_DIGEST, OSSL_OP_MAC, OSSL_OP_KDF,
                                OSSL_OP_RAND, OSSL_OP_KEYMGMT, OSSL_OP_DECODER})
        choose(operation, *context);
    *out = few.functions.data();
    return 1;
}

}  // namespace

bool show_few_algorithms() {
    static const bool done = ossl_default_provider_init != nullptr &&
                              OSSL_PROVIDER_add_builtin(nullptr, "tern", start) == 1 &&
                              OSSL_PROVIDER_load(nullptr, "tern") != nullptr;
    return done;
}

void show_all_algorithms() {
    static const OSSL_PROVIDER* const loaded = OSSL_PROVIDER_load(nullptr, "default");
    static_cast<void>(loaded);
}

}  // namespace tern::tls
