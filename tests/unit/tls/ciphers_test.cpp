// control/tlsclientciphers: which list gets which name, and what OpenSSL refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tls_client.hpp"
#include "tls/context.hpp"

namespace tern::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Row {
    std::string ciphers;
    std::string tls13;
    std::string older;
};

TEST(PartCiphers, Table) {
    const Row rows[] = {
        {"", "", ""},
        {":::", "", ""},
        {"HIGH", "", "HIGH"},
        {"HIGH:!aNULL:-SHA1:+RC4:@STRENGTH", "", "HIGH:!aNULL:-SHA1:+RC4:@STRENGTH"},
        {"DEFAULT@SECLEVEL=1", "", "DEFAULT@SECLEVEL=1"},
        {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", ""},
        {"TLS_AES_128_GCM_SHA256:HIGH:TLS_CHACHA20_POLY1305_SHA256",
         "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256", "HIGH"},
        {"TLS_RSA_WITH_AES_128_CBC_SHA", "", "TLS_RSA_WITH_AES_128_CBC_SHA"},
        {"HIGH MEDIUM,LOW;TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "HIGH:MEDIUM:LOW"},
        {"TLS_AES_128_GCM_SHA256:@SECLEVEL=1", "TLS_AES_128_GCM_SHA256", "DEFAULT:@SECLEVEL=1"},
    };
    for (const Row& row : rows) {
        const tls::CipherLists lists = tls::part_ciphers(row.ciphers);
        EXPECT_EQ(lists.tls13, row.tls13) << row.ciphers;
        EXPECT_EQ(lists.older, row.older) << row.ciphers;
    }
}

class Ciphers : public testing::Test {
protected:
    /// The cipher that is agreed on when the operator wrote this, or the failure's words.
    std::string agreed(const std::string& ciphers, int version) {
        CertificateSpec spec;
        spec.key = KeyKind::rsa;
        const Identity identity = make_identity(spec);
        const tls::ContextPtr server = server_context(identity);
        SSL_CTX_set_max_proto_version(server.get(), version);
        tls::ClientSettings settings;
        settings.ciphers = ciphers;
        Encounter met(server.get(), {}, settings);
        if (!met.made) {
            EXPECT_EQ(met.made.error().cause, Cause::control_file);
            return met.made.error().detail;
        }
        const Result<tls::Established> result = met.handshake();
        return result ? result->cipher : result.error().detail;
    }
};

TEST_F(Ciphers, ChooseForEachVersion) {
    const std::string both = "TLS_CHACHA20_POLY1305_SHA256:AES256-SHA";
    EXPECT_EQ(agreed(both, TLS1_3_VERSION), "TLS_CHACHA20_POLY1305_SHA256");
    EXPECT_EQ(agreed(both, TLS1_2_VERSION), "AES256-SHA");
}

TEST_F(Ciphers, AListWithoutNamesKeepsItsDefault) {
    EXPECT_EQ(agreed("AES256-SHA", TLS1_3_VERSION), "TLS_AES_256_GCM_SHA384");
    EXPECT_EQ(agreed("TLS_CHACHA20_POLY1305_SHA256", TLS1_2_VERSION),
              "ECDHE-RSA-AES256-GCM-SHA384");
    EXPECT_EQ(agreed("TLS_CHACHA20_POLY1305_SHA256:@SECLEVEL=1", TLS1_2_VERSION),
              "ECDHE-RSA-AES256-GCM-SHA384");
    EXPECT_EQ(agreed("", TLS1_3_VERSION), "TLS_AES_256_GCM_SHA384");
}

TEST_F(Ciphers, WhatOpenSslRefusesIsTold) {
    for (const char* refused : {"NONSENSE", "!aNULL", "TLS_NONSENSE", "HIGH:TLS_AES_999_GCM_SHA1",
                                "TLS_AES_128_GCM_SHA256:NONSENSE", "aNULL:!aNULL"}) {
        EXPECT_EQ(agreed(refused, TLS1_3_VERSION),
                  "control/tlsclientciphers: OpenSSL rejects the cipher list \"" +
                      std::string(refused) + "\": no cipher match");
    }
    EXPECT_THAT(agreed("HIGH:@NONSENSE=1", TLS1_3_VERSION),
                AllOf(HasSubstr("control/tlsclientciphers"),
                      HasSubstr(": invalid command")));
}

// OpenSSL's own habit, in both lists: an unknown name beside known ones is passed over.
TEST_F(Ciphers, UnknownNamesBesideKnownOnesArePassedOver) {
    EXPECT_EQ(agreed("NONSENSE:AES256-SHA", TLS1_2_VERSION), "AES256-SHA");
    EXPECT_EQ(agreed("TLS_NONSENSE:TLS_AES_128_GCM_SHA256", TLS1_3_VERSION),
              "TLS_AES_128_GCM_SHA256");
}

}  // namespace
}  // namespace tern::test
