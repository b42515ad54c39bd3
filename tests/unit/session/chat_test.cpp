// One command, one reply; and when a command may be said at all.
#include "session/chat.hpp"

#include <gmock/gmock.h>

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

constexpr Duration patience = std::chrono::seconds(30);

/// A chat with a scripted server.
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

    template <class T>
    Result<T> run(Task<T> task) {
        const Time begun = simulation_.now();
        task.start();
        while (!task.finished() && simulation_.step()) {}
        EXPECT_TRUE(task.finished());
        EXPECT_LE(simulation_.now() - begun, patience);
        return task.take();
    }
    void let_things_arrive() { run(simulation_.sleep(std::chrono::seconds(1))); }
    [[nodiscard]] const std::string& written() const { return wire_->written_by(Side::client); }

private:
    Simulation simulation_;
    std::shared_ptr<Wire> wire_;
    std::unique_ptr<WireEnd> end_;

public:
    Chat chat;

private:
    Peer peer_;
    Task<Done> server_;
};

Task<Done> answers(Peer& peer) {
    co_await peer.expects("NOOP");
    co_await peer.says("250-fine\n250 thanks");
    co_await peer.goes_mute();
    co_return Done();
}

TEST(Chat, AsksAndIsAnswered) {
    Table table(answers);
    const Result<smtp::Reply> reply = table.run(table.chat.ask("NOOP", Stage::mail));
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->code, 250);
    EXPECT_EQ(reply->text, "250-fine\n250 thanks\n");
    EXPECT_TRUE(table.chat.in_step());
    EXPECT_EQ(table.written(), "NOOP\r\n");
}

Task<Done> says_nothing(Peer& peer) {
    co_await peer.goes_mute();
    co_return Done();
}

TEST(Chat, BoundsTheWait) {
    Table table(says_nothing);
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

Task<Done> speaks_twice(Peer& peer) {
    co_await peer.says("220 one\n250 two");
    co_await peer.goes_mute();
    co_return Done();
}

TEST(Chat, HearsWhatNobodyAskedFor) {
    Table table(speaks_twice);
    ASSERT_TRUE(table.run(table.chat.read_reply(Stage::greeting)));
    table.let_things_arrive();
    EXPECT_EQ(*table.run(table.chat.listen()), Heard::words);
    EXPECT_FALSE(table.run(table.chat.expect_silence(Stage::body)));
    EXPECT_FALSE(table.chat.in_step());
    EXPECT_EQ(table.written(), "");
}

Task<Done> leaves(Peer& peer) {
    co_await peer.says("220 hello");
    peer.hangs_up();
    co_return Done();
}

TEST(Chat, SeesAHangUp) {
    Table table(leaves);
    ASSERT_TRUE(table.run(table.chat.read_reply(Stage::greeting)));
    table.let_things_arrive();
    EXPECT_EQ(*table.run(table.chat.listen()), Heard::end);
    const Result<Done> silence = table.run(table.chat.expect_silence(Stage::body));
    ASSERT_FALSE(silence);
    EXPECT_EQ(silence.error().cause, Cause::closed);
}

Task<Done> waits(Peer& peer) {
    co_await peer.says("220 hello");
    co_await peer.goes_mute();
    co_return Done();
}

TEST(Chat, HearsNothingWhereNothingIs) {
    Table table(waits);
    ASSERT_TRUE(table.run(table.chat.read_reply(Stage::greeting)));
    EXPECT_EQ(*table.run(table.chat.listen()), Heard::nothing);
    EXPECT_TRUE(table.run(table.chat.expect_silence(Stage::body)));
    EXPECT_TRUE(table.chat.in_step());
}

Task<Done> talks_rubbish(Peer& peer) {
    co_await peer.says("SSH-2.0-something\nmore");
    co_await peer.goes_mute();
    co_return Done();
}

TEST(Chat, QuotesOneLineOfRubbish) {
    Table table(talks_rubbish);
    const Result<smtp::Reply> reply = table.run(table.chat.read_reply(Stage::greeting));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().cause, Cause::protocol_error);
    EXPECT_EQ(reply.error().detail.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace tern::session
