// TLS that a directory of certificates by hash requires: what is found in it, what is not, and what
// is said when the directory itself is to blame.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "support/tls_client.hpp"
#include "tls/facts.hpp"
#include "tls/trust.hpp"

namespace tern::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string wanted = "mx.example.com";

class TrustDirectory : public testing::Test {
protected:
    static Identity make_server(const Identity& issuer, const std::string& name = wanted) {
        CertificateSpec spec;
        spec.dns_names = {name};
        spec.key_number = 10;
        return make_identity(spec, &issuer);
    }
    static std::string hash(const Identity& of) {
        return tls::hash_of(X509_get_subject_name(of.certificate.get()));
    }
    /// Puts the certificate where it is looked for; gives the path.
    std::string put(const Identity& identity, int number = 0) const {
        return directory_.holds(concat(hash(identity), ".", number), certificate_pem(identity));
    }
    [[nodiscard]] std::string path() const {
        std::string path = directory_.path("");
        path.pop_back();
        return path;
    }
    /// The handshake with a server that shows `identity`; nothing but it may have gone out.
    Result<tls::Established> meet(const Identity& identity,
                                  const std::vector<const Identity*>& chain = {}) const {
        const tls::ContextPtr server = server_context(identity, chain);
        Encounter met(server.get(), demanding(wanted, path()));
        if (!met.made) return tl::unexpected(met.made.error());
        Result<tls::Established> agreed = met.handshake();
        if (!agreed) {
            EXPECT_EQ(met.peer.received, "");
        }
        return agreed;
    }
    /// The same, expecting failure of this kind; gives the words.
    std::string fails_as(Cause cause, const Identity& identity,
                         const std::vector<const Identity*>& chain = {}) const {
        const Result<tls::Established> agreed = meet(identity, chain);
        if (agreed) return "it was accepted";
        EXPECT_EQ(agreed.error().stage, Stage::handshake);
        EXPECT_EQ(agreed.error().cause, cause) << agreed.error().detail;
        return agreed.error().detail;
    }

    Directory directory_;
    const Identity root_ = make_authority("Test Root", 1);
    const Identity other_ = make_authority("Other Root", 2);
    const Identity server_ = make_server(root_);
};

// As `openssl x509 -hash` says of a certificate with this subject.
TEST_F(TrustDirectory, HashesAreThoseOfOpenSslsTools) {
    EXPECT_EQ(hash(root_), "2faabc7f");
    EXPECT_EQ(tls::facts_of(root_.certificate.get()).hash, hash(root_));
}

TEST_F(TrustDirectory, KnowsNamesByHash) {
    for (const char* name : {"5ed36f99.0", "00000000.12"})
        EXPECT_TRUE(tls::is_called_by_hash(name)) << name;
    for (const char* name : {"", ".", "..", "5ed36f99", "5ed36f99.", "5ed36f99.r0", "5ed36f9.0",
                             "5ED36F99.0", "5ed36f99.0~", "5ed36f99.0.0", "a5ed36f99.0",
                             "root.pem"})
        EXPECT_FALSE(tls::is_called_by_hash(name)) << name;
}

TEST_F(TrustDirectory, VerifiesByWhatIsFoundUnderItsHash) {
    put(other_);
    put(root_);
    const Result<tls::Established> agreed = meet(server_);
    ASSERT_TRUE(agreed) << agreed.error().detail;
    EXPECT_TRUE(agreed->verified);
}

TEST_F(TrustDirectory, WorksUnderTls12AndThroughLinks) {
    const std::string elsewhere = directory_.holds("root.pem", certificate_pem(root_));
    ASSERT_EQ(::symlink("root.pem", directory_.path(hash(root_) + ".0").c_str()), 0);
    const Directory home;
    ASSERT_EQ(::symlink(path().c_str(), home.path("trust.pem").c_str()), 0);
    const tls::ContextPtr server = server_context(server_);
    SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
    Encounter met(server.get(), demanding(wanted, home.path("trust.pem")));
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_TRUE(agreed) << agreed.error().detail;
    EXPECT_TRUE(agreed->verified);
}

TEST_F(TrustDirectory, ClimbsToTheRootThroughWhatTheServerSentAndWhatItDidNot) {
    const Identity lower = make_authority("Lower", 3, &root_);
    const Identity lowest = make_authority("Lowest", 4, &lower);
    const Identity server = make_server(lowest);
    put(root_);
    EXPECT_TRUE(meet(server, {&lowest, &lower}));
    EXPECT_THAT(fails_as(Cause::unverified, server, {&lowest}),
                HasSubstr("unable to get local issuer certificate (CN=Lowest, number 1 above"));
    put(lower);
    EXPECT_TRUE(meet(server, {&lowest}));
    put(lowest);
    EXPECT_TRUE(meet(server));
}

TEST_F(TrustDirectory, WhatThereIsIsTrustedWithoutItsRoot) {
    const Identity intermediate = make_authority("Intermediate", 3, &root_);
    put(intermediate);
    EXPECT_TRUE(meet(make_server(intermediate)));
    EXPECT_TRUE(meet(make_server(intermediate), {&intermediate, &root_}));
    CertificateSpec spec;
    spec.common_names = {wanted};
    const Identity self_signed = make_identity(spec);
    put(self_signed);
    EXPECT_TRUE(meet(self_signed));
}

// A renewed root beside the old one.
TEST_F(TrustDirectory, LooksAtEachNumberOfAHash) {
    CertificateSpec spec;
    spec.common_names = {"Test Root"};
    spec.authority = true;
    spec.key_number = 1;
    spec.valid_from_days = -20;
    spec.valid_until_days = -10;
    put(make_identity(spec), 0);
    EXPECT_THAT(fails_as(Cause::unverified, server_), HasSubstr("certificate has expired"));
    put(root_, 1);
    const Result<tls::Established> agreed = meet(server_);
    EXPECT_TRUE(agreed) << agreed.error().detail;
}

TEST_F(TrustDirectory, ANumberThatIsMissingEndsTheHash) {
    put(other_);
    put(root_, 1);
    EXPECT_THAT(fails_as(Cause::unverified, server_),
                HasSubstr("unable to get local issuer certificate"));
}

TEST_F(TrustDirectory, RefusesAnUnknownAuthority) {
    put(other_);
    EXPECT_EQ(fails_as(Cause::unverified, server_),
              concat("certificate verification failed: unable to get local issuer certificate\n"
                     "Server certificate: mx.example.com; subject (empty); issuer CN=Test Root\n"
                     "Required by ",
                     path(),
                     ": a certificate for mx.example.com from an authority "
                     "in it"));
    EXPECT_THAT(fails_as(Cause::unverified, server_, {&root_}),
                HasSubstr("self-signed certificate in certificate chain"));
    // The trusted root's name, another key.
    put(root_);
    EXPECT_THAT(fails_as(Cause::unverified, make_server(make_authority("Test Root", 6))),
                HasSubstr("certificate signature failure"));
}

TEST_F(TrustDirectory, RefusesAnotherName) {
    put(root_);
    EXPECT_THAT(fails_as(Cause::unverified, make_server(root_, "a.example.org")),
                AllOf(StartsWith("the server's certificate is not for mx.example.com\n"),
                      HasSubstr(concat("\nRequired by ", path(), ": "))));
}

// What a directory holds beside what is asked for is never opened: it must delay no delivery.
TEST_F(TrustDirectory, PassesOverWhatIsNotAskedFor) {
    put(root_);
    directory_.holds("5ed36f99.0", "no PEM at all");
    directory_.holds("\x1b[31m", "");
    directory_.holds(hash(root_) + ".r0", "a list of revoked certificates");
    ASSERT_EQ(::mkfifo(directory_.path("0badcafe.0").c_str(), 0600), 0);
    ASSERT_EQ(::mkdir(directory_.path("00000000.0").c_str(), 0700), 0);
    const Result<tls::Established> agreed = meet(server_);
    EXPECT_TRUE(agreed) << agreed.error().detail;
}

// The trouble is ours, not the server's, and it is reported as such.
TEST_F(TrustDirectory, MustHoldCertificatesByHash) {
    const std::string words = concat(path(),
                                     " contains no certificate named by its hash; put trusted CA "
                                     "certificates into it and run: openssl rehash ",
                                     path());
    EXPECT_EQ(fails_as(Cause::control_file, server_), words);
    directory_.holds("root.pem", certificate_pem(root_));
    EXPECT_EQ(fails_as(Cause::control_file, server_, {&root_}), words);
}

TEST_F(TrustDirectory, TellsWhatItCannotUse) {
    const std::string file = put(root_);
    const auto replace = [&file] { ASSERT_EQ(::unlink(file.c_str()), 0); };
    replace();
    directory_.holds(hash(root_) + ".0", "no PEM at all");
    EXPECT_EQ(fails_as(Cause::control_file, server_),
              file + " contains no certificate; it must contain trusted CA certificates in PEM "
                     "format");
    replace();
    directory_.holds(hash(root_) + ".0",
                     "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_THAT(fails_as(Cause::control_file, server_),
                StartsWith(file + " is not usable: cannot parse the first certificate: "));
    replace();
    ASSERT_EQ(::symlink("gone.pem", file.c_str()), 0);
    EXPECT_EQ(fails_as(Cause::control_file, server_), file + " is a dangling symbolic link");
    replace();
    ASSERT_EQ(::symlink(file.c_str(), file.c_str()), 0);
    EXPECT_EQ(fails_as(Cause::control_file, server_),
              file + " cannot be read: too many levels of symbolic links");
    replace();
    ASSERT_EQ(::mkdir(file.c_str(), 0700), 0);
    EXPECT_EQ(fails_as(Cause::control_file, server_), file + " cannot be read: is a directory");
    ASSERT_EQ(::rmdir(file.c_str()), 0);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_THAT(fails_as(Cause::control_file, server_),
                StartsWith(file + " contains no certificate"));
}

// ... but a chain that holds without it is no worse for it.
TEST_F(TrustDirectory, TroubleCountsOnlyWhereItHinders) {
    directory_.holds(hash(root_) + ".0", "no PEM at all");
    put(root_, 1);
    const Result<tls::Established> agreed = meet(server_);
    EXPECT_TRUE(agreed) << agreed.error().detail;
    EXPECT_THAT(fails_as(Cause::unverified, make_server(root_, "a.example.org")),
                HasSubstr("is not for mx.example.com"));
}

TEST_F(TrustDirectory, GoneBetweenLookAndHandshake) {
    put(root_);
    const tls::ContextPtr server = server_context(server_);
    Encounter met(server.get(), demanding(wanted, path()));
    ASSERT_TRUE(met.made);
    ASSERT_EQ(::unlink(directory_.path(hash(root_) + ".0").c_str()), 0);
    ASSERT_EQ(::rmdir(path().c_str()), 0);
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_FALSE(agreed);
    EXPECT_EQ(agreed.error().cause, Cause::control_file);
    EXPECT_EQ(agreed.error().detail, path() + " cannot be read: no such file or directory");
}

TEST_F(TrustDirectory, NamesWhoAskedWhenItIsNotTheDirectory) {
    const tls::Requirement requirement =
        tls::Requirement::verified(path(), wanted, "the policy of example.com");
    const tls::ContextPtr server = server_context(server_);
    Encounter met(server.get(), requirement);
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_FALSE(agreed);
    EXPECT_THAT(agreed.error().detail, EndsWith("; required by the policy of example.com"));
}

// A server may name every authority there is, and more; each is looked for once.
TEST_F(TrustDirectory, AChainOfManyNamesIsBounded) {
    put(root_);
    std::vector<Identity> crowd;
    for (int number = 0; number < 300; ++number)
        crowd.push_back(make_authority(concat("Authority ", number), 7, &root_));
    std::vector<const Identity*> chain;
    for (const Identity& each : crowd) chain.push_back(&each);
    const Result<tls::Established> agreed = meet(server_, chain);
    EXPECT_TRUE(agreed) << agreed.error().detail;
    EXPECT_THAT(fails_as(Cause::unverified, make_server(other_), chain),
                HasSubstr("unable to get local issuer certificate"));
}

}  // namespace
}  // namespace tern::test
