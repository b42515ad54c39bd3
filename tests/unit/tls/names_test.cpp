// Whom a certificate names: matching and listing, without a connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/certificates.hpp"
#include "tls/verify.hpp"

namespace tern::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

struct Row {
    std::string name;
    std::string reference;
    bool covers;
};

TEST(NameCovers, Table) {
    const Row rows[] = {
        {"mx.example.com", "mx.example.com", true},
        {"MX.Example.COM", "mx.example.com", true},
        {"mx.example.com", "MX.EXAMPLE.COM", true},
        {"mx.example.com", "mx.example.org", false},
        {"example.com", "mx.example.com", false},
        {"x.mx.example.com", "mx.example.com", false},
        {"mx.example.com.", "mx.example.com", false},
        {"*.example.com", "mx.example.com", true},
        {"*.EXAMPLE.com", "mx.example.com", true},
        {"*.example.com", "example.com", false},
        {"*.example.com", "a.mx.example.com", false},
        {"*.example.com", ".example.com", false},
        {"*.com", "example.com", true},
        {"*.", "mx.", false},
        {"*.", "mx", false},
        {"*", "mx", false},
        {"*", "mx.example.com", false},
        {"m*.example.com", "mx.example.com", false},
        {"*x.example.com", "mx.example.com", false},
        {"mx.*.com", "mx.example.com", false},
        {"*.*.com", "mx.example.com", false},
        {"*.example.com", "*.example.com", true},  // "*" is a label like any other
        {"", "mx.example.com", false},
        {"", "", false},
        {"mx.example.com\0"s, "mx.example.com", false},
        {"mx.example.com\0.evil.example"s, "mx.example.com", false},
        {"*.example.com\0"s, "mx.example.com", false},
        {"\0mx.example.com"s, "mx.example.com", false},
        {"mx.example.com\0"s, "mx.example.com\0"s, false},
        {" mx.example.com", "mx.example.com", false},
        {"mx.example.com", "", false},
        {"xn--bcher-kva.example", "xn--bcher-kva.example", true},
    };
    for (const Row& row : rows)
        EXPECT_EQ(tls::name_covers(row.name, row.reference), row.covers)
            << row.name << " for " << row.reference;
}

tls::PeerIdentity identity(const CertificateSpec& spec) {
    return tls::identity_of(make_identity(spec).certificate.get());
}

TEST(PeerIdentity, ReadsEveryName) {
    CertificateSpec spec;
    spec.common_names = {"first", "b\xc3\xbc"s, "with\0nul"s};
    spec.dns_names = {"a.example", "*.b.example", "c\0d"s};
    spec.email = "postmaster@a.example";
    const tls::PeerIdentity found = identity(spec);
    EXPECT_THAT(found.common_names, ElementsAre("first", "b\xc3\xbc", "with\0nul"s));
    EXPECT_THAT(found.dns_names, ElementsAre("a.example", "*.b.example", "c\0d"s));
    EXPECT_FALSE(found.names_unreadable);
}

TEST(PeerIdentity, CommonNameCountsOnlyWithoutDnsNames) {
    CertificateSpec spec;
    spec.common_names = {"mx.example.com"};
    EXPECT_TRUE(tls::carries_name(identity(spec), "mx.example.com"));
    EXPECT_FALSE(tls::carries_name(identity(spec), "other.example.com"));
    spec.email = "postmaster@example.com";
    EXPECT_TRUE(tls::carries_name(identity(spec), "mx.example.com"));
    spec.dns_names = {"other.example.com"};
    EXPECT_FALSE(tls::carries_name(identity(spec), "mx.example.com"));
    EXPECT_TRUE(tls::carries_name(identity(spec), "other.example.com"));
    spec.dns_names = {"mx.example.com\0.evil.example"s};
    EXPECT_FALSE(tls::carries_name(identity(spec), "mx.example.com"));
}

// contract.md#commonname: no wildcard.
TEST(PeerIdentity, WildcardsInCommonNamesDoNotCount) {
    for (const std::string& name :
         {"*.example.com"s, "*"s, "*.com"s, "mx.*.com"s, "*x.example.com"s, "*.example.com\0"s,
          "mx.example.com\0.evil.example"s, ""s}) {
        CertificateSpec spec;
        spec.common_names = {name};
        for (const char* reference : {"mx.example.com", "example.com", "mx"})
            EXPECT_FALSE(tls::carries_name(identity(spec), reference)) << name;
        spec.common_names.push_back("mx.example.com");
        EXPECT_TRUE(tls::carries_name(identity(spec), "mx.example.com")) << name;
        spec.dns_names = {"*.example.com"};
        EXPECT_TRUE(tls::carries_name(identity(spec), "mx.example.com")) << name;
    }
    CertificateSpec spec;
    spec.common_names = {"*.example.com", "other.example"};
    EXPECT_EQ(tls::listed_names(identity(spec)),
              "*.example.com (wildcards are not valid in a CommonName), other.example");
}

TEST(PeerIdentity, UnreadableNamesDoNotOpenTheWayToCommonName) {
    CertificateSpec spec;
    spec.common_names = {"mx.example.com"};
    spec.broken_alternative_name = true;
    const tls::PeerIdentity found = identity(spec);
    EXPECT_TRUE(found.names_unreadable);
    EXPECT_FALSE(tls::carries_name(found, "mx.example.com"));
    EXPECT_EQ(tls::listed_names(found), "unreadable names");
}

TEST(PeerIdentity, NoNameIsNoName) {
    const tls::PeerIdentity found = identity({});
    EXPECT_FALSE(tls::carries_name(found, ""));
    EXPECT_FALSE(tls::carries_name(found, "mx.example.com"));
    EXPECT_EQ(tls::listed_names(found), "no name");
    EXPECT_EQ(found.subject, "(empty)");
}

TEST(ListedNames, AreBoundedAndPrintable) {
    CertificateSpec spec;
    spec.dns_names = {"a\r\nb\0c"s, "", std::string(1000, 'x')};
    EXPECT_EQ(tls::listed_names(identity(spec)),
              "a??b?c, (empty name), " + std::string(200, 'x') + "...");
    for (int i = 0; i < 100; ++i) spec.dns_names.push_back("more.example");
    EXPECT_THAT(tls::listed_names(identity(spec)), EndsWith(", more.example and 83 more"));
}

TEST(PeerIdentity, TextsAreBoundedAndPrintable) {
    CertificateSpec spec;
    spec.common_names = {"line\nfeed\x7f",     std::string(60, 'a'), std::string(60, 'b'),
                         std::string(60, 'c'), std::string(60, 'd'), std::string(60, 'e')};
    const tls::PeerIdentity found = identity(spec);
    EXPECT_LE(found.subject.size(), 203U);
    EXPECT_EQ(found.subject.find('\n'), std::string::npos);
    EXPECT_EQ(found.subject, found.issuer);
    EXPECT_THAT(found.valid_from, HasSubstr("Z"));
}

}  // namespace
}  // namespace tern::test
