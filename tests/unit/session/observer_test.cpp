// What a listener learns of a session, and what never.
#include "session/observer.hpp"

#include <gmock/gmock.h>

namespace tern::session {
namespace {

using testing::ElementsAre;

class Listener final : public Observer {
public:
    void said(std::string_view command) override { heard_words.emplace_back(command); }
    void heard(const smtp::Reply& reply) override { heard_words.push_back(reply.text); }
    void secured(const tls::TlsStream&) override {}

    std::vector<std::string> heard_words;
};

std::vector<std::string> shown(std::string_view group, Stage stage) {
    Listener listener;
    tell_said(listener, group, stage);
    return listener.heard_words;
}

std::vector<std::string> told_reply(int code, std::string_view words, Stage stage) {
    Listener listener;
    smtp::Reply reply;
    reply.code = code;
    reply.text = words;
    tell_heard(listener, reply, stage);
    return listener.heard_words;
}

TEST(Observer, LearnsEachCommandOfAGroup) {
    EXPECT_THAT(shown("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n", Stage::mail),
                ElementsAre("MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"));
    EXPECT_THAT(shown("EHLO me.example\r\n", Stage::hello), ElementsAre("EHLO me.example"));
}

TEST(Observer, NeverLearnsTheMessage) {
    EXPECT_THAT(shown("RCPT TO:<c@d.example>\r\nBDAT 12 LAST\r\nSubject: x\r\n", Stage::mail),
                ElementsAre("RCPT TO:<c@d.example>", "BDAT 12 LAST"));
}

TEST(Observer, NeverLearnsCredentials) {
    EXPECT_THAT(shown("AUTH PLAIN AHVzZXIAc2VjcmV0\r\n", Stage::auth),
                ElementsAre("AUTH PLAIN ****"));
    EXPECT_THAT(shown("auth plain AHVzZXIAc2VjcmV0\r\n", Stage::auth),
                ElementsAre("auth plain ****"));
    EXPECT_THAT(shown("AUTH LOGIN\r\n", Stage::auth), ElementsAre("AUTH LOGIN"));
    EXPECT_THAT(shown("c2VjcmV0\r\n", Stage::auth), ElementsAre("****"));
    EXPECT_THAT(shown("AUTH PLAIN AHVzZXIAc2VjcmV0\r\n", Stage::mail),
                ElementsAre("AUTH PLAIN ****"))
        << "the caller forgot the stage";
}

TEST(Observer, LearnsOnlyTheCodesOfRepliesToAuth) {
    EXPECT_THAT(told_reply(334, "334 c2VjcmV0\n", Stage::auth), ElementsAre("334 ****\n"));
    EXPECT_THAT(told_reply(535, "535 wrong password: secret\n", Stage::auth),
                ElementsAre("535 ****\n"));
    EXPECT_THAT(told_reply(250, "250 ok\n", Stage::mail), ElementsAre("250 ok\n"));
}

}  // namespace
}  // namespace tern::session
