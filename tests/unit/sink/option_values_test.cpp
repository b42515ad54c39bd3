// What may be written after the options, and what may not.
#include "sink/option_values.hpp"

#include <gtest/gtest.h>

namespace tern::sink {
namespace {

TEST(OptionValues, ReadsScriptedReplies) {
    const auto words = parse_scripted_reply("451 4.3.0 come again\\nlater");
    ASSERT_TRUE(words);
    EXPECT_EQ(words->kind, ScriptedReply::Kind::words);
    EXPECT_EQ(words->code, 451U);
    EXPECT_EQ(words->text, "4.3.0 come again\nlater");
    EXPECT_EQ(parse_scripted_reply("close")->kind, ScriptedReply::Kind::hang_up);
    EXPECT_EQ(parse_scripted_reply("usual")->kind, ScriptedReply::Kind::usual);
    EXPECT_EQ(parse_scripted_reply("554")->text, "as scripted");
    for (const char* text :
         {"", "1", "55", "5545 x", "099 x", "600 x", "abc x", "250\rx", "250 a\rb"})
        EXPECT_FALSE(parse_scripted_reply(text)) << text;
}

TEST(OptionValues, KeepsTheOrderOfAScript) {
    Settings settings;
    EXPECT_TRUE(add_scripted_reply(settings, "mail=451 no"));
    EXPECT_TRUE(add_scripted_reply(settings, "MAIL=usual"));
    EXPECT_EQ(settings.script[static_cast<std::size_t>(Stage::mail)].size(), 2U);
    EXPECT_FALSE(add_scripted_reply(settings, "male=451 no"));
    EXPECT_FALSE(add_scripted_reply(settings, "mail 451 no"));
}

TEST(OptionValues, ReadsRejectedRecipients) {
    Settings settings;
    EXPECT_TRUE(add_rejected_recipient(settings, "a@b.example=550 no such user"));
    EXPECT_TRUE(add_rejected_recipient(settings, "srs0=x=y@b.example=451 later"));
    EXPECT_EQ(settings.rejected[1].address, "srs0=x=y@b.example");
    EXPECT_EQ(settings.rejected[1].reply.code, 451U);
    for (const char* text : {"", "a@b", "=550 x", "a@b=usual", "a@b=no"})
        EXPECT_FALSE(add_rejected_recipient(settings, text)) << text;
}

TEST(OptionValues, SwitchesExtensions) {
    ExtensionSet set;
    EXPECT_TRUE(switch_extensions(set, "CHUNKING,8bitmime", true));
    EXPECT_TRUE(set.has(Extension::chunking));
    EXPECT_TRUE(set.has(Extension::eight_bit_mime));
    EXPECT_FALSE(set.has(Extension::size));
    EXPECT_TRUE(switch_extensions(set, "CHUNKING", false));
    EXPECT_FALSE(set.has(Extension::chunking));
    EXPECT_FALSE(switch_extensions(set, "CHUNKY", true));
    EXPECT_FALSE(switch_extensions(set, "", true));
}

TEST(OptionValues, ReadsLimits) {
    Limits limits;
    EXPECT_TRUE(set_limits(limits, "RCPTMAX=5,MAILMAX=2 rcptdomainmax=1"));
    EXPECT_EQ(limits.recipients, 5U);
    EXPECT_EQ(limits.messages, 2U);
    EXPECT_EQ(limits.domains, 1U);
    for (const char* text : {"", "RCPTMAX", "RCPTMAX=0", "RCPTMAX=-1", "X=1", "RCPTMAX=1,"})
        EXPECT_FALSE(set_limits(limits, text)) << text;
}

TEST(OptionValues, ReadsUsersAndMechanisms) {
    Settings settings;
    EXPECT_TRUE(add_user(settings, "joe:a:b"));
    EXPECT_EQ(settings.users[0].name, "joe");
    EXPECT_EQ(settings.users[0].password, "a:b");
    EXPECT_FALSE(add_user(settings, "joe"));
    EXPECT_FALSE(add_user(settings, ":x"));
    EXPECT_TRUE(set_mechanisms(settings, "login,CRAM-MD5"));
    EXPECT_EQ(settings.mechanisms, (std::vector<Mechanism>{Mechanism::login, Mechanism::cram_md5}));
    EXPECT_FALSE(set_mechanisms(settings, "NTLM"));
}

TEST(OptionValues, ReadsWhatIsTolerated) {
    std::array<bool, violation_kinds> tolerated{};
    EXPECT_TRUE(tolerate(tolerated, "long-line,bare-lf"));
    EXPECT_TRUE(tolerated[static_cast<std::size_t>(Violation::long_line)]);
    EXPECT_FALSE(tolerated[static_cast<std::size_t>(Violation::bare_cr)]);
    EXPECT_FALSE(tolerate(tolerated, "longline"));
    EXPECT_TRUE(tolerate(tolerated, "all"));
    EXPECT_TRUE(tolerated[static_cast<std::size_t>(Violation::bare_cr)]);
}

}  // namespace
}  // namespace tern::sink
