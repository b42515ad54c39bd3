// TLS that a file requires: which certificates satisfy it, and what is said of those that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/tls_client.hpp"
#include "tls/openssl.hpp"

namespace tern::test {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

const std::string wanted = "mx.example.com";

class Verified : public testing::Test {
protected:
    static CertificateSpec for_name(const std::string& name) {
        CertificateSpec spec;
        spec.dns_names = {name};
        spec.key_number = 10;
        return spec;
    }

    /// The handshake with a server that shows `identity`, trusted by `pem`.
    Result<tls::Established> meet(const Identity& identity, const std::string& pem,
                                  const std::vector<const Identity*>& chain = {}) {
        const tls::ContextPtr server = server_context(identity, chain);
        Encounter met(server.get(), demanding(wanted, directory_.holds("trust.pem", pem)));
        if (!met.made) return tl::unexpected(met.made.error());
        Result<tls::Established> agreed = met.handshake();
        // Whatever it was: nothing but the handshake may have gone out.
        if (!agreed) {
            EXPECT_EQ(met.peer.received, "");
        }
        return agreed;
    }
    /// The same, expecting refusal; gives the words with the directory's name taken out.
    std::string refusal(const Identity& identity, const std::string& pem,
                        const std::vector<const Identity*>& chain = {}) {
        const Result<tls::Established> agreed = meet(identity, pem, chain);
        if (agreed) return "it was accepted";
        EXPECT_EQ(agreed.error().stage, Stage::handshake);
        EXPECT_EQ(agreed.error().cause, Cause::unverified);
        std::string words = agreed.error().detail;
        const std::string path = directory_.path("");
        for (std::size_t at; (at = words.find(path)) != std::string::npos;)
            words.erase(at, path.size());
        return words;
    }

    Directory directory_;
    const Identity root_ = make_authority("Test Root", 1);
    const std::string root_pem_ = certificate_pem(root_);
};

TEST_F(Verified, AcceptsTheRightCertificate) {
    const Result<tls::Established> agreed =
        meet(make_identity(for_name(wanted), &root_), root_pem_);
    ASSERT_TRUE(agreed) << agreed.error().detail;
    EXPECT_TRUE(agreed->verified);
}

TEST_F(Verified, WorksUnderTls12) {
    const Identity identity = make_identity(for_name(wanted), &root_);
    const tls::ContextPtr server = server_context(identity);
    SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
    Encounter met(server.get(), demanding(wanted, directory_.holds("trust.pem", root_pem_)));
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_TRUE(agreed) << agreed.error().detail;
    EXPECT_TRUE(agreed->verified);
}

// OpenSSL is started without its digest tables, and signatures are looked up in them. That the
// tables are indeed empty but for what we added shows that the start was ours.
TEST_F(Verified, EverySignatureOfTodayIsUnderstood) {
    for (const KeyKind kind :
         {KeyKind::ed25519, KeyKind::ed448, KeyKind::ecdsa, KeyKind::rsa, KeyKind::rsa_pss}) {
        CertificateSpec spec;
        spec.common_names = {"Root"};
        spec.authority = true;
        spec.key = kind;
        const Identity root = make_identity(spec);
        const Result<tls::Established> agreed =
            meet(make_identity(for_name(wanted), &root), certificate_pem(root));
        EXPECT_TRUE(agreed) << agreed.error().detail;
    }
    EXPECT_EQ(EVP_get_digestbyname("RIPEMD160"), nullptr);
}

TEST_F(Verified, AcceptsAWildcardOrACommonName) {
    EXPECT_TRUE(meet(make_identity(for_name("*.example.com"), &root_), root_pem_));
    CertificateSpec spec;
    spec.common_names = {"MX.example.com"};
    EXPECT_TRUE(meet(make_identity(spec, &root_), root_pem_));
    spec.common_names = {"*.example.com"};
    EXPECT_THAT(refusal(make_identity(spec, &root_), root_pem_),
                HasSubstr("*.example.com (wildcards are not valid in a CommonName)"));
}

// An authority for some names only (RFC 5280 4.2.1.10) cannot name others by a CommonName that
// OpenSSL does not take for a DNS name: with a wildcard, or without a dot.
TEST_F(Verified, ACommonNameDoesNotEscapeNameConstraints) {
    CertificateSpec spec;
    spec.common_names = {"Some names"};
    spec.authority = true;
    spec.key_number = 12;
    spec.permitted_names = "allowed.example";
    const Identity some = make_identity(spec, &root_);
    const auto accepted = [&](const std::string& common_name, const std::string& reference) {
        CertificateSpec leaf;
        leaf.common_names = {common_name};
        leaf.key_number = 10;
        const tls::ContextPtr server = server_context(make_identity(leaf, &some), {&some});
        Encounter met(server.get(), demanding(reference, directory_.holds("t.pem", root_pem_)));
        return met.handshake().has_value();
    };
    EXPECT_TRUE(accepted("mx.allowed.example", "mx.allowed.example"));
    EXPECT_FALSE(accepted("mx.other.example", "mx.other.example"));
    EXPECT_FALSE(accepted("*.other.example", "mx.other.example"));
    EXPECT_FALSE(accepted("*.allowed.example", "mx.allowed.example"));
    EXPECT_FALSE(accepted("relay", "relay"));
}

TEST_F(Verified, TrustsEachCertificateOfTheFile) {
    const Identity other = make_authority("Other Root", 2);
    const std::string file =
        "Some words before.\n" + certificate_pem(other) + "\n\n# and between\n" + root_pem_;
    EXPECT_TRUE(meet(make_identity(for_name(wanted), &root_), file));
    EXPECT_TRUE(meet(make_identity(for_name(wanted), &other), file));
}

TEST_F(Verified, AnIntermediateInTheFileSuffices) {
    const Identity intermediate = make_authority("Intermediate", 3, &root_);
    const Identity server = make_identity(for_name(wanted), &intermediate);
    EXPECT_TRUE(meet(server, certificate_pem(intermediate)));
    EXPECT_TRUE(meet(server, certificate_pem(intermediate), {&intermediate}));
    EXPECT_TRUE(meet(server, root_pem_, {&intermediate}));
}

TEST_F(Verified, TheServersOwnCertificateInTheFileSuffices) {
    const Identity self_signed = make_identity(for_name(wanted));
    EXPECT_TRUE(meet(self_signed, certificate_pem(self_signed)));
}

TEST_F(Verified, RefusesAnotherName) {
    CertificateSpec spec = for_name("a.example.org");
    spec.dns_names.push_back("b.example.org");
    spec.common_names = {wanted};
    EXPECT_EQ(refusal(make_identity(spec, &root_), root_pem_),
              "the server's certificate is not for mx.example.com\n"
              "Server certificate: a.example.org, b.example.org; subject CN=mx.example.com; issuer "
              "CN=Test Root\n"
              "Required by trust.pem: a certificate for mx.example.com from an authority in it");
}

TEST_F(Verified, RefusesEmbeddedNul) {
    EXPECT_EQ(refusal(make_identity(for_name("mx.example.com\0.evil.example"s), &root_), root_pem_),
              "the server's certificate is not for mx.example.com\n"
              "Server certificate: mx.example.com?.evil.example; subject (empty); issuer CN=Test "
              "Root\n"
              "Required by trust.pem: a certificate for mx.example.com from an authority in it");
}

TEST_F(Verified, RefusesACertificateWithoutNames) {
    EXPECT_THAT(refusal(make_identity({}, &root_), root_pem_),
                HasSubstr("Server certificate: no name; "));
}

TEST_F(Verified, RefusesAnUnknownAuthority) {
    const Identity stranger = make_authority("Stranger", 4);
    EXPECT_EQ(refusal(make_identity(for_name(wanted), &stranger), root_pem_),
              "certificate verification failed: unable to get local issuer certificate\n"
              "Server certificate: mx.example.com; subject (empty); issuer CN=Stranger\n"
              "Required by trust.pem: a certificate for mx.example.com from an authority in it");
    // The same name as the trusted root, another key.
    const Identity impostor = make_authority("Test Root", 5);
    EXPECT_THAT(refusal(make_identity(for_name(wanted), &impostor), root_pem_),
                HasSubstr("certificate verification failed: certificate signature failure"));
    EXPECT_THAT(refusal(make_identity(for_name(wanted), &stranger), root_pem_, {&stranger}),
                HasSubstr("self-signed certificate in certificate chain (CN=Stranger, number 1 "
                          "above the server's certificate)"));
}

TEST_F(Verified, RefusesASelfSignedCertificate) {
    EXPECT_THAT(refusal(make_identity(for_name(wanted)), root_pem_),
                HasSubstr("certificate verification failed: self-signed certificate\n"));
}

TEST_F(Verified, RefusesAMissingIntermediate) {
    const Identity intermediate = make_authority("Intermediate", 3, &root_);
    EXPECT_THAT(refusal(make_identity(for_name(wanted), &intermediate), root_pem_),
                AllOf(HasSubstr("unable to get local issuer certificate\n"),
                      HasSubstr("; issuer CN=Intermediate\n")));
}

TEST_F(Verified, RefusesAnIssuerThatIsNoAuthority) {
    CertificateSpec spec;
    spec.common_names = {"leaf.example"};
    spec.key_number = 11;
    const Identity leaf = make_identity(spec, &root_);
    EXPECT_THAT(refusal(make_identity(for_name(wanted), &leaf), root_pem_, {&leaf}),
                HasSubstr("certificate verification failed: invalid CA certificate"));
}

TEST_F(Verified, RefusesOutsideTheValidityPeriod) {
    CertificateSpec spec = for_name(wanted);
    spec.valid_from_days = -20;
    spec.valid_until_days = -10;
    EXPECT_THAT(refusal(make_identity(spec, &root_), root_pem_),
                AllOf(ContainsRegex("valid from [0-9-]+ [0-9:]+Z to [0-9-]+ [0-9:]+Z\n"),
                      HasSubstr("certificate verification failed: certificate has expired\n")));
    spec.valid_from_days = 10;
    spec.valid_until_days = 20;
    EXPECT_THAT(refusal(make_identity(spec, &root_), root_pem_),
                HasSubstr("certificate verification failed: certificate is not yet valid\n"));
    const Identity self_signed = make_identity(spec);
    EXPECT_THAT(refusal(self_signed, certificate_pem(self_signed)), HasSubstr("not yet valid"));
}

// Opportunistic sessions take it (handshake_test); where TLS is required it must be some.
TEST_F(Verified, RefusesWeakKeysAndSignatures) {
    CertificateSpec weak = for_name(wanted);
    weak.key = KeyKind::rsa_1024;
    EXPECT_THAT(refusal(make_identity(weak, &root_), root_pem_),
                HasSubstr("EE certificate key too weak"));
    CertificateSpec authority;
    authority.common_names = {"RSA Root"};
    authority.authority = true;
    authority.key = KeyKind::rsa;
    const Identity rsa_root = make_identity(authority);
    CertificateSpec sha1 = for_name(wanted);
    sha1.sha1 = true;
    EXPECT_THAT(refusal(make_identity(sha1, &rsa_root), certificate_pem(rsa_root)),
                HasSubstr("CA signature digest algorithm too weak"));
}

TEST_F(Verified, TellsTheServerWhy) {
    const Identity identity = make_identity(for_name("a.example.org"), &root_);
    const tls::ContextPtr server = server_context(identity);
    Encounter met(server.get(), demanding(wanted, directory_.holds("trust.pem", root_pem_)));
    ASSERT_FALSE(met.handshake());
    EXPECT_THAT(met.peer.trouble, HasSubstr("bad certificate"));
}

// With tlsclientciphers an operator can let anonymous suites in; a requirement they cannot satisfy.
TEST_F(Verified, RefusesAServerWithoutCertificate) {
    const Identity identity = make_identity(for_name(wanted), &root_);
    const tls::ContextPtr server = server_context(identity);
    SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_cipher_list(server.get(), "aNULL:@SECLEVEL=0"), 1);
    SSL_CTX_set_dh_auto(server.get(), 1);
    tls::ClientSettings settings;
    settings.ciphers = "ALL:aNULL:@SECLEVEL=0";
    const std::string trust = directory_.holds("trust.pem", root_pem_);
    Encounter met(server.get(), demanding(wanted, trust), settings);
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_FALSE(agreed);
    EXPECT_EQ(agreed.error().cause, Cause::unverified);
    EXPECT_EQ(agreed.error().detail,
              "the server sent no certificate\nRequired by " + trust +
                  ": a certificate for mx.example.com from an authority in it");
}

TEST_F(Verified, NamesWhoAskedWhenItIsNotTheFile) {
    const Identity stranger = make_authority("Stranger", 4);
    const Identity identity = make_identity(for_name(wanted), &stranger);
    const tls::ContextPtr server = server_context(identity);
    const tls::Requirement requirement = tls::Requirement::verified(
        directory_.holds("trust.pem", root_pem_), wanted, "the policy of example.com");
    Encounter met(server.get(), requirement, {}, "");
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_FALSE(agreed);
    EXPECT_THAT(agreed.error().detail,
                HasSubstr("\nRequired by the policy of example.com: a certificate for "
                          "mx.example.com from an authority in " +
                          requirement.trust_file));
}

// What the trust file may not be.
class TrustFile : public Verified {
protected:
    std::string trouble(const std::string& path) {
        const tls::ContextPtr server = server_context(root_);
        Encounter met(server.get(), demanding(wanted, path));
        if (met.made) return "it was accepted";
        EXPECT_EQ(met.made.error().cause, Cause::control_file);
        EXPECT_TRUE(met.peer.writes.empty());
        return met.made.error().detail;
    }
};

TEST_F(TrustFile, MustBeReadable) {
    const std::string missing = directory_.path("missing.pem");
    EXPECT_EQ(trouble(missing), missing + " cannot be read: no such file or directory");
    const std::string link = directory_.path("link.pem");
    ASSERT_EQ(::symlink("missing.pem", link.c_str()), 0);
    EXPECT_EQ(trouble(link), link + " is a dangling symbolic link");
}

TEST_F(TrustFile, MustHoldACertificate) {
    for (const std::string& contents : {"no PEM at all\n"s, key_pem(root_)}) {
        const std::string path = directory_.holds("empty.pem", contents);
        EXPECT_EQ(trouble(path),
                  path + " contains no certificate; it must contain trusted CA certificates in PEM "
                         "format");
    }
}

// Made by touch(1) after a how-to.
TEST_F(TrustFile, MustNotBeEmpty) {
    for (const std::string& contents : {""s, "\n"s, " \r\n\t"s}) {
        const std::string path = directory_.holds("empty.pem", contents);
        EXPECT_EQ(trouble(path),
                  path + " is empty; it must contain trusted CA certificates in PEM format");
    }
}

TEST_F(TrustFile, MustNotBeBroken) {
    std::string cut = root_pem_.substr(0, root_pem_.size() / 2);
    std::string path = directory_.holds("cut.pem", root_pem_ + cut);
    EXPECT_THAT(trouble(path),
                testing::StartsWith(path + " is not usable: cannot parse what follows "
                                           "certificate 1: "));
    path = directory_.holds("garbage.pem",
                            "-----BEGIN CERTIFICATE-----\nAAAA\n"
                            "-----END CERTIFICATE-----\n");
    EXPECT_THAT(trouble(path), HasSubstr("cannot parse the first certificate: "));
    EXPECT_EQ(trouble(path).find("no reason given"), std::string::npos);
}

TEST_F(TrustFile, IsNotAskedWhenNothingIsDemanded) {
    const tls::ContextPtr server = server_context(root_);
    tls::Requirement requirement;
    requirement.implicit = true;
    requirement.trust_file = directory_.path("missing.pem");
    for (const auto kind : {tls::Requirement::Kind::opportunistic, tls::Requirement::Kind::none}) {
        requirement.kind = kind;
        Encounter met(server.get(), requirement);
        EXPECT_TRUE(met.made && met.handshake());
    }
}

}  // namespace
}  // namespace tern::test
