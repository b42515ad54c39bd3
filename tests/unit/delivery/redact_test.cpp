// What a report keeps of a server's words that repeat our credentials; SECURITY.md promises it.
#include "delivery/redact.hpp"

#include <gmock/gmock.h>

namespace tern::delivery {
namespace {

std::string redacted(std::string_view secret, std::string_view words) {
    const std::vector<Secret> said{Secret(secret)};
    Report report;
    report.text = words;
    report.recipients.push_back({'h', std::string(words)});
    redact(report, said);
    EXPECT_EQ(report.recipients.front().text, report.text);
    return report.text;
}

constexpr std::string_view rejected =
    "Connected to 192.0.2.1 but authentication was rejected.\n"
    "Remote host said: 535 5.7.8 no\n"
    "relay.example [192.0.2.1]: the server refused our user name and password (AUTH PLAIN) "
    "(#4.7.8)\n";

TEST(Redact, WordsOfOursHideNothing) {
    for (const std::string_view secret :
         {"password", "user", "our user name", "server", "refused", "connected", "authentication",
          "PLAIN", "remote", "host said", "rejected.", "the server refused our"})
        EXPECT_EQ(redacted(secret, rejected), rejected) << secret;
}

TEST(Redact, OfALineOfAReplyTheCodesStay) {
    EXPECT_EQ(redacted("tiger", "192.0.2.1 does not like recipient.\n"
                                "Remote host said: 550-5.7.1 tiger is not welcome\n"
                                "550 5.7.1 see help\n"),
              "192.0.2.1 does not like recipient.\n"
              "Remote host said: 550-5.7.1\n"
              "550 5.7.1 see help\n"
              "The server's reply repeats our credentials and is left out.\n");
    EXPECT_EQ(redacted("password", "Connected to 192.0.2.1 but authentication was rejected.\n"
                                   "Remote host said: 535 our user name and password\n"
                                   "relay.example [192.0.2.1]: the server refused our user name "
                                   "and password (AUTH LOGIN) (#4.7.8)\n"),
              "Connected to 192.0.2.1 but authentication was rejected.\n"
              "Remote host said: 535 \n"
              "relay.example [192.0.2.1]: the server refused our user name and password (AUTH "
              "LOGIN) (#4.7.8)\n"
              "The server's reply repeats our credentials and is left out.\n");
}

TEST(Redact, ASentenceWithTheServersWordsGoes) {
    EXPECT_EQ(redacted("tiger", "Connected to 192.0.2.1 but connection died. mx [192.0.2.1]: "
                                "invalid reply to MAIL (the server sent: tiger) (#4.4.2)\n"),
              "The mail was offered to a relay.\n"
              "The server's reply repeats our credentials and is left out.\n");
    EXPECT_EQ(redacted("tiger", "Unable.\nThe server sent tiger.\n"),
              "Unable.\nThe server's reply repeats our credentials and is left out.\n");
}

TEST(Redact, WhatIsSpreadOverLinesGoesWhole) {
    EXPECT_EQ(redacted("tiger", "Unable.\nwith tig\ner.\n"),
              "Unable.\nThe server's reply repeats our credentials and is left out.\n");
}

TEST(Redact, NothingIsSaidWhereNothingIsRepeated) {
    EXPECT_EQ(redacted("tiger", "192.0.2.1 accepted message.\nRemote host said: 250 ok\n"),
              "192.0.2.1 accepted message.\nRemote host said: 250 ok\n");
    EXPECT_EQ(redacted("tiger", ""), "");
}

}  // namespace
}  // namespace tern::delivery
