// control/clientcert.pem: shown when asked for, and gone without when it is of no use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tls_client.hpp"

namespace tern::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

int take_any(X509_STORE_CTX*, void*) {
    return 1;
}

class ClientCertificate : public testing::Test {
protected:
    ClientCertificate() {
        SSL_CTX_set_verify(server_.get(), SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_cert_verify_callback(server_.get(), take_any, nullptr);
    }

    static Identity client(KeyKind key, int number = 20, const Identity* issuer = nullptr) {
        CertificateSpec spec;
        spec.common_names = {"client"};
        spec.key = key;
        spec.key_number = number;
        return make_identity(spec, issuer);
    }

    std::unique_ptr<Encounter> meet(const std::string& file, const tls::Requirement& wanted = {}) {
        tls::ClientSettings settings;
        settings.certificate_file = file;
        auto met = std::make_unique<Encounter>(server_.get(), wanted, settings);
        EXPECT_TRUE(met->made);
        EXPECT_TRUE(met->handshake());
        EXPECT_TRUE(met->says("EHLO me.example\r\n"));
        EXPECT_EQ(met->peer.received, "EHLO me.example\r\n");
        return met;
    }
    /// Whether the server saw this certificate.
    static bool saw(Encounter& met, const Identity& identity) {
        const X509* shown = SSL_get0_peer_certificate(met.peer.ssl());
        return shown != nullptr && X509_cmp(shown, identity.certificate.get()) == 0;
    }
    /// Why the file's certificate is not shown; without its beginning.
    std::string trouble(const std::string& contents) {
        const std::string file = directory_.holds("clientcert.pem", contents);
        const auto met = meet(file);
        EXPECT_EQ(SSL_get0_peer_certificate(met->peer.ssl()), nullptr);
        const std::string words = met->client().certificate_trouble();
        const std::string beginning = "client certificate " + file + " was not used: ";
        EXPECT_THAT(words, StartsWith(beginning));
        return words.substr(std::min(words.size(), beginning.size()));
    }

    Directory directory_;
    const Identity identity_ = make_identity({});
    const tls::ContextPtr server_ = server_context(identity_);
};

TEST_F(ClientCertificate, OfEveryKindIsShown) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(server_.get(), version);
        for (const KeyKind kind :
             {KeyKind::rsa, KeyKind::rsa_pss, KeyKind::ecdsa, KeyKind::ed25519, KeyKind::ed448}) {
            const Identity mine = client(kind);
            // Key first or last: both are met in the wild.
            for (const std::string& pem :
                 {certificate_pem(mine) + key_pem(mine), key_pem(mine) + certificate_pem(mine)}) {
                const auto met = meet(directory_.holds("clientcert.pem", pem));
                EXPECT_TRUE(saw(*met, mine));
                EXPECT_EQ(met->client().certificate_trouble(), "");
            }
        }
    }
}

TEST_F(ClientCertificate, IsShownWhereVerificationIsDemanded) {
    const Identity mine = client(KeyKind::rsa);
    CertificateSpec spec;
    spec.dns_names = {"mx.example.com"};
    const Identity identity = make_identity(spec);
    const tls::ContextPtr server = server_context(identity);
    SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(server.get(), take_any, nullptr);
    tls::ClientSettings settings;
    settings.certificate_file =
        directory_.holds("clientcert.pem", certificate_pem(mine) + key_pem(mine));
    Encounter met(server.get(),
                  demanding("mx.example.com", directory_.holds("t.pem", certificate_pem(identity))),
                  settings);
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("x"));
    EXPECT_TRUE(saw(met, mine));
}

TEST_F(ClientCertificate, KeysInOldFormsServe) {
    const Identity ecdsa = client(KeyKind::ecdsa);
    const Identity rsa = client(KeyKind::rsa);
    for (const Identity* mine : {&ecdsa, &rsa}) {
        const tls::BioPtr memory(BIO_new(BIO_s_mem()));
        ASSERT_EQ(PEM_write_bio_PrivateKey_traditional(memory.get(), mine->key, nullptr, nullptr, 0,
                                                       nullptr, nullptr),
                  1);
        // openssl ecparam -genkey writes the curve's name before the key.
        const std::string parameters = mine == &ecdsa ? "-----BEGIN EC PARAMETERS-----\n"
                                                        "BggqhkjOPQMBBw==\n"
                                                        "-----END EC PARAMETERS-----\n"
                                                      : "";
        const auto met =
            meet(directory_.holds("clientcert.pem", parameters + detail::contents(memory.get()) +
                                                        certificate_pem(*mine)));
        EXPECT_TRUE(saw(*met, *mine)) << met->client().certificate_trouble();
    }
}

TEST_F(ClientCertificate, ComesWithItsChain) {
    const Identity authority = make_authority("authority", 21);
    const Identity mine = client(KeyKind::ed25519, 22, &authority);
    const auto met = meet(directory_.holds(
        "clientcert.pem", certificate_pem(mine) + key_pem(mine) + certificate_pem(authority)));
    EXPECT_TRUE(saw(*met, mine));
    EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(met->peer.ssl())), 1);
}

TEST_F(ClientCertificate, IsNotShownUnasked) {
    SSL_CTX_set_verify(server_.get(), SSL_VERIFY_NONE, nullptr);
    const Identity mine = client(KeyKind::rsa);
    const auto met =
        meet(directory_.holds("clientcert.pem", certificate_pem(mine) + key_pem(mine)));
    EXPECT_EQ(SSL_get0_peer_certificate(met->peer.ssl()), nullptr);
    EXPECT_EQ(met->client().certificate_trouble(), "");
}

TEST_F(ClientCertificate, MayBeAbsent) {
    EXPECT_EQ(meet("")->client().certificate_trouble(), "");
}
TEST_F(ClientCertificate, ThatWasNamedAndIsAbsentIsToldOf) {
    EXPECT_THAT(meet(directory_.path("missing.pem"))->client().certificate_trouble(),
                HasSubstr("missing.pem: no such file or directory"));
}

TEST_F(ClientCertificate, Unreadable) {
    const auto met = meet(directory_.path(""));
    EXPECT_THAT(met->client().certificate_trouble(),
                HasSubstr(": is a directory"));
}

TEST_F(ClientCertificate, WithoutACertificateOrAKey) {
    const Identity mine = client(KeyKind::rsa);
    EXPECT_EQ(trouble(""), "it contains no certificate");
    EXPECT_EQ(trouble("nonsense\n"), "it contains no certificate");
    EXPECT_EQ(trouble(key_pem(mine)), "it contains no certificate");
    EXPECT_EQ(trouble(certificate_pem(mine)), "it contains no private key");
}

TEST_F(ClientCertificate, Broken) {
    const Identity mine = client(KeyKind::rsa);
    const std::string certificate = certificate_pem(mine);
    const std::string key = key_pem(mine);
    EXPECT_THAT(trouble(certificate.substr(0, certificate.size() / 2)),
                StartsWith("cannot parse the first certificate: "));
    EXPECT_THAT(trouble(certificate + key.substr(0, key.size() / 2)),
                StartsWith("cannot parse what follows certificate 1: "));
    std::string changed = key;
    changed.replace(changed.find('\n') + 1, 8, "AAAAAAAA");
    EXPECT_THAT(trouble(certificate + changed), StartsWith("cannot read its private key: "));
}

TEST_F(ClientCertificate, WithTheKeyOfAnother) {
    const Identity mine = client(KeyKind::rsa);
    for (const KeyKind kind : {KeyKind::rsa, KeyKind::ecdsa}) {
        const Identity other = client(kind, 23);
        EXPECT_THAT(trouble(certificate_pem(mine) + key_pem(other)),
                    StartsWith("OpenSSL rejects its first certificate and private key: "));
    }
}

// The server did not ask: then it is not what a failure is about.
TEST_F(ClientCertificate, TroubleIsToldOnlyWhereTheServerAskedForOne) {
    const std::string broken = directory_.holds("broken.pem", "nonsense\n");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(server_.get(), version);
        SSL_CTX_set_verify(server_.get(), SSL_VERIFY_PEER, nullptr);
        EXPECT_THAT(meet(broken)->client().certificate_trouble(),
                    HasSubstr("contains no certificate"));
        SSL_CTX_set_verify(server_.get(), SSL_VERIFY_NONE, nullptr);
        EXPECT_EQ(meet(broken)->client().certificate_trouble(), "");
    }
}

// openssl genpkey -algorithm ed25519 -aes-256-cbc -pass pass:secret; made here it cannot be, for
// the ciphers that encrypt keys are among the tables that start_openssl leaves empty.
constexpr const char* protected_key =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgQYoP8ieQfXQICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJGhyGR66nFfakHbSaw1d7kEQBFc\n"
    "0SX5y7YSo1QY/XlRKDquwKZm6W5OF3ZPJiTwcT+FbpwxJ1H2336DpmSWYERBpzwq\n"
    "8/s9kJCzEcbymM6QAZg=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

// There is no user to type it, and a prompt would go to a terminal that is not ours.
TEST_F(ClientCertificate, BehindAPassphrase) {
    const Identity mine = client(KeyKind::ed25519);
    EXPECT_EQ(trouble(certificate_pem(mine) + protected_key),
              "its private key is protected by a passphrase");
    // The form of OpenSSL before 1.0.
    std::string old_form = protected_key;
    old_form.replace(0, old_form.find('\n'),
                     "-----BEGIN RSA PRIVATE KEY-----\n"
                     "Proc-Type: 4,ENCRYPTED\n"
                     "DEK-Info: AES-256-CBC,"
                     "00112233445566778899AABBCCDDEEFF\n");
    old_form.replace(old_form.find("-----END"), std::string::npos,
                     "-----END RSA PRIVATE KEY-----\n");
    EXPECT_EQ(trouble(certificate_pem(mine) + old_form),
              "its private key is protected by a passphrase");
}

}  // namespace
}  // namespace tern::test
