// How a session ends before MAIL, told by what it was that failed: TLS, STARTTLS, the name.
#include "session/session.hpp"

#include <gmock/gmock.h>

#include <openssl/ssl.h>

#include "base/text.hpp"
#include "conversation/script.hpp"
#include "unit/session/session_table.hpp"

namespace tern::session {
namespace {

using Table = SessionTable;
using test::Certificate;
using test::Peer;
using test::playing;

constexpr Duration for_tls = std::chrono::seconds(100);

Task<Done> agrees_on_tls(Peer& mx, std::string name) {
    co_await greets(mx, "STARTTLS");
    co_await mx.expects("STARTTLS");
    co_await mx.says("220 go ahead");
    co_await mx.starts_tls(std::move(name), Certificate::good);
    co_return Done();
}

/// The name of a server that speaks TLS 1.2 at most.
std::string old_server() {
    static const std::string name = "old.example.net";
    SSL_CTX_set_max_proto_version(test::server_context(name, Certificate::good), TLS1_2_VERSION);
    return name;
}

// ---- TLS that ends before the first reply inside it ----

Task<Done> closes_in_tls(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.hears();
    mx.hangs_up();
    co_return Done();
}
Task<Done> resets_in_tls(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.hears();
    mx.resets();
    co_return Done();
}
Task<Done> mute_in_tls(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.goes_mute();
    co_return Done();
}
Task<Done> leaves_at_once(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    mx.hangs_up();
    co_return Done();
}
Task<Done> renegotiates(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.asks_for_renegotiation();
    co_await mx.hears();
    co_return Done();
}

TEST(SessionTls, EveryEndBeforeTheFirstReplyInsideIsAFailureOfTls) {
    using Ending = Task<Done> (*)(Peer&, std::string);
    for (const Ending ending : {closes_in_tls, resets_in_tls, mute_in_tls, leaves_at_once}) {
        for (const std::string& name : {std::string("mx.example.net"), old_server()}) {
            Table table([&](Peer& mx) { return ending(mx, name); });
            expect_failure(table.open(), Stage::handshake, Cause::tls, "TLS ");
            EXPECT_FALSE(table.session->in_step());
        }
    }
}

TEST(SessionTls, SoIsAnEndAfterAWishToRenegotiate) {
    Table table([](Peer& mx) { return renegotiates(mx, old_server()); });
    expect_failure(table.open(), Stage::handshake, Cause::tls, "TLS with mx.example.net");
}

Task<Done> answers_in_tls_and_closes(Peer& mx) {
    co_await agrees_on_tls(mx, "mx.example.net");
    co_await mx.expects("EHLO me.example");
    co_await mx.says("250 mx.example.net");
    co_await mx.hears();
    mx.hangs_up();
    co_return Done();
}

TEST(SessionTls, AnEndAfterItIsALostConnection) {
    Table table(answers_in_tls_and_closes);
    ASSERT_TRUE(table.open());
    const Result<Done> ended = table.transact();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().stage, Stage::mail) << ended.error().detail;
    EXPECT_FALSE(table.progress.end_of_data_written);
}

TEST(SessionTls, SilenceInsideIsBoundedWithStarttlsAndTheHandshake) {
    Table table([](Peer& mx) { return mute_in_tls(mx, "mx.example.net"); });
    table.options.tls_patience = for_tls;
    expect_failure(table.open(), Stage::handshake, Cause::tls, "timed out after");
    EXPECT_LE(table.took(), for_tls + std::chrono::seconds(5));
}

// ---- STARTTLS ----

/// A server that offers STARTTLS and answers it so.
test::Script hears_starttls(std::string_view answer, std::string_view others = "") {
    return playing(
        concat("S: 220 mx.example.net\n"
               "C: EHLO me.example\n"
               "S: 250-mx.example.net\n",
               others,
               "S: 250 STARTTLS\n"
               "C: STARTTLS\n",
               answer));
}

constexpr auto can_do_more = "S: 250-PIPELINING\nS: 250-CHUNKING\n";

TEST(SessionStartTls, ThatIsNotAnsweredCostsWhatTlsMayCost) {
    Table table(hears_starttls(""));
    table.options.tls_patience = for_tls;
    expect_failure(table.open(), Stage::start_tls, Cause::timed_out,
                   "timed out after 100 seconds waiting for the reply to STARTTLS");
}

TEST(SessionStartTls, ThatIsAnsweredByClosing) {
    Table table(hears_starttls("HANGS UP"));
    expect_failure(table.open(), Stage::start_tls, Cause::closed,
                   "the server closed the connection before the reply to STARTTLS was complete");
}

TEST(SessionStartTls, ThatIsAnsweredWithGarbage) {
    Table table(hears_starttls("S: what?"));
    expect_failure(table.open(), Stage::start_tls, Cause::protocol_error,
                   "invalid reply to STARTTLS: ");
}

TEST(SessionStartTls, ThatIsRefusedBeforeTheServerClosesIsTheTrouble) {
    Table table(hears_starttls(R"(
        S: 454 4.7.0 TLS not available
        C: (anything)
        HANGS UP)", can_do_more));
    ASSERT_TRUE(table.open());
    ASSERT_TRUE(table.session->start_tls_refusal());
    EXPECT_EQ(table.session->start_tls_refusal()->code, 454);
    expect_failure(table.transact(), Stage::start_tls, Cause::closed,
                   "the server refused STARTTLS (454 4.7.0 TLS not available) and then closed the "
                   "connection");
    EXPECT_FALSE(table.progress.end_of_data_written) << "another way must stay open";
}

TEST(SessionStartTls, ThatIsRefusedLeavesASessionInClear) {
    Table table(hears_starttls(R"(
        S: 454 4.7.0 TLS not available
        C: MAIL FROM:<alice@sender.example>
        C: RCPT TO:<bob@example.net>
        S: 250 ok
        S: 250 ok
        C: (last chunk)
        S: 250 taken)", can_do_more));
    EXPECT_TRUE(table.deliver());
    EXPECT_EQ(table.trouble(), "");
}

// ---- EHLO ----

TEST(SessionHello, ARefusedEhloIsTheReasonHoweverHeloEnds) {
    for (const char* then : {"HANGS UP", "MUTE", "C: HELO me.example\nS: 503 not now",
                             "C: HELO me.example\nS: 354 go on"}) {
        Table table(
            playing(concat("S: 220 mx.example.net\n"
                           "C: EHLO me.example\n"
                           "S: 554 5.7.1 bad reputation\n",
                           then)));
        expect_failure(table.open(), Stage::hello, Cause::rejected, "554 5.7.1 bad reputation");
    }
}

TEST(SessionHello, AnInvalidReplyIsKeptBesideTheSentence) {
    Table table(playing("S: 220 mx.example.net\nC: EHLO me.example\nS: 354 go on"));
    const Result<Done> ended = table.open();
    expect_failure(ended, Stage::hello, Cause::protocol_error, "the server replied 354 to EHLO");
    EXPECT_EQ(ended.error().reply, (Reply{354, "354 go on\n"}));
}

}  // namespace
}  // namespace tern::session
