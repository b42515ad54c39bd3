// Command lines and what of them is refused.
#include "sink/command.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tern::sink {
namespace {

TEST(Command, KnowsVerbsInAnyCase) {
    EXPECT_EQ(parse_command("ehlo me.example").verb, Verb::ehlo);
    EXPECT_EQ(parse_command("Quit").verb, Verb::quit);
    EXPECT_EQ(parse_command("MAIL FROM:<>").argument, "FROM:<>");
    EXPECT_EQ(parse_command("MAILFROM:<>").verb, Verb::unknown);
    EXPECT_EQ(parse_command("").verb, Verb::unknown);
}

TEST(Command, ReadsPathsAndParameters) {
    const auto path = parse_path("FROM:<a@b.example> SIZE=12 body=8BITMIME SMTPUTF8", "FROM:");
    ASSERT_TRUE(path);
    EXPECT_EQ(path->address, "a@b.example");
    ASSERT_EQ(path->parameters.size(), 3U);
    EXPECT_EQ(path->find("SIZE")->value, "12");
    EXPECT_EQ(path->find("BODY")->value, "8BITMIME");
    EXPECT_EQ(path->find("SMTPUTF8")->value, "");
    EXPECT_EQ(path->find("RET"), nullptr);
}

TEST(Command, ReadsUnusualAddresses) {
    const std::string_view addresses[] = {
        "", "#@[]", "no-domain", "\"\"@x", "\"a>b c\"@x", "\"\\\">\"@x", "a@[IPv6:2001:db8::1]"};
    for (const std::string_view address : addresses) {
        const auto path = parse_path("FROM:<" + std::string(address) + ">", "FROM:");
        ASSERT_TRUE(path) << address;
        EXPECT_EQ(path->address, address);
    }
}

TEST(Command, RefusesWhatIsNoPath) {
    const std::string_view arguments[] = {"",
                                          "FROM:",
                                          "FROM: <a@b>",
                                          "FROM:a@b",
                                          "FROM:<a@b",
                                          "FROM:<a b@c>",
                                          "FROM:<a@b>SIZE=1",
                                          "FROM:<a@b>  SIZE=1",
                                          "FROM:<a@b> ",
                                          "FROM:<a@b> SIZE=",
                                          "FROM:<a@b> =1",
                                          "FROM:<a@b> SIZE=1 SIZE=2",
                                          "FROM:<a\x01@b>",
                                          "FROM:<a@b> X=\x02",
                                          "TO:<a@b>"};
    for (const std::string_view argument : arguments)
        EXPECT_FALSE(parse_path(argument, "FROM:")) << argument;
}

TEST(Command, FindsTheDomainBehindTheLastAt) {
    EXPECT_EQ(domain_of("a@b@c.example"), "c.example");
    EXPECT_EQ(domain_of("nobody"), "");
}

}  // namespace
}  // namespace tern::sink
