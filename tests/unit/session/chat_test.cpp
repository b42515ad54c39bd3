// One command, one reply; and when a command may be said at all.
#include "session/chat.hpp"

#include <gmock/gmock.h>

#include "unit/session/chat_table.hpp"

namespace tern::session {
namespace {

using Table = ChatTable;
using test::Peer;
using test::playing;

TEST(Chat, AsksAndIsAnswered) {
    Table table(playing(R"(
        C: NOOP
        S: 250-fine
        S: 250 thanks)"));
    const Result<smtp::Reply> reply = table.run(table.chat.ask("NOOP", Stage::mail));
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->code, 250);
    EXPECT_EQ(reply->text, "250-fine\n250 thanks\n");
    EXPECT_TRUE(table.chat.in_step());
    EXPECT_EQ(table.written(), "NOOP\r\n");
}

TEST(Chat, BoundsTheWait) {
    Table table(playing("MUTE"));
    const Result<smtp::Reply> reply = table.run(table.chat.ask("NOOP", Stage::mail));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().cause, Cause::timed_out);
    EXPECT_EQ(reply.error().stage, Stage::mail);
    EXPECT_EQ(reply.error().detail, "timed out after 30 seconds waiting for the reply to MAIL");
    EXPECT_FALSE(table.chat.in_step());
}

Task<Done> drips(Peer& peer) {
    for (int i = 0; i < 100; ++i) {
        co_await peer.says("250-more");
        co_await peer.simulation().sleep(std::chrono::seconds(10));
    }
    co_return Done();
}

TEST(Chat, BoundsTheWholeReplyNotEachRead) {
    Table table(drips);
    const Result<smtp::Reply> reply = table.run(table.chat.read_reply(Stage::greeting));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().cause, Cause::timed_out);
}

Task<Done> hangs_up(Peer& peer) {
    co_await peer.says_raw("250-half a rep");
    peer.hangs_up();
    co_return Done();
}

TEST(Chat, AHalfReplyIsNone) {
    Table table(hangs_up);
    const Result<smtp::Reply> reply = table.run(table.chat.read_reply(Stage::greeting));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().cause, Cause::closed);
    EXPECT_FALSE(table.chat.in_step());
}

TEST(Chat, HearsWhatNobodyAskedFor) {
    Table table(playing(R"(
        S: 220 one
        S: 250 two)"));
    ASSERT_TRUE(table.run(table.chat.read_reply(Stage::greeting)));
    table.let_things_arrive();
    EXPECT_EQ(*table.run(table.chat.peek()), Pending::data);
    EXPECT_FALSE(table.run(table.chat.expect_silence(Stage::body)));
    EXPECT_FALSE(table.chat.in_step());
    EXPECT_EQ(table.written(), "");
}

TEST(Chat, SeesAHangUp) {
    Table table(playing(R"(
        S: 220 hello
        HANGS UP)"));
    ASSERT_TRUE(table.run(table.chat.read_reply(Stage::greeting)));
    table.let_things_arrive();
    EXPECT_EQ(*table.run(table.chat.peek()), Pending::closed);
    const Result<Done> silence = table.run(table.chat.expect_silence(Stage::body));
    ASSERT_FALSE(silence);
    EXPECT_EQ(silence.error().cause, Cause::closed);
}

TEST(Chat, HearsNothingWhereNothingIs) {
    Table table(playing("S: 220 hello"));
    ASSERT_TRUE(table.run(table.chat.read_reply(Stage::greeting)));
    EXPECT_EQ(*table.run(table.chat.peek()), Pending::none);
    EXPECT_TRUE(table.run(table.chat.expect_silence(Stage::body)));
    EXPECT_TRUE(table.chat.in_step());
}

TEST(Chat, QuotesOneLineOfRubbish) {
    Table table(playing(R"(
        S: SSH-2.0-something
        S: more)"));
    const Result<smtp::Reply> reply = table.run(table.chat.read_reply(Stage::greeting));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().cause, Cause::protocol_error);
    EXPECT_EQ(reply.error().detail,
              "invalid greeting: a reply must begin with a code from 200 to 599");
    EXPECT_EQ(reply.error().reply, (smtp::Reply{0, "SSH-2.0-something"}));
}

}  // namespace
}  // namespace tern::session
