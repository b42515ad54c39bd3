// Whatever our ClientHello offers can be completed: each cipher suite, group and signature
// algorithm in the bytes that we send, under TLS 1.2 and 1.3, for each kind of requirement. The
// server and the certificates use an OpenSSL of their own with all algorithms, we use what the
// programs use. What is offered is read from the hello: when a later OpenSSL adds something that we
// hide or that this test does not know, it fails. In a process of its own, for other tests load all
// algorithms.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "support/client_hello.hpp"
#include "support/full_openssl.hpp"
#include "support/tls_client.hpp"
#include "tls/context.hpp"
#include "tls/facts.hpp"

namespace tern::test {
namespace {

using Kind = tls::Requirement::Kind;

/// How a signature algorithm (RFC 8446 4.2.3) is exercised.
struct Signature {
    int code;
    const char* name;  ///< as SSL_CTX_set1_sigalgs_list takes it
    const char* key;   ///< as FullOpenSsl::key() takes it
    const char* digest;
    bool pss = false;
    bool tls12 = true;  ///< signs handshakes of TLS 1.2
    bool tls13 = true;  ///< signs handshakes of TLS 1.3, and not only certificates
};

const Signature signatures[] = {
    {0x0201, "RSA+SHA1", "RSA", "SHA1", false, true, false},
    {0x0202, "DSA+SHA1", "DSA", "SHA1", false, true, false},
    {0x0203, "ECDSA+SHA1", "P-256", "SHA1", false, true, false},
    {0x0301, "RSA+SHA224", "RSA", "SHA224", false, true, false},
    {0x0302, "DSA+SHA224", "DSA", "SHA224", false, true, false},
    {0x0303, "ECDSA+SHA224", "P-256", "SHA224", false, true, false},
    {0x0401, "RSA+SHA256", "RSA", "SHA256", false, true, false},
    {0x0402, "DSA+SHA256", "DSA", "SHA256", false, true, false},
    {0x0403, "ECDSA+SHA256", "P-256", "SHA256"},
    {0x0501, "RSA+SHA384", "RSA", "SHA384", false, true, false},
    {0x0502, "DSA+SHA384", "DSA", "SHA384", false, true, false},
    {0x0503, "ECDSA+SHA384", "P-384", "SHA384"},
    {0x0601, "RSA+SHA512", "RSA", "SHA512", false, true, false},
    {0x0602, "DSA+SHA512", "DSA", "SHA512", false, true, false},
    {0x0603, "ECDSA+SHA512", "P-521", "SHA512"},
    {0x0804, "rsa_pss_rsae_sha256", "RSA", "SHA256", true},
    {0x0805, "rsa_pss_rsae_sha384", "RSA", "SHA384", true},
    {0x0806, "rsa_pss_rsae_sha512", "RSA", "SHA512", true},
    {0x0807, "ed25519", "ED25519", nullptr},
    {0x0808, "ed448", "ED448", nullptr},
    {0x0809, "rsa_pss_pss_sha256", "RSA-PSS", "SHA256", true},
    {0x080a, "rsa_pss_pss_sha384", "RSA-PSS", "SHA384", true},
    {0x080b, "rsa_pss_pss_sha512", "RSA-PSS", "SHA512", true},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256", "brainpoolP256r1", "SHA256", false, false},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384", "brainpoolP384r1", "SHA384", false, false},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512", "brainpoolP512r1", "SHA512", false, false},
    {0x0904, "mldsa44", "ML-DSA-44", nullptr, false, false},
    {0x0905, "mldsa65", "ML-DSA-65", nullptr, false, false},
    {0x0906, "mldsa87", "ML-DSA-87", nullptr, false, false},
};

// What the handshakes below go through, whatever else the server chooses.
constexpr int known_extensions[] = {
    0,       // server_name
    10,      // supported_groups
    11,      // ec_point_formats
    13,      // signature_algorithms
    22,      // encrypt_then_mac: ciphers, with and without
    23,      // extended_master_secret: ciphers, with and without
    43,      // supported_versions
    45,      // psk_key_exchange_modes: OpenSSL sends it always; nothing is resumed
    51,      // key_share
    0xff01,  // renegotiation_info
};
constexpr int renegotiation_scsv = 0x00ff;  // RFC 5746 3.3: no cipher

std::string hexadecimal(int number) {
    char digits[8];
    std::snprintf(digits, sizeof digits, "0x%04x", static_cast<unsigned>(number));
    return digits;
}

bool holds(const std::vector<int>& numbers, int number) {
    return std::ranges::find(numbers, number) != numbers.end();
}

/// Completes what the hello of one kind of requirement offers.
class Trial {
public:
    explicit Trial(Kind kind) : kind_(kind) {}

    /// Whether all of it could be completed; what could not is printed.
    bool run() {
        for (const int extension : hello_.extensions())
            if (std::ranges::find(known_extensions, extension) == std::end(known_extensions))
                complain(concat("extension ", extension), "is not known to this test");
        for (const int id : hello_.ciphers())
            if (id != renegotiation_scsv) try_cipher(id);
        for (const int id : hello_.groups()) try_group(id);
        for (const int code : hello_.signature_algorithms()) try_signature(code);
        // With an empty hello all would be well, too.
        if (hello_.ciphers().size() < 20 || hello_.groups().size() < 5 ||
            hello_.signature_algorithms().size() < 10 || handshakes_ < 80)
            complain(concat(handshakes_, " handshakes"), "are too few");
        return good_;
    }

private:
    [[nodiscard]] tls::Requirement requirement() const {
        tls::Requirement made;
        if (kind_ == Kind::verified) made = demanding(reference, directory_.path("trust.pem"));
        made.kind = kind_;
        return made;
    }
    // What our client would offer if it knew TLS 1.2 only: not each group belongs to both versions.
    [[nodiscard]] ClientHello hello_of_tls12() const {
        Result<tls::Context> context =
            tls::make_context(requirement(), {}, [](X509_STORE_CTX*, void*) { return 1; });
        SSL_CTX_set_max_proto_version(context->ssl.get(), TLS1_2_VERSION);
        return hello_of(context->ssl.get());
    }
    const SSL_CIPHER* cipher_of(int id) {
        const unsigned char bytes[] = {static_cast<unsigned char>(id >> 8),
                                       static_cast<unsigned char>(id & 0xff)};
        return SSL_CIPHER_find(any_server_.get(), bytes);
    }

    void try_cipher(int id) {
        const SSL_CIPHER* const cipher = cipher_of(id);
        if (cipher == nullptr)
            return complain(concat("cipher ", hexadecimal(id)), "is not known to the server");
        const std::string name = SSL_CIPHER_get_name(cipher);
        const bool tls13 = SSL_CIPHER_get_auth_nid(cipher) == NID_auth_any;
        const bool rsa = SSL_CIPHER_get_auth_nid(cipher) == NID_auth_rsa;
        const FullOpenSsl::Chain chain = full_.chain(rsa ? "RSA" : "P-256", usual_);
        for (const std::uint64_t option :
             {std::uint64_t{0}, SSL_OP_NO_ENCRYPT_THEN_MAC, SSL_OP_NO_EXTENDED_MASTER_SECRET}) {
            const tls::ContextPtr server =
                full_.server(chain, tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
            SSL_CTX_set_options(server.get(), option);
            const int chosen = tls13 ? SSL_CTX_set_ciphersuites(server.get(), name.c_str())
                                     : SSL_CTX_set_cipher_list(server.get(), name.c_str());
            if (chosen != 1 || meet(server.get(), chain, name).cipher != name)
                complain(name, "was not what was agreed");
        }
    }

    void try_group(int id) {
        constexpr int by_its_number = 0x1000000;  // TLSEXT_nid_unknown
        const char* const known = SSL_group_to_name(any_server_.get(), by_its_number | id);
        if (known == nullptr)
            return complain(concat("group ", hexadecimal(id)), "is not known to the server");
        const std::string name = known;
        const FullOpenSsl::Chain chain = full_.chain("RSA", usual_);
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            if (version == TLS1_2_VERSION && !holds(tls12_.groups(), id)) continue;
            const tls::ContextPtr server = full_.server(chain, version);
            if (SSL_CTX_set1_groups_list(server.get(), known) != 1 ||
                meet(server.get(), chain, name).group != name)
                complain(name, "was not what was agreed");
        }
    }

    void try_signature(int code) {
        const auto* const how = std::ranges::find(signatures, code, &Signature::code);
        if (how == std::end(signatures))
            return complain(concat("signature algorithm ", hexadecimal(code)),
                            "is not known to this test");
        const FullOpenSsl::Chain signed_so =
            full_.chain("P-256", {how->key, how->digest == nullptr ? "" : how->digest, how->pss});
        const FullOpenSsl::Chain signs_so = full_.chain(how->key, usual_);
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            meet(full_.server(signed_so, version).get(), signed_so,
                 concat("certificate signed with ", how->name));
            if (!(version == TLS1_3_VERSION ? how->tls13 : how->tls12 && has_cipher_for(how->key)))
                continue;
            const tls::ContextPtr server = full_.server(signs_so, version);
            if (SSL_CTX_set1_sigalgs_list(server.get(), how->name) != 1)
                return complain(how->name, "is not to be had at the server");
            meet(server.get(), signs_so, concat("handshake signed with ", how->name));
        }
    }
    // A cipher of TLS 1.2 names the kind of key that signs. None that OpenSSL offers names DSA.
    bool has_cipher_for(std::string_view key) {
        return key != "DSA" || std::ranges::any_of(hello_.ciphers(), [this](int id) {
                   const SSL_CIPHER* const cipher = cipher_of(id);
                   return cipher != nullptr && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_dss;
               });
    }

    tls::Facts meet(SSL_CTX* server, const FullOpenSsl::Chain& chain, const std::string& what) {
        ++handshakes_;
        directory_.holds("trust.pem", chain.authority_pem);
        Encounter met(server, requirement(), {}, reference);
        const Result<tls::Established> agreed = met.handshake();
        if (!agreed) {
            complain(what, concat(agreed.error().detail, " (", met.peer.trouble, ")"));
            return {};
        }
        if (agreed->verified != (kind_ == Kind::verified)) complain(what, "was not verified");
        (void)met.says("NOOP\r\n");
        met.peer.says("250 ok\r\n");
        const Result<std::string> heard = met.hears();
        if (!heard || *heard != "250 ok\r\n" || met.peer.received != "NOOP\r\n")
            complain(what, "carried no data");
        return met.client().facts();
    }

    void complain(const std::string& what, const std::string& why) {
        constexpr const char* names[] = {"none", "opportunistic", "encrypted", "verified"};
        good_ = false;
        std::fprintf(stderr, "%s: %s: %s\n", names[static_cast<int>(kind_)], what.c_str(),
                     why.c_str());
    }

    const Kind kind_;
    const std::string reference = "mx.example.com";
    const FullOpenSsl::Signer usual_{"P-256", "SHA256"};
    FullOpenSsl full_;
    const tls::SslPtr any_server_{SSL_new(full_.bare_server().get())};
    const Directory directory_;
    const std::string trust_ =
        directory_.holds("trust.pem", full_.chain("P-256", usual_).authority_pem);
    const ClientHello hello_ = hello_of(requirement(), reference);
    const ClientHello tls12_ = hello_of_tls12();
    int handshakes_ = 0;
    bool good_ = true;
};

[[noreturn]] void complete(Kind kind) {
    tls::start_openssl();
    bool good = false;
    try {
        good = Trial(kind).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
    }
    std::fflush(nullptr);
    std::_Exit(good ? 0 : 1);
}

class HelloOf : public testing::TestWithParam<Kind> {};

TEST_P(HelloOf, OffersOnlyWhatCanBeCompleted) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(complete(GetParam()), testing::ExitedWithCode(0), "");
}

// Hybrid key exchange is there wherever OpenSSL has it (3.5).
[[noreturn]] void look_for_the_hybrid() {
    constexpr int x25519_mlkem768 = 0x11ec;
    tls::start_openssl();
    FullOpenSsl full;
    EVP_KEYMGMT* const known = EVP_KEYMGMT_fetch(full.library(), "X25519MLKEM768", nullptr);
    const bool offered = holds(hello_of({}, "mx.example.com").groups(), x25519_mlkem768);
    std::_Exit(offered == (known != nullptr) ? 0 : 1);
}

TEST(Hello, OffersTheHybridGroupThatOpenSslHas) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(look_for_the_hybrid(), testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(Kinds, HelloOf,
                         testing::Values(Kind::opportunistic, Kind::encrypted, Kind::verified));

}  // namespace
}  // namespace tern::test
