// TLS as a Stream once the handshake is done: bytes both ways, ends, alerts, key updates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "support/tls_client.hpp"

namespace tern::test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Le;

std::string bytes_of_every_kind(std::size_t count) {
    std::string bytes(count, '\0');
    unsigned state = 1;
    for (char& c : bytes) {
        state = state * 1664525U + 1013904223U;
        c = static_cast<char>(state >> 24);
    }
    return bytes;
}

class Versions : public testing::TestWithParam<int> {
protected:
    Versions() { SSL_CTX_set_max_proto_version(server_.get(), GetParam()); }

    /// A client and a server after the handshake and one command.
    std::unique_ptr<Encounter> met() {
        auto encounter = std::make_unique<Encounter>(server_.get());
        EXPECT_TRUE(encounter->handshake());
        EXPECT_TRUE(encounter->says("EHLO me.example\r\n"));
        encounter->peer.received.clear();
        encounter->peer.writes.clear();
        return encounter;
    }

    const Identity identity_ = make_identity({});
    const tls::ContextPtr server_ = server_context(identity_);
};

INSTANTIATE_TEST_SUITE_P(Tls, Versions, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const testing::TestParamInfo<int>& version) {
                             return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(Versions, LargeWritesGoOutInFewPieces) {
    const auto encounter = met();
    const std::string body = bytes_of_every_kind(3'000'001);
    ASSERT_TRUE(encounter->says(body));
    EXPECT_EQ(encounter->peer.received, body);
    EXPECT_LE(encounter->peer.writes.size(), 3'000'000U / (64 * 1024) + 2);
    EXPECT_THAT(encounter->peer.writes, Each(Le(96U * 1024)));
}

TEST_P(Versions, WritesOfEverySizeArriveWhole) {
    const auto encounter = met();
    std::string sent;
    for (const std::size_t size :
         {0U, 1U, 2U, 16383U, 16384U, 16385U, 65535U, 65536U, 65537U, 131073U}) {
        const std::string bytes = bytes_of_every_kind(size);
        ASSERT_TRUE(encounter->says(bytes));
        sent += bytes;
        ASSERT_EQ(encounter->peer.received, sent);
    }
}

TEST_P(Versions, LargeReadsArriveWhole) {
    const auto encounter = met();
    const std::string body = bytes_of_every_kind(500'001);
    encounter->peer.says(body);
    std::string heard;
    while (heard.size() < body.size()) {
        const Result<std::string> more = encounter->hears(7001);
        ASSERT_TRUE(more) << more.error().detail;
        ASSERT_FALSE(more->empty());
        heard += *more;
    }
    EXPECT_EQ(heard, body);
}

TEST_P(Versions, ALookFindsNothingAndHarmsNothing) {
    const auto encounter = met();
    for (int i = 0; i < 3; ++i) {
        const Result<std::string> nothing = encounter->hears();
        ASSERT_FALSE(nothing);
        EXPECT_EQ(nothing.error().cause, Cause::timed_out);
        EXPECT_EQ(nothing.error().stage, Stage::start);
    }
    encounter->peer.says("250 ok\r\n");
    EXPECT_EQ(encounter->hears(), "250 ok\r\n");
}

TEST_P(Versions, CloseNotifyIsAnEndInGoodOrder) {
    const auto encounter = met();
    encounter->peer.says("421 bye\r\n");
    encounter->peer.says_close_notify();
    encounter->peer.hung_up = true;
    EXPECT_EQ(encounter->hears(), "421 bye\r\n");
    EXPECT_EQ(encounter->hears(), "");
    EXPECT_EQ(encounter->hears(), "");
}

TEST_P(Versions, AnEndWithoutCloseNotifyIsALoss) {
    const auto encounter = met();
    encounter->peer.says("250 ok\r\n");
    encounter->peer.hung_up = true;
    EXPECT_EQ(encounter->hears(), "250 ok\r\n");
    for (int i = 0; i < 2; ++i) {
        const Result<std::string> lost = encounter->hears();
        ASSERT_FALSE(lost);
        EXPECT_EQ(lost.error(),
                  Failure(Stage::start, Cause::closed,
                          "the server closed the connection without a TLS close_notify"));
    }
}

TEST_P(Versions, ARecordCutAnywhereIsALoss) {
    for (std::size_t cut = 1; cut < 29; ++cut) {
        const auto encounter = met();
        while (encounter->hears()) {
        }  // session tickets
        encounter->peer.says("250 ok\r\n");
        encounter->peer.arriving = cut;
        const Result<std::string> lost = encounter->hears();
        ASSERT_FALSE(lost);
        EXPECT_EQ(lost.error().cause, Cause::closed);
    }
}

TEST_P(Versions, AResetIsALoss) {
    const auto encounter = met();
    ASSERT_FALSE(encounter->hears());  // session tickets: the server took our handshake
    encounter->peer.arriving = 0;
    encounter->peer.ends_as = Cause::closed;
    const Result<std::string> lost = encounter->hears();
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().cause, Cause::closed);
    EXPECT_EQ(lost.error().stage, Stage::start);
}

TEST_P(Versions, AChangedByteBreaksTls) {
    const auto encounter = met();
    encounter->peer.says("250 first\r\n");
    EXPECT_EQ(encounter->hears(), "250 first\r\n");
    encounter->peer.on_the_way = [](std::string& wire) { wire.back() ^= 1; };
    encounter->peer.says("250 second\r\n");
    for (int i = 0; i < 2; ++i) {
        const Result<std::string> broken = encounter->hears();
        ASSERT_FALSE(broken);
        EXPECT_EQ(broken.error().cause, Cause::tls);
        EXPECT_EQ(broken.error().stage, Stage::start);
        EXPECT_EQ(broken.error().detail, "TLS error: decryption failed or bad record mac");
    }
    const Result<Done> written = encounter->says("NOOP\r\n");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().cause, Cause::tls);
    EXPECT_EQ(encounter->peer.received, "");
}

TEST_P(Versions, PlaintextInsideTlsBreaksIt) {
    const auto encounter = met();
    encounter->peer.says("250 first\r\n");
    EXPECT_EQ(encounter->hears(), "250 first\r\n");
    encounter->peer.says_raw("250 in the clear\r\n");
    const Result<std::string> broken = encounter->hears();
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().cause, Cause::tls);
}

// The rule above all others: what a failed write left must never follow later.
TEST_P(Versions, AFailedWriteIsNeverCompleted) {
    for (const Cause cause : {Cause::timed_out, Cause::closed, Cause::cancelled}) {
        for (const std::size_t room : {0U, 1U, 20U, 70'000U}) {
            const auto encounter = met();
            const std::string body = bytes_of_every_kind(100'000);
            encounter->peer.room = room;
            encounter->peer.write_fails_as = cause;
            const Result<Done> written = encounter->says(body);
            ASSERT_FALSE(written);
            EXPECT_EQ(written.error().cause, cause);
            EXPECT_EQ(written.error().stage, Stage::start);
            encounter->peer.room = 1'000'000;
            encounter->peer.writes.clear();
            EXPECT_FALSE(encounter->says("more"));
            EXPECT_FALSE(encounter->client().write_last("QUIT\r\n", no_hurry).run());
            (void)encounter->hears();
            EXPECT_TRUE(encounter->peer.writes.empty());
            EXPECT_LT(encounter->peer.received.size(), body.size());
        }
    }
}

TEST_P(Versions, TheServersLastWordsAreHeardAfterAFailedWrite) {
    const auto encounter = met();
    encounter->peer.says("421 too large\r\n");
    encounter->peer.room = 0;
    ASSERT_FALSE(encounter->says("a long body"));
    EXPECT_EQ(encounter->hears(), "421 too large\r\n");
}

TEST_P(Versions, TheFarewellGoesOutInOnePiece) {
    const auto encounter = met();
    ASSERT_TRUE(encounter->client().write_last("QUIT\r\n", no_hurry).run());
    EXPECT_EQ(encounter->peer.writes.size(), 1U);
    EXPECT_EQ(encounter->peer.received, "QUIT\r\n");
    EXPECT_TRUE(encounter->peer.client_closed);
}

TEST_P(Versions, AFarewellMayBeEmpty) {
    const auto encounter = met();
    ASSERT_TRUE(encounter->client().write_last("", no_hurry).run());
    EXPECT_EQ(encounter->peer.received, "");
    EXPECT_TRUE(encounter->peer.client_closed);
}

TEST_P(Versions, AFarewellThatCannotGoOutFails) {
    const auto encounter = met();
    encounter->peer.room = 3;
    const Result<Done> written = encounter->client().write_last("QUIT\r\n", no_hurry).run();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().cause, Cause::closed);
}

TEST_P(Versions, BytesOneByOne) {
    const auto encounter = met();
    encounter->peer.longest_read = 1;
    const std::string body = bytes_of_every_kind(20'000);
    encounter->peer.says(body);
    std::string heard;
    while (heard.size() < body.size()) {
        const Result<std::string> more = encounter->hears();
        ASSERT_TRUE(more) << more.error().detail;
        heard += *more;
    }
    EXPECT_EQ(heard, body);
}

class Tls13 : public testing::Test {
protected:
    const Identity identity_ = make_identity({});
    const tls::ContextPtr server_ = server_context(identity_);
};

TEST_F(Tls13, KeyUpdatesAreAnswered) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    for (const int kind : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED}) {
        ASSERT_TRUE(met.says("NOOP\r\n"));
        ASSERT_EQ(SSL_key_update(met.peer.ssl(), kind), 1);
        met.peer.says("250 with a new key\r\n");
        EXPECT_EQ(met.hears(), "250 with a new key\r\n");
        met.peer.received.clear();
        ASSERT_TRUE(met.says("RSET\r\n"));
        EXPECT_EQ(met.peer.received, "RSET\r\n");
        EXPECT_EQ(met.peer.trouble, "");
    }
}

// RFC 8446 4.6.3: the answer is due with our next data, not before.
TEST_F(Tls13, AKeyUpdateAloneIsNoTrouble) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("NOOP\r\n"));
    met.peer.received.clear();
    ASSERT_EQ(SSL_key_update(met.peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(met.peer.ssl()), 1);
    const Result<std::string> nothing = met.hears();
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().cause, Cause::timed_out);
    ASSERT_TRUE(met.says("RSET\r\n"));
    EXPECT_EQ(met.peer.received, "RSET\r\n");
    met.peer.says("250 ok\r\n");
    EXPECT_EQ(met.hears(), "250 ok\r\n");
    EXPECT_EQ(met.peer.trouble, "");
}

// RFC 8446 4.4.4: the server judges our side of the handshake when we think it done.
TEST_F(Tls13, ARefusalBehindTheHandshakeBelongsToIt) {
    SSL_CTX_set_verify(server_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    (void)met.says("EHLO me.example\r\n");
    met.peer.hung_up = true;
    const Result<std::string> refused = met.hears();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().stage, Stage::handshake);
    EXPECT_EQ(refused.error().cause, Cause::tls);
    EXPECT_EQ(refused.error().detail,
              "TLS was closed right after the handshake: "
              "the server sent the TLS alert \"unknown\"");
    EXPECT_EQ(met.peer.received, "");
}

// The same from a server that closes before our last flight can be written (port 465).
TEST_F(Tls13, ARefusalIsHeardThoughOurLastFlightCannotBeWritten) {
    SSL_CTX_set_verify(server_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    met.peer.room = 200;
    met.peer.hung_up = true;
    const Result<std::string> refused = met.hears();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().stage, Stage::handshake);
    EXPECT_EQ(refused.error().cause, Cause::tls);
}

// A reset destroys the alert before it; the refusal then looks like a loss.
TEST_F(Tls13, ALossBeforeTheServersJudgementBelongsToTheHandshake) {
    SSL_CTX_set_verify(server_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    for (const std::optional<Cause> end : {std::optional<Cause>(), std::optional(Cause::closed)}) {
        Encounter met(server_.get());
        ASSERT_TRUE(met.handshake());
        ASSERT_TRUE(met.says("EHLO me.example\r\n"));
        met.peer.arriving = 0;
        met.peer.ends_as = end;
        const Result<std::string> refused = met.hears();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().stage, Stage::handshake);
        EXPECT_EQ(refused.error().cause, Cause::tls);
    }
}

// An alert in the middle of the session is a matter of that session.
TEST_F(Tls13, AnAlertBehindTheFirstDataIsNotTheHandshakes) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("EHLO me.example\r\n"));
    met.peer.says("250 ok\r\n");
    EXPECT_EQ(met.hears(), "250 ok\r\n");
    // The server cannot read this, and says so.
    const std::string garbage = std::string("\x17\x03\x03\x00\x13", 5) + "nineteen bytes here";
    ASSERT_TRUE(met.peer.write(garbage, no_hurry).run());
    const Result<std::string> broken = met.hears();
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().stage, Stage::start);
    EXPECT_EQ(broken.error().cause, Cause::tls);
    EXPECT_EQ(broken.error().detail, "TLS error: the server sent the TLS alert \"bad record mac\"");
}

class Tls12 : public Tls13 {
protected:
    Tls12() { SSL_CTX_set_max_proto_version(server_.get(), TLS1_2_VERSION); }
};

TEST_F(Tls12, RenegotiationIsRefused) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("EHLO me.example\r\n"));
    met.peer.says("250 ok\r\n");
    EXPECT_EQ(met.hears(), "250 ok\r\n");
    met.peer.writes.clear();
    ASSERT_EQ(SSL_renegotiate(met.peer.ssl()), 1);
    (void)SSL_do_handshake(met.peer.ssl());
    ASSERT_FALSE(met.hears());
    EXPECT_EQ(met.peer.writes.size(), 1U) << "the alert no_renegotiation";
    EXPECT_THAT(met.peer.trouble, HasSubstr("no renegotiation"));
}

}  // namespace
}  // namespace tern::test
