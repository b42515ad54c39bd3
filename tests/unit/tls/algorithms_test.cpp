// A handshake offers with few algorithms exactly what it offers with all of them. In processes of
// their own (death tests in threadsafe style), for what OpenSSL has loaded stays.
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include "support/client_hello.hpp"
#include "tls/algorithms.hpp"
#include "tls/context.hpp"
#include "tls/openssl.hpp"

namespace tern::test {
namespace {

// Where the hellos of one context differ are its random numbers: the same places in another's
// are no difference.
std::string without_random(SSL_CTX* context, std::string hello) {
    const std::string first = hello_of(context).bytes();
    if (hello.size() != first.size()) return hello;
    for (int i = 0; i < 16; ++i) {
        const std::string other = hello_of(context).bytes();
        for (std::size_t at = 0; at < hello.size(); ++at)
            if (first[at] != other[at]) hello[at] = '?';
    }
    return hello;
}

// As make_context does it, with an OpenSSL of its own that loads all algorithms.
tls::ContextPtr context_of(OSSL_LIB_CTX* library, int level) {
    tls::ContextPtr context(SSL_CTX_new_ex(library, nullptr, TLS_client_method()));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_security_level(context.get(), level);
    return context;
}

[[noreturn]] void end(bool as_expected) {
    std::fflush(nullptr);
    std::_Exit(as_expected ? 0 : 1);
}

[[noreturn]] void compare_hellos() {
    tls::start_openssl();
    OSSL_LIB_CTX* const library = OSSL_LIB_CTX_new();
    bool same = true;
    for (const int level : {0, 1, 2}) {
        const tls::ContextPtr all = context_of(library, level);
        const tls::ContextPtr ours = context_of(nullptr, level);
        const std::string wanted = without_random(all.get(), hello_of(all.get()).bytes());
        const std::string found = without_random(all.get(), hello_of(ours.get()).bytes());
        // A hello of nothing would be the same as well.
        same = same && wanted.size() > 200 && wanted == found;
    }
    end(same);
}

template <class Fetched, class Release>
bool can(Fetched* fetched, Release release) {
    release(fetched);
    ERR_clear_error();
    return fetched != nullptr;
}

bool has_camellia() {
    return can(EVP_CIPHER_fetch(nullptr, "CAMELLIA-256-CBC", nullptr), EVP_CIPHER_free);
}

[[noreturn]] void look_at_what_is_shown() {
    tls::start_openssl();
    const bool few = tls::show_few_algorithms();
    bool good = has_camellia() != few;
    // What has nothing to do with a choice is there.
    good = good && can(EVP_MD_fetch(nullptr, "SHA2-256", nullptr), EVP_MD_free) &&
           can(EVP_SIGNATURE_fetch(nullptr, "ECDSA", nullptr), EVP_SIGNATURE_free) &&
           can(EVP_KEYEXCH_fetch(nullptr, "X25519", nullptr), EVP_KEYEXCH_free);
    tls::show_all_algorithms();
    end(good && has_camellia());
}

TEST(Algorithms, AFewMakeTheSameHelloAsAll) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(compare_hellos(), testing::ExitedWithCode(0), "");
}

TEST(Algorithms, AreFewUntilAllAreWanted) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(look_at_what_is_shown(), testing::ExitedWithCode(0), "");
}

// The operator's own ciphers may be any that OpenSSL has.
TEST(Algorithms, AreAllForTheOperatorsCiphers) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            tls::ClientSettings settings;
            settings.ciphers = "CAMELLIA256-SHA@SECLEVEL=0";
            const Result<tls::Context> context =
                tls::make_context(tls::Requirement(), settings, nullptr);
            end(context.has_value() && has_camellia());
        },
        testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tern::test
