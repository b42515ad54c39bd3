// The opportunistic handshake: versions, old servers, and every way in which it can end badly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tls_client.hpp"

namespace tern::test {
namespace {

using testing::HasSubstr;

CertificateSpec someone(KeyKind key = KeyKind::ed25519) {
    CertificateSpec spec;
    spec.dns_names = {"someone.else.example"};
    spec.key = key;
    return spec;
}

class Handshake : public testing::Test {
protected:
    const Identity identity_ = make_identity(someone());
    const tls::ContextPtr server_ = server_context(identity_);
};

TEST_F(Handshake, PrefersTls13AndVerifiesNothing) {
    Encounter met(server_.get());
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_TRUE(agreed) << agreed.error().detail;
    EXPECT_EQ(agreed->version, "TLSv1.3");
    EXPECT_EQ(agreed->cipher, "TLS_AES_256_GCM_SHA384");
    EXPECT_FALSE(agreed->verified);
    ASSERT_TRUE(met.says("EHLO me.example\r\n"));
    EXPECT_EQ(met.peer.received, "EHLO me.example\r\n");
    met.peer.says("250 mx.example.com\r\n");
    EXPECT_EQ(met.hears(), "250 mx.example.com\r\n");
}

TEST_F(Handshake, AcceptsTls12) {
    SSL_CTX_set_max_proto_version(server_.get(), TLS1_2_VERSION);
    Encounter met(server_.get());
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_TRUE(agreed) << agreed.error().detail;
    EXPECT_EQ(agreed->version, "TLSv1.2");
    ASSERT_TRUE(met.says("EHLO me.example\r\n"));
    EXPECT_EQ(met.peer.received, "EHLO me.example\r\n");
}

TEST_F(Handshake, SendsTheServersName) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("x"));
    EXPECT_EQ(met.peer.server_name(), "mx.example.com");
}

TEST_F(Handshake, SendsNoNameWhereThereIsNone) {
    Encounter met(server_.get(), {}, {}, "");
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("x"));
    EXPECT_EQ(met.peer.server_name(), "");
}

// Round trips: under TLS 1.3 the second EHLO rides with the client's Finished.
TEST_F(Handshake, SendsItsLastFlightWithTheFirstCommand) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    EXPECT_EQ(met.peer.writes.size(), 1U) << "the ClientHello alone";
    ASSERT_TRUE(met.says("EHLO me.example\r\n"));
    EXPECT_EQ(met.peer.writes.size(), 2U);
    EXPECT_EQ(met.peer.received, "EHLO me.example\r\n");
}

// Port 465: the server speaks first, when it has our Finished.
TEST_F(Handshake, SendsItsLastFlightBeforeItWaitsForAGreeting) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    const Result<std::string> nothing = met.hears();
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().cause, Cause::timed_out);
    EXPECT_TRUE(SSL_is_init_finished(met.peer.ssl()));
    met.peer.says("220 mx.example.com\r\n");
    EXPECT_EQ(met.hears(), "220 mx.example.com\r\n");
}

TEST_F(Handshake, WorksWhenBytesComeOneByOne) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(server_.get(), version);
        Encounter met(server_.get());
        met.peer.longest_read = 1;
        ASSERT_TRUE(met.handshake());
        ASSERT_TRUE(met.says("NOOP\r\n"));
        met.peer.says("250 ok\r\n");
        EXPECT_EQ(met.hears(), "250 ok\r\n");
    }
}

TEST(OldServers, KeysOfEveryKindAndSizeServe) {
    for (const KeyKind key :
         {KeyKind::ed25519, KeyKind::ed448, KeyKind::ecdsa, KeyKind::rsa, KeyKind::rsa_1024}) {
        CertificateSpec spec = someone(key);
        spec.sha1 = key == KeyKind::rsa_1024;
        spec.valid_from_days = -20;
        spec.valid_until_days = -10;
        const Identity identity = make_identity(spec);
        const tls::ContextPtr server = server_context(identity);
        Encounter met(server.get());
        const Result<tls::Established> agreed = met.handshake();
        EXPECT_TRUE(agreed) << agreed.error().detail;
    }
}

// Security level 0: what an old server can do is better than clear text.
TEST(OldServers, OldCiphersServe) {
    const Identity identity = make_identity(someone(KeyKind::rsa_1024));
    for (const char* cipher : {"AES128-SHA", "AES256-SHA", "DHE-RSA-AES128-SHA"}) {
        const tls::ContextPtr server = server_context(identity);
        SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
        ASSERT_EQ(SSL_CTX_set_cipher_list(server.get(), cipher), 1);
        SSL_CTX_set_dh_auto(server.get(), 1);
        Encounter met(server.get());
        const Result<tls::Established> agreed = met.handshake();
        ASSERT_TRUE(agreed) << cipher << ": " << agreed.error().detail;
        EXPECT_EQ(agreed->cipher, cipher);
    }
}

TEST(OldServers, SignaturesWithSha1Serve) {
    const Identity identity = make_identity(someone(KeyKind::rsa_1024));
    const tls::ContextPtr server = server_context(identity);
    SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set1_sigalgs_list(server.get(), "RSA+SHA1"), 1);
    Encounter met(server.get());
    const Result<tls::Established> agreed = met.handshake();
    EXPECT_TRUE(agreed) << agreed.error().detail;
}

TEST_F(Handshake, RefusesVersionsBefore12) {
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        SSL_CTX_set_max_proto_version(server_.get(), version);
        Encounter met(server_.get());
        const Result<tls::Established> agreed = met.handshake();
        ASSERT_FALSE(agreed);
        EXPECT_EQ(agreed.error().stage, Stage::handshake);
        EXPECT_EQ(agreed.error().cause, Cause::tls);
        EXPECT_EQ(agreed.error().detail,
                  "TLS handshake failed: the server sent the TLS alert \"protocol version\"; TLS "
                  "1.2 or later is required");
    }
}

TEST_F(Handshake, TellsTheServersAlert) {
    ASSERT_EQ(SSL_CTX_set_cipher_list(server_.get(), "PSK"), 1);
    SSL_CTX_set_max_proto_version(server_.get(), TLS1_2_VERSION);
    Encounter met(server_.get());
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_FALSE(agreed);
    EXPECT_EQ(agreed.error().cause, Cause::tls);
    EXPECT_THAT(agreed.error().detail,
                HasSubstr("the server sent the TLS alert \"handshake failure\""));
}

TEST_F(Handshake, FailsOnAnythingThatIsNoTls) {
    const std::string junk[] = {"454 TLS not available\r\n",
                                "220 welcome\r\n",
                                "\r\n\r\n\r\n",
                                std::string(4096, '\0'),
                                std::string(40000, 'A'),
                                std::string("\x16\x03\x03\x00\x00\x16\x03\x03\x00\x00", 10),
                                std::string("\x15\x03\x03\x00\x02\x02", 6) + "\x28"};
    for (const std::string& bytes : junk) {
        Encounter met(server_.get());
        met.peer.on_the_way = [&bytes](std::string& wire) { wire = bytes; };
        met.peer.hung_up = true;
        const Result<tls::Established> agreed = met.handshake();
        ASSERT_FALSE(agreed);
        EXPECT_EQ(agreed.error().stage, Stage::handshake);
        EXPECT_EQ(agreed.error().cause, Cause::tls);
        EXPECT_EQ(agreed.error().detail.find('\n'), std::string::npos);
        EXPECT_THAT(agreed.error().detail, testing::Not(HasSubstr("no reason given")));
    }
}

// Every cut of the server's bytes, by a close, a reset and silence.
TEST_F(Handshake, EndsWellDefinedWhereverTheServerEnds) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(server_.get(), version);
        int failed = 0;
        int agreed_on = 0;
        for (std::size_t cut = 0; cut < 3000; cut += 11) {
            for (const std::optional<Cause> end :
                 {std::optional<Cause>(), std::optional(Cause::closed),
                  std::optional(Cause::timed_out), std::optional(Cause::cancelled)}) {
                Encounter met(server_.get());
                met.peer.arriving = cut;
                met.peer.ends_as = end;
                const Result<tls::Established> agreed = met.handshake();
                if (agreed) {
                    ++agreed_on;
                    continue;
                }
                ++failed;
                EXPECT_EQ(agreed.error().stage, Stage::handshake);
                const bool kept = end == Cause::timed_out || end == Cause::cancelled;
                EXPECT_EQ(agreed.error().cause, kept ? *end : Cause::tls)
                    << cut << ": " << agreed.error().detail;
            }
        }
        EXPECT_GT(failed, 150);
        EXPECT_GT(agreed_on, 20);
    }
}

TEST_F(Handshake, FailsWhenNothingCanBeWritten) {
    Encounter met(server_.get());
    met.peer.room = 10;
    met.peer.hung_up = true;
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_FALSE(agreed);
    EXPECT_EQ(agreed.error().cause, Cause::tls);
    Encounter slow(server_.get());
    slow.peer.room = 10;
    slow.peer.write_fails_as = Cause::timed_out;
    const Result<tls::Established> stalled = slow.handshake();
    ASSERT_FALSE(stalled);
    EXPECT_EQ(stalled.error().stage, Stage::handshake);
    EXPECT_EQ(stalled.error().cause, Cause::timed_out);
}

// The server sends its refusal and resets: our next write fails, its words are still there.
TEST_F(Handshake, HearsTheAlertOfAServerThatWillNotRead) {
    SSL_CTX_set_max_proto_version(server_.get(), TLS1_2_VERSION);
    Encounter met(server_.get());
    met.peer.on_the_way = [&met](std::string& wire) {
        met.peer.room = 0;
        met.peer.hung_up = true;
        wire += std::string("\x15\x03\x03\x00\x02\x02\x50", 7);
    };
    const Result<tls::Established> agreed = met.handshake();
    ASSERT_FALSE(agreed);
    EXPECT_EQ(agreed.error().cause, Cause::tls);
    EXPECT_THAT(agreed.error().detail, HasSubstr("\"internal error\""));
}

// A flood of records that OpenSSL takes in silence must not hold us, whatever the deadline says.
TEST_F(Handshake, EndsAFloodOfEmptyTalk) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("EHLO me.example\r\n"));
    std::size_t sent = 0;
    while (sent < 1100UL * 1024) {
        ASSERT_EQ(SSL_key_update(met.peer.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        ASSERT_EQ(SSL_do_handshake(met.peer.ssl()), 1);
        sent += 27;
    }
    const Result<std::string> heard = met.hears();
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().cause, Cause::tls);
    EXPECT_THAT(heard.error().detail, HasSubstr("without data"));
}

}  // namespace
}  // namespace tern::test
