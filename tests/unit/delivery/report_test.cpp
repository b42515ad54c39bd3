// Reports to the byte.
#include "delivery/report.hpp"

#include <gmock/gmock.h>

namespace tern::delivery {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Peer peer(std::uint16_t port = 25, std::string name = "mx.example") {
    Peer made;
    made.name = std::move(name);
    made.endpoint = Endpoint{*IpAddress::parse("192.0.2.1"), port};
    return made;
}

std::string text_of(const Failure& failure, bool written = false) {
    return failure_text(failure, peer(), written, tls::Requirement());
}

std::string text_of(Stage stage, Cause cause, std::string detail, bool written = false) {
    return text_of(Failure(stage, cause, std::move(detail)), written);
}

std::string text_of(Stage stage, Cause cause, Reply reply, bool written = false) {
    return text_of(Failure(stage, cause, std::move(reply)), written);
}

TEST(Report, EndsEachPartWithNul) {
    Report report;
    report.recipients = {{'r', ""}, {'h', "no\n"}, {'s', "later\n"}};
    report.letter = Letter::accepted;
    report.text = "taken\n";
    EXPECT_EQ(render(report), "r\0hno\n\0slater\n\0Ktaken\n\0"s);
}

TEST(Report, HoldsNoControlCharacters) {
    Report report;
    report.recipients = {{'h', "a\0b\r\nc\td\x1b\x7f\xff"s}};
    report.text = "\0\x01\r\n"s;
    EXPECT_EQ(render(report), "ha?b\nc\td??\xff\0Z??\n\0"s);
}

TEST(Report, OfRecipients) {
    session::RecipientAnswer answer;
    smtp::Reply reply;
    reply.code = 250;
    reply.text = "250 ok\n";
    answer.reply = reply;
    EXPECT_EQ(recipient_report(answer, peer()).letter, 'r');
    EXPECT_EQ(recipient_report(answer, peer()).text, "");
    answer.reply->code = 550;
    answer.reply->text = "550 no\n";
    EXPECT_EQ(recipient_report(answer, peer()).letter, 'h');
    EXPECT_EQ(recipient_report(answer, peer()).text,
              "192.0.2.1 does not like recipient.\nRemote host said: 550 no\n");
    answer.reply->code = 450;
    EXPECT_EQ(recipient_report(answer, peer()).letter, 's');
    answer.reply.reset();
    EXPECT_EQ(recipient_report(answer, peer()).letter, 'h');
}

TEST(Report, OfRefusals) {
    EXPECT_EQ(text_of(Stage::greeting, Cause::rejected, Reply{554, "554 no\n"}),
              "Connected to 192.0.2.1 but greeting failed.\nRemote host said: 554 no\n");
    EXPECT_EQ(text_of(Stage::greeting, Cause::protocol_error, "invalid greeting: why"),
              "Connected to 192.0.2.1 but greeting failed.\ninvalid greeting: why (#4.5.0)\n");
    EXPECT_EQ(text_of(Failure(Stage::greeting, Cause::protocol_error, "invalid greeting: why",
                              Reply{0, "SSH-2.0"})),
              "Connected to 192.0.2.1 but greeting failed.\nRemote host said: SSH-2.0\n"
              "invalid greeting: why (#4.5.0)\n");
    EXPECT_EQ(text_of(Stage::hello, Cause::rejected, Reply{550, "550 no\n"}),
              "Connected to 192.0.2.1 but my name was rejected.\nRemote host said: 550 no\n");
    EXPECT_EQ(text_of(Stage::mail, Cause::rejected, Reply{550, "550-no\n550 never\n"}),
              "Connected to 192.0.2.1 but sender was rejected.\n"
              "Remote host said: 550-no\n550 never\n");
    EXPECT_EQ(text_of(Stage::recipient, Cause::all_refused, Reply{550, "550 no\n"}),
              "Giving up on 192.0.2.1.\n");
    EXPECT_EQ(text_of(Stage::data, Cause::rejected, Reply{554, "554 no\n"}),
              "192.0.2.1 failed on DATA command.\nRemote host said: 554 no\n");
    EXPECT_EQ(text_of(Stage::final_dot, Cause::rejected, Reply{554, "554 no\n"}, true),
              "192.0.2.1 failed after I sent the message.\nRemote host said: 554 no\n");
}

TEST(Report, CutsWhatAServerSays) {
    const std::string said =
        text_of(Stage::mail, Cause::rejected, Reply{550, "550 " + std::string(9000, 'x')});
    EXPECT_LT(said.size(), smtp::reported_text + 200);
    EXPECT_EQ(said.back(), '\n');
}

TEST(Report, OfLostConnections) {
    for (const Cause cause : {Cause::closed, Cause::timed_out, Cause::protocol_error}) {
        const std::string before = text_of(Stage::data, cause, "why");
        EXPECT_EQ(before, "Connected to 192.0.2.1 but connection died. mx.example [192.0.2.1]: why "
                          "(#4.4.2)\n");
        EXPECT_EQ(text_of(Stage::final_dot, cause, "why", true),
                  "Connected to 192.0.2.1 but connection died. Possible duplicate! "
                  "mx.example [192.0.2.1]: why (#4.4.2)\n");
    }
}

// Whatever failed behind the end of data: the words are there; before it they are not.
TEST(Report, SaysPossibleDuplicateExactlyThen) {
    for (const Cause cause : {Cause::closed, Cause::timed_out, Cause::protocol_error, Cause::tls,
                              Cause::resources, Cause::cancelled}) {
        EXPECT_THAT(text_of(Stage::final_dot, cause, "why", true),
                    HasSubstr("connection died. Possible duplicate! "));
        EXPECT_THAT(text_of(Stage::body, cause, "why"), Not(HasSubstr("Possible duplicate")));
    }
}

TEST(Report, KeepsAPeersWordsOnOneLine) {
    const std::string said = text_of(Stage::mail, Cause::protocol_error, "it said: x\nKaccepted\n");
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
}

TEST(Report, NamesHostAddressAndPort) {
    EXPECT_EQ(peer().to_string(), "mx.example [192.0.2.1]");
    EXPECT_EQ(peer(2525).to_string(), "mx.example [192.0.2.1]:2525");
    EXPECT_EQ(peer(25, "").to_string(), "[192.0.2.1]");
}

// Every cause gives a sentence with an enhanced status code that fits the letter.
TEST(Report, EveryFailureHasAStatusCode) {
    for (int cause = 0; cause <= static_cast<int>(Cause::cancelled); ++cause) {
        const Failure failure(Stage::start, static_cast<Cause>(cause), "words\n");
        if (failure.cause == Cause::rejected || failure.cause == Cause::all_refused) continue;
        const std::string said = failure_text(failure, peer(), false, tls::Requirement());
        const Letter letter = letter_before_any_server(failure);
        EXPECT_THAT(said, HasSubstr(letter == Letter::rejected ? "(#5." : "(#4.")) << cause;
        EXPECT_EQ(said.back(), '\n') << said;
    }
}

TEST(Report, OfAuth) {
    const auto refused = [](std::string words, Reply reply) {
        return Failure(Stage::auth, Cause::auth_refused, std::move(words), std::move(reply));
    };
    EXPECT_EQ(text_of(refused("the server refused our user name and password (AUTH PLAIN)",
                              Reply{535, "535 5.7.8 no\n"})),
              "Connected to 192.0.2.1 but authentication was rejected.\n"
              "Remote host said: 535 5.7.8 no\n"
              "mx.example [192.0.2.1]: the server refused our user name and password (AUTH PLAIN) "
              "(#4.7.8)\n");
    EXPECT_EQ(text_of(refused("later", Reply{454, "454 later\n"})),
              "Connected to 192.0.2.1 but authentication was rejected.\n"
              "Remote host said: 454 later\nmx.example [192.0.2.1]: later (#4.7.0)\n");
    // It repeated what we said.
    EXPECT_EQ(text_of(refused("why", Reply{454, ""})),
              "Connected to 192.0.2.1 but authentication was rejected.\n"
              "mx.example [192.0.2.1]: why (#4.7.0)\n");
    // There was none.
    EXPECT_EQ(text_of(Stage::auth, Cause::auth_refused, "why"),
              "Connected to 192.0.2.1 but authentication was rejected.\n"
              "mx.example [192.0.2.1]: why (#4.7.8)\n");
    EXPECT_EQ(text_of(Stage::auth, Cause::auth_missing, "why"),
              "Connected to 192.0.2.1 but could not authenticate.\n"
              "mx.example [192.0.2.1]: why (#4.7.4)\n");
    EXPECT_EQ(text_of(Stage::auth, Cause::auth_no_mechanism, "why"),
              "Connected to 192.0.2.1 but could not authenticate.\n"
              "mx.example [192.0.2.1]: why (#4.7.4)\n");
    EXPECT_EQ(text_of(Stage::auth, Cause::auth_in_clear, "why"),
              "Connected to 192.0.2.1 but did not authenticate.\n"
              "mx.example [192.0.2.1]: why (#4.7.11)\n");
}

TEST(Report, OfTlsTroubleNamesWhoDemanded) {
    const tls::Requirement requirement =
        tls::Requirement::verified("control/tlshosts/mx.example.pem", "mx.example");
    const auto told = [&](Cause cause) {
        return failure_text(Failure(Stage::handshake, cause, "what happened"), peer(), false,
                            requirement);
    };
    for (const Cause cause : {Cause::tls, Cause::tls_missing, Cause::unverified, Cause::timed_out})
        EXPECT_THAT(told(cause),
                    StartsWith("control/tlshosts/mx.example.pem requires TLS, but TLS with "
                               "mx.example [192.0.2.1] failed: what happened (#4.7."));
}

}  // namespace
}  // namespace tern::delivery
