// AUTH as a conversation: what is said, and that nothing of it comes back.
#include "session/authenticate.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "sasl/base64.hpp"
#include "unit/session/chat_table.hpp"

namespace tern::session {
namespace {

using test::Peer;
using test::playing;
using testing::HasSubstr;
using testing::Not;

class Counting final : public Random {
public:
    std::uint32_t below(std::uint32_t bound) override { return next_++ % bound; }

private:
    std::uint32_t next_ = 0;
};

/// A login at a scripted server: user tim, password tanstaaftanstaaf unless told otherwise.
class Table : public ChatTable {
public:
    using ChatTable::ChatTable;

    Result<Done> login(std::string_view offered) {
        Login login(chat, offered, credentials, circumstances, private_line, random_,
                    order.empty() ? sasl::usual_order() : std::span(std::as_const(order)));
        return run(login.run(), Duration::max());
    }

    sasl::Credentials credentials = sasl::credentials_of_route("tim", "tanstaaftanstaaf");
    sasl::Circumstances circumstances;
    bool private_line = true;
    std::vector<sasl::Mechanism> order;  ///< empty: the usual one

private:
    Counting random_;
};

/// Fails as it should and tells no credential.
void expect_refusal(const Result<Done>& result, Cause cause, const std::string& words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().stage, Stage::auth);
    EXPECT_EQ(result.error().cause, cause) << result.error().detail;
    std::string told = result.error().detail;
    if (result.error().reply) told += "\n" + result.error().reply->text;
    EXPECT_THAT(told, HasSubstr(words));
    EXPECT_THAT(told, Not(HasSubstr("tanstaaf")));
    EXPECT_THAT(told, Not(HasSubstr("dGFuc3RhYWZ0YW5zdGFhZg")));
    EXPECT_THAT(told, Not(HasSubstr("AHRpbQB0YW5zdGFhZnRhbnN0YWFm")));
}

TEST(Authenticate, PlainInOneStep) {
    Table table(playing(R"(
        C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
        S: 235 2.7.0 welcome)"));
    const Result<Done> result = table.login("LOGIN plain");
    EXPECT_TRUE(result) << result.error().detail;
    EXPECT_TRUE(table.chat.in_step());
}

TEST(Authenticate, LoginInTwo) {
    Table table(playing(R"(
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: dGlt
        S: 334 UGFzc3dvcmQ6
        C: dGFuc3RhYWZ0YW5zdGFhZg==
        S: 235 welcome)"));
    EXPECT_TRUE(table.login("LOGIN"));
}

TEST(Authenticate, CramMd5) {
    Table table(playing(R"(
        C: AUTH CRAM-MD5
        S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: 235 welcome)"));
    EXPECT_TRUE(table.login("PLAIN CRAM-MD5"));
}

/// What a message of SCRAM is on the wire.
std::string coded(const std::string& bytes) {
    return std::string(sasl::to_base64(bytes).reveal());
}

constexpr auto nonce = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
std::string server_first() {
    return coded(concat("r=", nonce, "more,s=c2FsdA==,i=4096"));
}

TEST(Authenticate, AServerThatProvesNothingIsNotBelieved) {
    Table table(playing(concat("C: AUTH SCRAM-SHA-256 ", coded(concat("n,,n=tim,r=", nonce)),
                               "\nS: 334 ", server_first(),
                               "\nC: (anything)"
                               "\nS: 235 welcome")));
    expect_refusal(table.login("SCRAM-SHA-256 PLAIN"), Cause::auth_refused, "without proving");
}

TEST(Authenticate, AWrongProofCancels) {
    Table table(
        playing(concat("C: (anything)"
                       "\nS: 334 ",
                       server_first(),
                       "\nC: (anything)"
                       "\nS: 334 ",
                       coded("v=AAAA"),
                       "\nC: *"
                       "\nS: 501 cancelled")));
    expect_refusal(table.login("SCRAM-SHA-256"), Cause::auth_refused, "did not prove");
    EXPECT_TRUE(table.chat.in_step());
}

test::Script refuses(std::string_view mechanism, std::string_view binding) {
    return playing(concat("C: AUTH ", mechanism, " ", coded(concat(binding, "n=tim,r=", nonce)),
                          "\nS: 535 no"));
}

TEST(Authenticate, BindsWhereItCan) {
    Table table(refuses("SCRAM-SHA-256-PLUS", "p=tls-exporter,,"));
    table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
    expect_refusal(table.login("SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), Cause::auth_refused,
                   "refused our user name and password (AUTH SCRAM-SHA-256-PLUS)\n535 no\n");
}

// RFC 5802 6: "y,," before n=tim, by which a server that binds notices that its offer was taken
// away. Who sits between may put any name in its place: only one that we speak changes the answer.
TEST(Authenticate, ABindingOfAnotherNameHidesNoAttack) {
    for (const char* offered : {"SCRAM-SHA-512 SCRAM-SHA-256", "SCRAM-SHA-512-PLUS SCRAM-SHA-256",
                                "SCRAM-SHA-256 X-PLUS"}) {
        Table table(refuses("SCRAM-SHA-256", "y,,"));
        table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
        expect_refusal(table.login(offered), Cause::auth_refused, "refused");
    }
}

// Where the operator's order rules the binding out, "y" would say that the server offers none.
TEST(Authenticate, AnOrderWithoutBindingIsNoAttack) {
    Table table(refuses("SCRAM-SHA-256", "n,,"));
    table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
    table.order = {sasl::Mechanism::scram_sha_256};
    expect_refusal(table.login("SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), Cause::auth_refused, "refused");
}

// The offer to bind that is taken back with 504 may be the work of somebody in the middle.
TEST(Authenticate, ABindingThatIsTakenBackIsTold) {
    constexpr auto next_nonce = "ghijklmnopqrstuvwxyz0123456789+/";
    Table table(
        playing(concat("C: (anything)"
                       "\nS: 504 5.5.4 unrecognized authentication type"
                       "\nC: AUTH SCRAM-SHA-256 ",
                       coded(concat("y,,n=tim,r=", next_nonce)), "\nS: 535 no")));
    table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
    expect_refusal(table.login("SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), Cause::auth_refused,
                   "refused our user name and password (AUTH SCRAM-SHA-256)");
}

TEST(Authenticate, MechanismsThatAreNotAcceptedAreNotAWrongPassword) {
    Table table(playing(R"(
        C: AUTH CRAM-MD5
        S: 504 5.5.4 unrecognized authentication type
        C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
        S: 502 5.5.1 what is AHRpbQB0YW5zdGFhZnRhbnN0YWFm?)"));
    expect_refusal(table.login("PLAIN CRAM-MD5"), Cause::auth_no_mechanism,
                   "the server offers PLAIN CRAM-MD5 but does not accept CRAM-MD5, PLAIN; its "
                   "reply repeats our credentials");
    EXPECT_TRUE(table.chat.in_step());
}

TEST(Authenticate, AnyOtherRefusalEndsIt) {
    Table table(playing(R"(
        C: AUTH LOGIN
        S: 534 5.7.9 too weak)"));
    table.order = {sasl::Mechanism::login, sasl::Mechanism::plain};
    expect_refusal(table.login("PLAIN LOGIN CRAM-MD5"), Cause::auth_refused,
                   "the server requires a stronger mechanism than LOGIN\n534 5.7.9 too weak\n");
}

// RFC 4954 4: no command longer than 512 octets.
std::string long_token() { return std::string(600, 't'); }

TEST(Authenticate, ALongResponseWaits) {
    Table table(playing(
        concat("C: AUTH XOAUTH2"
               "\nS: 334 go on, please"
               "\nC: ",
               coded("user=tim\1auth=Bearer " + long_token() + "\1\1"), "\nS: 235 welcome")));
    table.credentials = sasl::credentials_of_route("tim", "token:/run/token");
    table.credentials.secret = Secret(long_token());
    const Result<Done> result = table.login("XOAUTH2 PLAIN");
    EXPECT_TRUE(result) << result.error().detail;
}

TEST(Authenticate, TellsWhyATokenIsRefused) {
    Table table(
        playing(concat("C: (anything)"
                       "\nS: 334 ",
                       coded("{\"status\":\"invalid_token\"}"),
                       "\nC: AQ=="
                       "\nS: 535 5.7.8 no")));
    table.credentials = sasl::credentials_of_route("tim", "token:/run/token");
    table.credentials.secret = Secret("tanstaaftanstaaf");
    expect_refusal(table.login("OAUTHBEARER"), Cause::auth_refused,
                   "refused our access token (AUTH OAUTHBEARER), because of "
                   "{\"status\":\"invalid_token\"}\n535 5.7.8 no\n");
}

/// A server that answers AUTH with these words and then says no more.
test::Script answers(std::string_view words) {
    return playing(concat("C: (anything)\nS: ", words));
}

TEST(Authenticate, ARefusalIsToldWithTheServersWords) {
    Table table(answers("535 5.7.8 authentication failed"));
    const Result<Done> result = table.login("PLAIN");
    expect_refusal(result, Cause::auth_refused,
                   "the server refused our user name and password (AUTH PLAIN)\n"
                   "535 5.7.8 authentication failed\n");
    EXPECT_EQ(result.error().code(), 535);
    EXPECT_TRUE(table.chat.in_step());
}

TEST(Authenticate, ForNow) {
    Table table(answers("454 4.7.0 later"));
    expect_refusal(table.login("PLAIN"), Cause::auth_refused,
                   "temporarily unable to check our user name and password (AUTH PLAIN)\n"
                   "454 4.7.0");
}

TEST(Authenticate, ClosingIsTheServersOwnNo) {
    Table table(answers("421 closing, not for AHRpbQB0YW5zdGFhZnRhbnN0YWFm"));
    const Result<Done> result = table.login("PLAIN");
    expect_refusal(result, Cause::rejected, "421");
    EXPECT_EQ(result.error().code(), 421);
}

TEST(Authenticate, WhatIsNoAnswer) {
    Table table(answers("354 go ahead"));
    expect_refusal(table.login("PLAIN"), Cause::protocol_error, "354");
    EXPECT_FALSE(table.chat.in_step());
}

TEST(Authenticate, NothingOfOursComesBack) {
    for (const char* reply : {"535 I do not like AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
                              "535 I do not like 0YW5zdGFhZnRhbn",
                              "535 NO SUCH THING AS AHRPBQB0YW5ZDGFHZNRHBNN0YWFM",
                              "535 tim, tanstaaftanstaaf does not open",
                              "535-AHRpbQB0Y\nS: 535 W5zdGFhZnRhbnN0YWFm"}) {
        Table table(answers(reply));
        const Result<Done> result = table.login("PLAIN");
        expect_refusal(result, Cause::auth_refused, "repeats our credentials and is left out");
        EXPECT_THAT(result.error().detail, Not(HasSubstr("\n")));
        EXPECT_THAT(result.error().reply->text, testing::AnyOf("535 \n", "535-\n535 \n"));
    }
    Table table(answers("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm"));
    expect_refusal(table.login("PLAIN"), Cause::protocol_error, "repeats our credentials");
}

TEST(Authenticate, NothingOfOursComesBackWithAnAnnouncedEnd) {
    Table table(playing(R"(
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        S: 421 closing, not for tanstaaftanstaaf)"));
    const Result<Done> result = table.login("LOGIN");
    expect_refusal(result, Cause::rejected, "with a reply that repeats our credentials");
    EXPECT_EQ(result.error().reply, (Reply{421, ""}));
}

// SECURITY.md: of a line that repeats a secret the codes stay, and the other lines stay whole.
TEST(Authenticate, OnlyWhatRepeatsASecretIsLeftOut) {
    struct Row {
        std::string_view secret;
        std::string_view reply;
        std::string_view left;
    };
    for (const Row& row :
         {Row{"password", "535 5.7.8 no\n", "535 5.7.8 no\n"},
          Row{"password", "535 5.7.8 wrong Password\n", "535 5.7.8\n"},
          Row{"password", "535-5.7.8 wrong pass word\n535 5.7.8 see help\n",
              "535-5.7.8\n535 5.7.8 see help\n"},
          Row{"password", "535-see pass\n535 word\n", "535-\n535 \n"},
          Row{"password", "535 password", "535 \n"},
          Row{"password", "535 5.7.8password\n", "535 \n"},
          Row{"password", "535 5.7.8.password\n", "535 \n"},
          Row{"password", "535\n", "535\n"},
          Row{"535", "535 5.7.8 no\n", ""},
          Row{"5.7.8", "535 5.7.8 no\n", ""}}) {
        const Secret secret(row.secret);
        EXPECT_EQ(leave_out(row.reply, std::span(&secret, 1)), row.left) << row.reply;
    }
}

TEST(Authenticate, ChallengesAreBase64) {
    Table table(playing(R"(
        C: AUTH CRAM-MD5
        S: 334 no base64!
        C: *
        S: 501 cancelled)"));
    expect_refusal(table.login("CRAM-MD5"), Cause::auth_refused, "is not base64");
    EXPECT_TRUE(table.chat.in_step());
}

Task<Done> asks_without_end(Peer& relay) {
    co_await relay.hears();
    for (;;) {
        co_await relay.says("334 " + coded(std::string(12000, 'x')));
        co_await relay.hears();
    }
}

TEST(Authenticate, AServerThatNeverEndsIsCutOff) {
    for (const char* offered : {"LOGIN", "CRAM-MD5", "PLAIN", "SCRAM-SHA-256"}) {
        Table table(asks_without_end);
        const Result<Done> result = table.login(offered);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().cause, Cause::auth_refused);
        EXPECT_LT(table.written().size(), 500U);
    }
}

Task<Done> says_nothing(Peer& relay) {
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, WhereItCannotBeDoneNothingIsSaid) {
    Table table(says_nothing);
    expect_refusal(table.login(""), Cause::auth_missing, "does not offer AUTH");
    expect_refusal(table.login("GSSAPI NTLM"), Cause::auth_no_mechanism, "(GSSAPI NTLM)");
    table.order = {sasl::Mechanism::xoauth2, sasl::Mechanism::scram_sha_256};
    expect_refusal(table.login("PLAIN LOGIN"), Cause::auth_no_mechanism,
                   "control/authmechanisms allows none of the mechanisms that the server offers "
                   "(PLAIN LOGIN)");
    table.private_line = false;
    for (const char* offered : {"", "PLAIN", "SCRAM-SHA-256"})
        expect_refusal(table.login(offered), Cause::auth_in_clear, "are never sent without");
    table.private_line = true;
    table.credentials.secret = Secret("tanstaaf\n");
    expect_refusal(table.login("PLAIN"), Cause::control_file, "control characters");
    EXPECT_EQ(table.written(), "");
}

TEST(Authenticate, ASilentServerIsNotWaitedForWithoutEnd) {
    Table table(says_nothing);
    expect_refusal(table.login("PLAIN"), Cause::timed_out,
                   "timed out after 30 seconds waiting for the reply to AUTH");
}

}  // namespace
}  // namespace tern::session
