// A provider of few algorithms; see algorithms.hpp.
#include "tls/algorithms.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>

// OpenSSL's default provider as it is in the static libcrypto (OSSL_PROVIDER-default(7)); weak,
// for the shared one does not export it.
extern "C" __attribute__((weak)) OSSL_provider_init_fn ossl_default_provider_init;

namespace tern::tls {
namespace {

using namespace std::string_view_literals;

// What no handshake, no certificate and no login of ours needs is hidden by name. A list of what is
// needed would hide what a later OpenSSL adds; this one shows it.
constexpr std::array hidden_cipher_parts{
    "ARIA-"sv, "CAMELLIA-"sv, "DES"sv,  "SM4-"sv, "-192-"sv, "-CTS"sv, "-OFB"sv,
    "-CFB"sv,  "-XTS"sv,      "-OCB"sv, "-SIV"sv, "-CCM"sv,  "-WRAP"sv,
};
constexpr std::array hidden_ciphers{"AES-128-ECB"sv, "AES-128-CTR"sv, "ChaCha20"sv};
constexpr std::array hidden_digests{"KECCAK-KMAC-128"sv, "KECCAK-KMAC-256"sv, "BLAKE2S-256"sv,
                                    "BLAKE2B-512"sv,     "SM3"sv,             "RIPEMD-160"sv,
                                    "NULL"sv};
constexpr std::array hidden_macs{"BLAKE2BMAC"sv, "BLAKE2SMAC"sv, "CMAC"sv,    "GMAC"sv,
                                 "KMAC-128"sv,   "KMAC-256"sv,   "SIPHASH"sv, "POLY1305"sv};
constexpr std::array hidden_derivations{"SSKDF"sv,   "PKCS12KDF"sv, "SSHKDF"sv,
                                        "X963KDF"sv, "KBKDF"sv,     "X942KDF-ASN1"sv,
                                        "SCRYPT"sv,  "KRB5KDF"sv};
constexpr std::array hidden_random_generators{"HASH-DRBG"sv, "HMAC-DRBG"sv, "TEST-RAND"sv};
constexpr std::array hidden_keys{"SCRYPT"sv, "SIPHASH"sv, "POLY1305"sv, "CMAC"sv, "SM2"sv};
// Certificates hold public keys; for a private one all algorithms are shown.
constexpr auto public_key = "structure=SubjectPublicKeyInfo"sv;

bool shown(int operation, const OSSL_ALGORITHM& algorithm) {
    const std::string_view names = algorithm.algorithm_names;
    const std::string_view name = names.substr(0, names.find(':'));
    const auto not_among = [name](std::span<const std::string_view> hidden) {
        return std::ranges::find(hidden, name) == hidden.end();
    };
    const auto holds = [name](std::string_view part) { return name.find(part) != name.npos; };
    switch (operation) {
        case OSSL_OP_CIPHER:
            return not_among(hidden_ciphers) && std::ranges::none_of(hidden_cipher_parts, holds);
        case OSSL_OP_DIGEST: return not_among(hidden_digests);
        case OSSL_OP_MAC: return not_among(hidden_macs);
        case OSSL_OP_KDF: return not_among(hidden_derivations);
        case OSSL_OP_RAND: return not_among(hidden_random_generators);
        case OSSL_OP_KEYMGMT: return not_among(hidden_keys);
        default:
            return std::string_view(algorithm.property_definition).find(public_key) !=
                   std::string_view::npos;
    }
}

/// What OpenSSL gets from us: filled once, before another thread can ask.
struct Few {
    OSSL_FUNC_provider_query_operation_fn* query_all = nullptr;
    std::array<OSSL_DISPATCH, 16> functions{};
    std::array<std::array<OSSL_ALGORITHM, 64>, OSSL_OP__HIGHEST + 1> algorithms{};
};
constinit Few few;

// Leaves the list empty, which means all of them, where there is not enough room.
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
