// AUTH as a conversation: what is said, and that nothing of it comes back.
#include "session/authenticate.hpp"

#include <gmock/gmock.h>

#include "sasl/base64.hpp"
#include "support/peer.hpp"
#include "support/simulation.hpp"
#include "support/wire.hpp"

namespace tern::session {
namespace {

using test::Peer;
using test::Side;
using test::Simulation;
using test::Wire;
using test::WireEnd;
using testing::HasSubstr;
using testing::Not;

constexpr Duration patience = std::chrono::seconds(30);

class Counting final : public Random {
public:
    std::uint32_t below(std::uint32_t bound) override { return next_++ % bound; }

private:
    std::uint32_t next_ = 0;
};

/// A login at a scripted server: user tim, password tanstaaftanstaaf unless told otherwise.
class Table {
public:
    explicit Table(test::Script script)
        : simulation_(1),
          wire_(std::make_shared<Wire>(simulation_, test::WireTemper())),
          end_(std::make_unique<WireEnd>(wire_, Side::client)),
          chat(simulation_, *end_, patience),
          peer_(simulation_, wire_, "server"),
          server_(script(peer_)) {
        server_.start();
    }
    ~Table() {
        end_.reset();
        simulation_.cancel_all_waits();
        while (simulation_.step()) {}
        EXPECT_TRUE(server_.finished());
    }

    Result<Done> login(std::string_view offered) {
        Login login(chat, offered, credentials, circumstances, private_line, random_,
                    order.empty() ? sasl::usual_order() : std::span(std::as_const(order)));
        Task<Done> task = login.run();
        task.start();
        while (!task.finished() && simulation_.step()) {}
        EXPECT_TRUE(task.finished());
        return task.take();
    }
    [[nodiscard]] const std::string& written() const { return wire_->written_by(Side::client); }

private:
    Simulation simulation_;
    std::shared_ptr<Wire> wire_;
    std::unique_ptr<WireEnd> end_;

public:
    Chat chat;
    sasl::Credentials credentials = sasl::credentials_of_route("tim", "tanstaaftanstaaf");
    sasl::Circumstances circumstances;
    bool private_line = true;
    std::vector<sasl::Mechanism> order;  ///< empty: the usual one

private:
    Counting random_;
    Peer peer_;
    Task<Done> server_;
};

/// Fails as it should and tells no credential.
void expect_refusal(const Result<Done>& result, Cause cause, const std::string& words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().stage, Stage::auth);
    EXPECT_EQ(result.error().cause, cause) << result.error().detail;
    EXPECT_THAT(result.error().detail, HasSubstr(words));
    EXPECT_THAT(result.error().detail, Not(HasSubstr("tanstaaf")));
    EXPECT_THAT(result.error().detail, Not(HasSubstr("dGFuc3RhYWZ0YW5zdGFhZg")));
    EXPECT_THAT(result.error().detail, Not(HasSubstr("AHRpbQB0YW5zdGFhZnRhbnN0YWFm")));
}

Task<Done> takes_plain(Peer& relay) {
    co_await relay.expects("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    co_await relay.says("235 2.7.0 welcome");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, PlainInOneStep) {
    Table table(takes_plain);
    const Result<Done> result = table.login("LOGIN plain");
    EXPECT_TRUE(result) << result.error().detail;
    EXPECT_TRUE(table.chat.in_step());
}

Task<Done> asks_for_login(Peer& relay) {
    co_await relay.expects("AUTH LOGIN");
    co_await relay.says("334 VXNlcm5hbWU6");
    co_await relay.expects("dGlt");
    co_await relay.says("334 UGFzc3dvcmQ6");
    co_await relay.expects("dGFuc3RhYWZ0YW5zdGFhZg==");
    co_await relay.says("235 welcome");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, LoginInTwo) {
    Table table(asks_for_login);
    EXPECT_TRUE(table.login("LOGIN"));
}

Task<Done> challenges(Peer& relay) {
    co_await relay.expects("AUTH CRAM-MD5");
    co_await relay.says("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
    co_await relay.expects("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
    co_await relay.says("235 welcome");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, CramMd5) {
    Table table(challenges);
    EXPECT_TRUE(table.login("PLAIN CRAM-MD5"));
}

/// What a message of SCRAM is on the wire.
std::string coded(const std::string& bytes) {
    return std::string(sasl::to_base64(bytes).reveal());
}

constexpr auto nonce = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";

Task<Done> claims_success(Peer& relay) {
    co_await relay.expects("AUTH SCRAM-SHA-256 " + coded(std::string("n,,n=tim,r=") + nonce));
    co_await relay.says("334 " + coded(std::string("r=") + nonce + "more,s=c2FsdA==,i=4096"));
    co_await relay.hears();
    co_await relay.says("235 welcome");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, AServerThatProvesNothingIsNotBelieved) {
    Table table(claims_success);
    expect_refusal(table.login("SCRAM-SHA-256 PLAIN"), Cause::auth_refused, "without proving");
}

Task<Done> lies(Peer& relay) {
    co_await relay.hears();
    co_await relay.says("334 " + coded(std::string("r=") + nonce + "more,s=c2FsdA==,i=4096"));
    co_await relay.hears();
    co_await relay.says("334 " + coded("v=AAAA"));
    co_await relay.expects("*");
    co_await relay.says("501 cancelled");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, AWrongProofCancels) {
    Table table(lies);
    expect_refusal(table.login("SCRAM-SHA-256"), Cause::auth_refused, "did not prove");
    EXPECT_TRUE(table.chat.in_step());
}

Task<Done> refuses(Peer& relay, std::string mechanism, std::string first_words) {
    co_await relay.expects("AUTH " + mechanism + " " + coded(first_words));
    co_await relay.says("535 no");
    co_await relay.goes_mute();
    co_return Done();
}

Task<Done> hears_the_binding(Peer& relay) {
    return refuses(relay, "SCRAM-SHA-256-PLUS", std::string("p=tls-exporter,,n=tim,r=") + nonce);
}

TEST(Authenticate, BindsWhereItCan) {
    Table table(hears_the_binding);
    table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
    expect_refusal(table.login("SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), Cause::auth_refused,
                   "refused our user name and password (AUTH SCRAM-SHA-256-PLUS)\n535 no\n");
}

// RFC 5802 6: "y,," before n=tim, by which a server that binds notices that its offer was taken
// away. Who sits between may put any name in its place: only one that we speak changes the answer.
Task<Done> hears_that_it_could_have_bound(Peer& relay) {
    return refuses(relay, "SCRAM-SHA-256", std::string("y,,n=tim,r=") + nonce);
}

TEST(Authenticate, ABindingOfAnotherNameHidesNoAttack) {
    for (const char* offered : {"SCRAM-SHA-512 SCRAM-SHA-256", "SCRAM-SHA-512-PLUS SCRAM-SHA-256",
                                "SCRAM-SHA-256 X-PLUS"}) {
        Table table(hears_that_it_could_have_bound);
        table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
        expect_refusal(table.login(offered), Cause::auth_refused, "refused");
    }
}

// Where the operator's order rules the binding out, "y" would say that the server offers none.
Task<Done> hears_that_it_does_not_bind(Peer& relay) {
    return refuses(relay, "SCRAM-SHA-256", std::string("n,,n=tim,r=") + nonce);
}

TEST(Authenticate, AnOrderWithoutBindingIsNoAttack) {
    Table table(hears_that_it_does_not_bind);
    table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
    table.order = {sasl::Mechanism::scram_sha_256};
    expect_refusal(table.login("SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), Cause::auth_refused, "refused");
}

// The offer to bind that is taken back with 504 may be the work of somebody in the middle.
Task<Done> takes_its_binding_back(Peer& relay) {
    co_await relay.hears();
    co_await relay.says("504 5.5.4 unrecognized authentication type");
    constexpr auto next_nonce = "ghijklmnopqrstuvwxyz0123456789+/";
    co_await relay.expects("AUTH SCRAM-SHA-256 " + coded(std::string("y,,n=tim,r=") + next_nonce));
    co_await relay.says("535 no");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, ABindingThatIsTakenBackIsTold) {
    Table table(takes_its_binding_back);
    table.circumstances.binding = ChannelBinding{"tls-exporter", "data"};
    expect_refusal(table.login("SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), Cause::auth_refused,
                   "refused our user name and password (AUTH SCRAM-SHA-256)");
}

Task<Done> knows_no_mechanism(Peer& relay) {
    co_await relay.expects("AUTH CRAM-MD5");
    co_await relay.says("504 5.5.4 unrecognized authentication type");
    co_await relay.expects("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    co_await relay.says("502 5.5.1 what is AHRpbQB0YW5zdGFhZnRhbnN0YWFm?");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, MechanismsThatAreNotAcceptedAreNotAWrongPassword) {
    Table table(knows_no_mechanism);
    expect_refusal(table.login("PLAIN CRAM-MD5"), Cause::auth_no_mechanism,
                   "the server offers PLAIN CRAM-MD5 but does not accept CRAM-MD5, PLAIN; its "
                   "reply repeats our credentials");
    EXPECT_TRUE(table.chat.in_step());
}

Task<Done> refuses_the_first(Peer& relay) {
    co_await relay.expects("AUTH LOGIN");
    co_await relay.says("534 5.7.9 too weak");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, AnyOtherRefusalEndsIt) {
    Table table(refuses_the_first);
    table.order = {sasl::Mechanism::login, sasl::Mechanism::plain};
    expect_refusal(table.login("PLAIN LOGIN CRAM-MD5"), Cause::auth_refused,
                   "the server requires a stronger mechanism than LOGIN\n534 5.7.9 too weak\n");
}

// RFC 4954 4: no command longer than 512 octets.
std::string long_token() { return std::string(600, 't'); }

Task<Done> takes_a_long_token(Peer& relay) {
    co_await relay.expects("AUTH XOAUTH2");
    co_await relay.says("334 go on, please");
    co_await relay.expects(coded("user=tim\1auth=Bearer " + long_token() + "\1\1"));
    co_await relay.says("235 welcome");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, ALongResponseWaits) {
    Table table(takes_a_long_token);
    table.credentials = sasl::credentials_of_route("tim", "token:/run/token");
    table.credentials.secret = Secret(long_token());
    const Result<Done> result = table.login("XOAUTH2 PLAIN");
    EXPECT_TRUE(result) << result.error().detail;
}

Task<Done> refuses_the_token(Peer& relay) {
    co_await relay.hears();
    co_await relay.says("334 " + coded("{\"status\":\"invalid_token\"}"));
    co_await relay.expects("AQ==");
    co_await relay.says("535 5.7.8 no");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, TellsWhyATokenIsRefused) {
    Table table(refuses_the_token);
    table.credentials = sasl::credentials_of_route("tim", "token:/run/token");
    table.credentials.secret = Secret("tanstaaftanstaaf");
    expect_refusal(table.login("OAUTHBEARER"), Cause::auth_refused,
                   "refused our access token (AUTH OAUTHBEARER), because of "
                   "{\"status\":\"invalid_token\"}\n535 5.7.8 no\n");
}

/// A server that answers AUTH with these words and then says no more.
template <const auto& words>
Task<Done> answers(Peer& relay) {
    co_await relay.hears();
    co_await relay.says(words);
    co_await relay.goes_mute();
    co_return Done();
}

constexpr char refusal[] = "535 5.7.8 authentication failed";
constexpr char later[] = "454 4.7.0 later";
constexpr char closing[] = "421 closing, not for AHRpbQB0YW5zdGFhZnRhbnN0YWFm";
constexpr char echo[] = "535 I do not like AHRpbQB0YW5zdGFhZnRhbnN0YWFm";
constexpr char echo_of_a_part[] = "535 I do not like 0YW5zdGFhZnRhbn";
constexpr char echo_in_capitals[] = "535 NO SUCH THING AS AHRPBQB0YW5ZDGFHZNRHBNN0YWFM";
constexpr char echo_decoded[] = "535 tim, tanstaaftanstaaf does not open";
constexpr char echo_over_lines[] = "535-AHRpbQB0Y\n535 W5zdGFhZnRhbnN0YWFm";
constexpr char echo_raving[] = "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm";
constexpr char odd[] = "354 go ahead";

TEST(Authenticate, ARefusalIsToldWithTheServersWords) {
    Table table(answers<refusal>);
    const Result<Done> result = table.login("PLAIN");
    expect_refusal(result, Cause::auth_refused,
                   "the server refused our user name and password (AUTH PLAIN)\n"
                   "535 5.7.8 authentication failed\n");
    EXPECT_EQ(result.error().code, 535);
    EXPECT_TRUE(table.chat.in_step());
}

TEST(Authenticate, ForNow) {
    Table table(answers<later>);
    expect_refusal(table.login("PLAIN"), Cause::auth_refused,
                   "temporarily unable to check our user name and password (AUTH PLAIN)\n"
                   "454 4.7.0");
}

TEST(Authenticate, ClosingIsTheServersOwnNo) {
    Table table(answers<closing>);
    const Result<Done> result = table.login("PLAIN");
    expect_refusal(result, Cause::rejected, "421");
    EXPECT_EQ(result.error().code, 421);
}

TEST(Authenticate, WhatIsNoAnswer) {
    Table table(answers<odd>);
    expect_refusal(table.login("PLAIN"), Cause::protocol_error, "354");
    EXPECT_FALSE(table.chat.in_step());
}

TEST(Authenticate, NothingOfOursComesBack) {
    for (const test::Script& script :
         {test::Script(answers<echo>), test::Script(answers<echo_of_a_part>),
          test::Script(answers<echo_in_capitals>), test::Script(answers<echo_decoded>),
          test::Script(answers<echo_over_lines>)}) {
        Table table(script);
        const Result<Done> result = table.login("PLAIN");
        expect_refusal(result, Cause::auth_refused, "repeats our credentials and is left out");
        EXPECT_THAT(result.error().detail, Not(HasSubstr("\n")));
    }
    Table table(answers<echo_raving>);
    expect_refusal(table.login("PLAIN"), Cause::protocol_error, "repeats our credentials");
}

Task<Done> challenges_with_nonsense(Peer& relay) {
    co_await relay.expects("AUTH CRAM-MD5");
    co_await relay.says("334 no base64!");
    co_await relay.expects("*");
    co_await relay.says("501 cancelled");
    co_await relay.goes_mute();
    co_return Done();
}

TEST(Authenticate, ChallengesAreBase64) {
    Table table(challenges_with_nonsense);
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
