// Sessions as they go over the wire: who says what, and what the log and the counts say of it.
#include "sink/conversation.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "talk.hpp"

namespace tern::sink {
namespace {

using test::Logged;
using test::Talk;
using test::usual_settings;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Conversation, TakesAMessage) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_EQ(talk.greeting, "220 mx.example ESMTP tern-sink\r\n");
    EXPECT_EQ(talk.say("EHLO me.example"),
              "250-mx.example at your service, me.example\r\n"
              "250-STARTTLS\r\n"
              "250-PIPELINING\r\n"
              "250-CHUNKING\r\n"
              "250-SIZE 1073741824\r\n"
              "250-8BITMIME\r\n"
              "250-SMTPUTF8\r\n"
              "250 ENHANCEDSTATUSCODES");
    EXPECT_EQ(talk.say("MAIL FROM:<a@b.example> SIZE=20 BODY=8BITMIME"), "250 2.1.0 sender taken");
    EXPECT_EQ(talk.say("RCPT TO:<c@d.example>"), "250 2.1.5 recipient taken");
    EXPECT_EQ(talk.say("RCPT TO:<e@d.example>"), "250 2.1.5 recipient taken");
    EXPECT_EQ(talk.say("DATA"), "354 go on, end with a dot");
    EXPECT_EQ(talk.send("Subject: x\r\n\r\n..\r\n.\r\n"), "250 2.0.0 message taken\r\n");
    EXPECT_EQ(talk.say("QUIT"), "221 2.0.0 good bye");
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::close);

    EXPECT_THAT(logged.log(), HasSubstr(R"("sender":{"address":"a@b.example","parameters":)"
                                        R"({"SIZE":"20","BODY":"8BITMIME"}})"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("address":"e@d.example")"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("body":"Subject: x\r\n\r\n.\r\n")"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("dots_removed":1)"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("extensions_used":["SIZE","8BITMIME"])"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("tls":null)"));
    EXPECT_EQ(logged.faults(), 0U);
}

TEST(Conversation, TakesAMessageInOneFlight) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    EXPECT_EQ(talk.send("MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 4\r\na\r\n.BDAT 5 LAST\r\n\r\nb\r\n"
                        "RSET\r\n"),
              "250 2.1.0 sender taken\r\n250 2.1.5 recipient taken\r\n250 2.0.0 chunk taken\r\n"
              "250 2.0.0 message taken\r\n250 2.0.0 forgotten\r\n");
    EXPECT_THAT(logged.log(), HasSubstr(R"("body":"a\r\n.\r\nb\r\n")"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("transfer":"BDAT","chunks":2,"waits":2)"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("extensions_used":["PIPELINING","CHUNKING"])"));
}

TEST(Conversation, TakesAnEmptyLastChunk) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    talk.send("MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\na\r\n");
    EXPECT_EQ(talk.say("BDAT 0 LAST"), "250 2.0.0 message taken");
    EXPECT_EQ(logged.faults(), 0U);
}

// However the bytes are divided, the replies are the same.
TEST(Conversation, DoesNotCareHowBytesAreDivided) {
    const Settings settings = usual_settings();
    const std::string script =
        "EHLO me.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n"
        "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 5 LAST\r\nx\r\ny\nFOO\r\nMAIL FROM:<\r\n"
        "RCPT TO:<c@d>\r\nNOOP\r\nQUIT\r\n";
    std::string whole;
    for (const std::size_t size : {script.size(), std::size_t(1), std::size_t(7)}) {
        Logged logged;
        Talk talk(settings, logged);
        std::string replies;
        for (std::size_t at = 0; at < script.size(); at += size)
            replies += talk.send(std::string_view(script).substr(at, size));
        if (whole.empty()) whole = replies;
        EXPECT_EQ(replies, whole) << size;
    }
    EXPECT_THAT(whole, EndsWith("221 2.0.0 good bye\r\n"));
}

TEST(Conversation, BlamesWhatIsOutOfOrder) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_THAT(talk.say("MAIL FROM:<>"), StartsWith("503"));
    talk.say("EHLO me.example");
    EXPECT_THAT(talk.say("RCPT TO:<a@b>"), StartsWith("503"));
    EXPECT_THAT(talk.say("DATA"), StartsWith("503"));
    EXPECT_THAT(talk.say("BDAT 0 LAST"), StartsWith("503"));
    EXPECT_THAT(talk.say("AUTH PLAIN"), StartsWith("502"));
    talk.say("MAIL FROM:<>");
    EXPECT_THAT(talk.say("MAIL FROM:<>"), StartsWith("503"));
    EXPECT_EQ(logged.times(Violation::out_of_order), 6U);
}

// RFC 2920 3.1: after a refused MAIL the rest of the group arrives all the same.
TEST(Conversation, DoesNotBlameAGroupWhoseMailWasRefused) {
    Settings settings = usual_settings();
    settings.script[static_cast<std::size_t>(Stage::mail)].push_back(
        {ScriptedReply::Kind::words, 451, "4.3.0 later"});
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    EXPECT_EQ(talk.send("MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
              "451 4.3.0 later\r\n503 5.5.1 RCPT comes after MAIL\r\n"
              "554 5.5.1 there are no recipients\r\n");
    EXPECT_EQ(logged.faults(), 0U);
}

TEST(Conversation, ReadsAChunkThatItDoesNotWant) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    EXPECT_EQ(talk.send("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"),
              "503 5.5.1 there are no recipients\r\n250 2.0.0 done nothing\r\n");
}

TEST(Conversation, BlamesBytesThatDidNotAwaitAReply) {
    Settings settings = usual_settings();
    settings.offered.set(Extension::pipelining, false);
    Logged logged;
    Talk talk(settings, logged);
    talk.send("EHLO me.example\r\nNOOP\r\n");
    EXPECT_EQ(logged.times(Violation::ahead), 1U);
    talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
    EXPECT_EQ(logged.times(Violation::ahead), 2U);
    talk.send("DATA\r\nand on it goes\r\n.\r\n");
    EXPECT_EQ(logged.times(Violation::ahead), 3U);
}

TEST(Conversation, ForgetsWhatCameInClearBehindStarttls) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    EXPECT_EQ(talk.send("STARTTLS\r\nMAIL FROM:<evil@example>\r\n"), "220 2.0.0 go ahead\r\n");
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::tls);
    EXPECT_EQ(logged.times(Violation::clear_after_tls), 1U);
    talk.conversation.tls_began(TlsFacts());
    EXPECT_EQ(talk.say("MAIL FROM:<>"), "503 MAIL comes after EHLO, once");
    EXPECT_THAT(talk.say("EHLO me.example"), Not(HasSubstr("STARTTLS")));
    EXPECT_THAT(talk.say("STARTTLS"), StartsWith("503"));
}

TEST(Conversation, BlamesBareNewlinesInCommands) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_THAT(talk.send("EHLO me.example\n"), StartsWith("250-"));
    EXPECT_EQ(logged.times(Violation::bare_lf), 1U);
    EXPECT_THAT(talk.send("NOOP\rQUIT\r\n"), StartsWith("500"));
    EXPECT_EQ(logged.times(Violation::bare_cr), 1U);
}

TEST(Conversation, BoundsALine) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_THAT(talk.say("NOOP " + std::string(12000, 'x')), StartsWith("250"));
    EXPECT_THAT(talk.say("NOOP " + std::string(13000, 'x')), StartsWith("500"));
    EXPECT_THAT(talk.say("NOOP"), StartsWith("250"));
    EXPECT_THAT(talk.send(std::string((1 << 20) + 1, 'x')), StartsWith("421"));
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::close);
}

TEST(Conversation, LeavesAClientThatIsAlwaysWrong) {
    const Settings settings = usual_settings();
    Logged logged;
    Talk talk(settings, logged);
    std::string replies;
    for (int i = 0; i < 501; ++i) replies = talk.say("WHAT");
    EXPECT_THAT(replies, HasSubstr("\r\n421 "));
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::close);
}

TEST(Conversation, RefusesParametersThatWereNotOffered) {
    Settings settings = usual_settings();
    settings.offered.set(Extension::size, false);
    settings.offered.set(Extension::eight_bit_mime, false);
    settings.offered.set(Extension::smtputf8, false);
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    for (const char* parameter : {"SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "AUTH=<>", "RET=FULL"})
        EXPECT_THAT(talk.say("MAIL FROM:<> " + std::string(parameter)), StartsWith("555"));
    EXPECT_THAT(talk.say("MAIL FROM:<j\xc3\xb6@x>"), StartsWith("553"));
    EXPECT_EQ(logged.times(Violation::syntax), 6U);
}

TEST(Conversation, BoundsTheMessage) {
    Settings settings = usual_settings();
    settings.largest_message = 10;
    settings.most_recipients = 2;
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    EXPECT_THAT(talk.say("MAIL FROM:<> SIZE=11"), StartsWith("552"));
    EXPECT_THAT(talk.say("MAIL FROM:<> SIZE=10"), StartsWith("250"));
    EXPECT_THAT(talk.say("RCPT TO:<a@b>"), StartsWith("250"));
    EXPECT_THAT(talk.say("RCPT TO:<b@b>"), StartsWith("250"));
    EXPECT_THAT(talk.say("RCPT TO:<c@b>"), StartsWith("452"));
    talk.say("DATA");
    EXPECT_THAT(talk.send("12345678\r\n1\r\n.\r\n"), StartsWith("552"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("accepted":false)"));
}

TEST(Conversation, EnforcesItsLimits) {
    Settings settings = usual_settings();
    settings.offered.set(Extension::limits);
    settings.limits.messages = 1;
    settings.limits.recipients = 2;
    settings.limits.domains = 1;
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_THAT(talk.say("EHLO me.example"),
                HasSubstr("LIMITS MAILMAX=1 RCPTMAX=2 RCPTDOMAINMAX=1"));
    talk.say("MAIL FROM:<>");
    EXPECT_THAT(talk.say("RCPT TO:<a@b.example>"), StartsWith("250"));
    EXPECT_THAT(talk.say("RCPT TO:<a@c.example>"), StartsWith("452"));
    EXPECT_THAT(talk.say("RCPT TO:<b@B.example>"), StartsWith("250"));
    EXPECT_THAT(talk.say("RCPT TO:<c@b.example>"), StartsWith("452"));
    talk.say("DATA");
    EXPECT_THAT(talk.send(".\r\n"), StartsWith("250"));
    EXPECT_THAT(talk.say("MAIL FROM:<>"), StartsWith("452"));
}

TEST(Conversation, FollowsItsScript) {
    Settings settings = usual_settings();
    const auto script = [&](Stage stage, ScriptedReply reply) {
        settings.script[static_cast<std::size_t>(stage)].push_back(std::move(reply));
    };
    script(Stage::rcpt, {ScriptedReply::Kind::words, 450, "4.2.0 grey\nlisted"});
    script(Stage::rcpt, {});
    script(Stage::message, {ScriptedReply::Kind::words, 554, "no thanks"});
    script(Stage::noop, {ScriptedReply::Kind::words, 421, "I leave"});
    settings.rejected.push_back({"@bad.example", {ScriptedReply::Kind::words, 550, "not there"}});
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    talk.say("MAIL FROM:<>");
    EXPECT_EQ(talk.say("RCPT TO:<a@b>"), "450-4.2.0 grey\r\n450 listed");
    EXPECT_EQ(talk.say("RCPT TO:<a@b>"), "250 2.1.5 recipient taken");
    EXPECT_EQ(talk.say("RCPT TO:<a@bad.example>"), "550 not there");
    talk.say("DATA");
    EXPECT_EQ(talk.send(".\r\n"), "554 no thanks\r\n");
    EXPECT_THAT(logged.log(), HasSubstr(R"("refused_recipients":[{"address":"a@b")"));
    EXPECT_THAT(logged.log(), HasSubstr(R"("accepted":false,"reply":"554 no thanks")"));
    EXPECT_EQ(talk.say("NOOP"), "421 I leave");
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::close);
}

TEST(Conversation, HangsUpWhereTheScriptSaysSo) {
    Settings settings = usual_settings();
    settings.script[static_cast<std::size_t>(Stage::message)].push_back(
        {ScriptedReply::Kind::hang_up, 0, ""});
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    EXPECT_EQ(talk.send(".\r\n"), "");
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::close);
}

TEST(Conversation, RefusesChunksByScript) {
    Settings settings = usual_settings();
    settings.script[static_cast<std::size_t>(Stage::bdat)] = {
        {ScriptedReply::Kind::words, 554, "no"}, {}};
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    EXPECT_EQ(talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 3\r\na\r\nBDAT 3 LAST\r\nb\r\n"),
              "250 2.1.0 sender taken\r\n250 2.1.5 recipient taken\r\n554 no\r\n"
              "503 5.5.1 the message was refused already\r\n");
    EXPECT_EQ(talk.say("MAIL FROM:<>"), "250 2.1.0 sender taken");
}

// A server that answers 500 does not know that bytes follow, and takes them for commands.
TEST(Conversation, PlaysAServerThatForgotWhatBdatIs) {
    Settings settings = usual_settings();
    settings.script[static_cast<std::size_t>(Stage::bdat)] = {
        {ScriptedReply::Kind::words, 500, "what"}};
    Logged logged;
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
    EXPECT_EQ(talk.send("BDAT 6 LAST\r\nRSET\r\n"), "500 what\r\n250 2.0.0 forgotten\r\n");
    EXPECT_EQ(logged.faults(), 0U);
}

TEST(Conversation, RequiresTlsAndAuth) {
    Settings settings = usual_settings();
    settings.tls_required = true;
    settings.auth_required = true;
    settings.offered.set(Extension::auth);
    settings.mechanisms = {Mechanism::plain};
    settings.users = {{"joe", "secret"}};
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_THAT(talk.say("EHLO me.example"), Not(HasSubstr("AUTH")));
    EXPECT_EQ(talk.say("MAIL FROM:<>"), "530 5.7.0 Must issue a STARTTLS command first");
    talk.say("STARTTLS");
    talk.conversation.tls_began(TlsFacts());
    EXPECT_THAT(talk.say("EHLO me.example"), HasSubstr("AUTH PLAIN"));
    EXPECT_EQ(talk.say("MAIL FROM:<>"), "530 5.7.0 Authentication required");
    EXPECT_EQ(talk.say("AUTH PLAIN"), "334 ");
    EXPECT_EQ(talk.say("*"), "501 5.0.0 AUTH is cancelled");
    EXPECT_EQ(talk.say("AUTH PLAIN AGpvZQB3cm9uZw=="), "535 5.7.8 name and password do not fit");
    EXPECT_EQ(talk.say("AUTH PLAIN AGpvZQBzZWNyZXQ="), "235 2.7.0 welcome");
    EXPECT_THAT(talk.say("AUTH PLAIN AGpvZQBzZWNyZXQ="), StartsWith("503"));
    talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    talk.send("x\r\n.\r\n");
    EXPECT_THAT(logged.log(), HasSubstr(R"("auth":{"mechanism":"PLAIN","user":"joe"})"));
    EXPECT_THAT(logged.log(), Not(HasSubstr("secret")));
}

TEST(Conversation, OffersToBindOnlyWhereThereIsSomethingToBindTo) {
    Settings settings = usual_settings();
    settings.offered.set(Extension::auth);
    settings.auth_in_clear = true;
    settings.mechanisms = {Mechanism::scram_sha_256_plus, Mechanism::scram_sha_256};
    settings.users = {{"joe", "secret"}};
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_THAT(talk.say("EHLO me.example"), EndsWith("AUTH SCRAM-SHA-256"));
    EXPECT_THAT(talk.say("AUTH SCRAM-SHA-256-PLUS"), StartsWith("504"));
    talk.say("STARTTLS");
    TlsFacts facts;
    facts.binding_type = "tls-exporter";
    facts.binding_data = "data";
    talk.conversation.tls_began(facts);
    EXPECT_THAT(talk.say("EHLO me.example"), HasSubstr("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256"));
    EXPECT_EQ(talk.say("AUTH SCRAM-SHA-256-PLUS"), "334 ");
}

TEST(Conversation, HoldsBackEachReplyForTheDelay) {
    Settings settings = usual_settings();
    settings.delay = std::chrono::milliseconds(5);
    Logged logged;
    Talk talk(settings, logged);
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::pause);
    EXPECT_EQ(talk.conversation.take("EHLO me.example\r\n"), 0U);
    talk.conversation.resume(true);
    EXPECT_EQ(logged.times(Violation::before_greeting), 1U);
    EXPECT_EQ(talk.conversation.take("EHLO me.example\r\nNOOP\r\n"), 17U);
    EXPECT_EQ(talk.conversation.wish(), Conversation::Wish::pause);
}

TEST(Conversation, ComparesWithWhatWasExpected) {
    const Settings settings = usual_settings();
    Expectation expectation;
    expectation.text = with_wire_newlines("one\ntwo\n");
    Logged logged(expectation);
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    const auto deliver = [&](std::string_view text) {
        talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
        talk.send(text);
    };
    deliver("one\r\ntwo\r\n.\r\n");
    EXPECT_EQ(logged.faults(), 0U);
    for (const char* text :
         {"one\r\n.\r\n", "one\r\ntwo\r\n\r\n.\r\n", "one\r\ntwO\r\n.\r\n", ".\r\n"})
        deliver(text);
    EXPECT_EQ(logged.times(Violation::wrong_message), 4U);
}

TEST(Conversation, KnowsDigests) {
    const Settings settings = usual_settings();
    Expectation expectation;
    // SHA-256 of "abc" and CR LF.
    expectation.digests = {"552bab6864c7a7b69a502ed1854b9245c0e1a30f008aaa0b281da62585fdb025"};
    Logged logged(expectation);
    Talk talk(settings, logged);
    talk.say("EHLO me.example");
    talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    talk.send("abc\r\n.\r\n");
    EXPECT_EQ(logged.times(Violation::wrong_message), 0U);
    talk.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    talk.send("abd\r\n.\r\n");
    EXPECT_EQ(logged.times(Violation::wrong_message), 1U);
}

}  // namespace
}  // namespace tern::sink
