// How a transaction ends, told by what it was that failed, and what then stays possible.
#include "session/transaction.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "conversation/script.hpp"
#include "unit/session/session_table.hpp"

namespace tern::session {
namespace {

using Table = SessionTable;
using test::Peer;
using test::playing;
using testing::HasSubstr;
using testing::Not;

// ---- recipients ----

/// The sender is refused nothing; what follows RCPT is the answer.
test::Script hears_a_recipient(std::string_view answer) {
    return playing(
        concat("S: 220 mx.example.net\n"
               "C: EHLO me.example\n"
               "S: 250 mx.example.net\n"
               "C: MAIL FROM:<alice@sender.example>\n"
               "S: 250 ok\n"
               "C: RCPT TO:<bob@example.net>\n",
               answer));
}

// contract.md#recipients: "too many" to the first recipient is about those accepted before, in this
// session or in an earlier one.
TEST(SessionRecipients, TheFirstOneMayBeOneTooMany) {
    struct Row {
        std::string_view reply;
        bool took_recipient;
        bool waits;
    };
    for (const Row& row :
         {Row{"452 4.5.3 too many", true, true}, Row{"552 5.5.3 too many", true, true},
          Row{"550 5.5.3 too many", true, true}, Row{"452 too many", true, true},
          Row{"552 too many", true, true}, Row{"452 4.2.2 mailbox full", true, false},
          Row{"552 5.2.2 mailbox full", true, false}, Row{"550 5.1.1 no bob", true, false},
          Row{"450 4.2.0 greylisted", true, false}, Row{"552 5.5.3 too many", false, false},
          Row{"452 too many", false, false}}) {
        Table table(hears_a_recipient(concat("S: ", row.reply)));
        table.options.took_recipient = row.took_recipient;
        expect_failure(table.deliver(), Stage::recipient, Cause::all_refused, "");
        EXPECT_EQ(table.progress.recipients.at(0).waits, row.waits) << row.reply;
        EXPECT_EQ(table.progress.takes_no_more(), row.waits) << row.reply;
        EXPECT_FALSE(table.progress.most_recipients()) << "how many is not known";
        EXPECT_EQ(table.session->took_recipient(), row.took_recipient);
    }
}

TEST(SessionRecipients, ASecondTransactionKnowsOfTheFirst) {
    Table table(hears_a_recipient(R"(
        S: 250 ok
        C: DATA
        S: 354 go
        C: (message)
        S: 250 taken
        C: MAIL FROM:<alice@sender.example>
        S: 250 ok
        C: RCPT TO:<bob@example.net>
        S: 552 5.5.3 too many)"));
    ASSERT_TRUE(table.deliver());
    EXPECT_FALSE(table.progress.takes_no_more());
    expect_failure(table.transact(), Stage::recipient, Cause::all_refused, "552 5.5.3");
    EXPECT_TRUE(table.progress.takes_no_more());
}

// ---- one flight ----

/// A server that is told all in one flight and answers it so.
test::Script hears_a_flight(std::string_view answer) {
    return playing(
        concat("S: 220 mx.example.net\n"
               "C: EHLO me.example\n"
               "S: 250-mx.example.net\n"
               "S: 250-PIPELINING\n"
               "S: 250 CHUNKING\n"
               "C: MAIL FROM:<alice@sender.example>\n"
               "C: RCPT TO:<bob@example.net>\n"
               "C: (last chunk)\n",
               answer));
}

TEST(SessionFlight, ARefusalOfAllBindsNobody) {
    Table table(hears_a_flight(R"(
        S: 451 4.3.0 busy
        S: 503 need MAIL
        S: 503 need RCPT)"));
    expect_failure(table.deliver(), Stage::mail, Cause::rejected, "451 4.3.0 busy");
    EXPECT_TRUE(table.progress.end_of_data_written);
    EXPECT_TRUE(table.progress.end_of_data_refused);
    EXPECT_FALSE(table.progress.is_binding());
    EXPECT_TRUE(table.session->in_step());
}

TEST(SessionFlight, AMessageTakenAfterARefusedMailIsToldSo) {
    Table table(hears_a_flight(R"(
        S: 450 later
        S: 250 ok
        S: 250 queued)"));
    expect_failure(table.deliver(), Stage::final_dot, Cause::protocol_error,
                   "the server rejected MAIL (450 later) and then replied to the message as if it "
                   "accepted it (250 queued)");
    EXPECT_TRUE(table.progress.is_binding());
}

TEST(SessionFlight, ARecipientTakenAfterARefusedMailBinds) {
    Table table(hears_a_flight(R"(
        S: 450 later
        S: 250 ok
        S: 450 later)"));
    expect_failure(table.deliver(), Stage::mail, Cause::rejected, "450 later");
    EXPECT_TRUE(table.progress.is_binding());
}

TEST(SessionFlight, AClosedConnectionSettlesNothing) {
    Table table(hears_a_flight(R"(
        S: 550 no such sender
        HANGS UP)"));
    expect_failure(table.deliver(), Stage::final_dot, Cause::closed,
                   "the server rejected MAIL (550 no such sender), but its reply to the end of the "
                   "message was lost: ");
    EXPECT_TRUE(table.progress.is_binding());
}

TEST(SessionFlight, AnAnnouncedEndRefusesAllTheRest) {
    Table table(hears_a_flight(R"(
        S: 421 4.3.2 shutting down
        HANGS UP)"));
    expect_failure(table.deliver(), Stage::mail, Cause::rejected, "421 4.3.2");
    EXPECT_FALSE(table.progress.is_binding());
}

// ---- recipients ----

// Takes two of them, refuses the rest of a group with `words`, and counts RCPT.
Task<Done> takes_two(Peer& mx, std::string words, unsigned* heard) {
    co_await greets(mx, "PIPELINING");
    co_await mx.expects("MAIL FROM:<alice@sender.example>");
    co_await mx.says("250 ok");
    for (;;) {
        const std::string line = co_await mx.hears();
        if (!line.starts_with("RCPT")) break;
        ++*heard;
        std::string reply = *heard <= 2 ? "250 ok" : words;
        co_await mx.says(std::move(reply));
    }
    co_await mx.says("354 go");
    co_await mx.hears_message();
    co_await mx.says("250 taken");
    co_await mx.goes_mute();
    co_return Done();
}

std::vector<std::string> many(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back("recipient" + std::to_string(i) + "@example.net");
    return all;
}

TEST(SessionRecipients, AFullTransactionGetsNoMoreOfThem) {
    for (const std::string words : {"452 too many", "452 4.5.3 too many", "552 too many",
                                    "550 5.5.3 too many"}) {
        unsigned heard = 0;
        Table table([&](Peer& mx) { return takes_two(mx, words, &heard); }, many(3000));
        ASSERT_TRUE(table.deliver()) << words;
        EXPECT_LT(heard, 300U) << "one window of commands";
        ASSERT_EQ(table.progress.recipients.size(), 3000U);
        EXPECT_EQ(table.progress.most_recipients(), 2U);
        EXPECT_TRUE(table.progress.recipients[2].waits);
        EXPECT_TRUE(table.progress.recipients[2].reply);
        EXPECT_TRUE(table.progress.recipients[2999].waits);
        EXPECT_FALSE(table.progress.recipients[2999].reply);
    }
}

TEST(SessionRecipients, AFullMailboxIsItsOwnTrouble) {
    for (const std::string words : {"452 4.2.2 over quota", "552 5.2.2 over quota", "550 no"}) {
        unsigned heard = 0;
        Table table([&](Peer& mx) { return takes_two(mx, words, &heard); }, many(400));
        ASSERT_TRUE(table.deliver()) << words;
        EXPECT_EQ(heard, 400U);
        EXPECT_EQ(table.progress.most_recipients(), std::nullopt);
    }
}

// ---- time ----

Task<Done> takes_the_envelope(Peer& mx) {
    co_await greets(mx, "X");
    for (int command = 0; command < 2; ++command) {
        co_await mx.hears();
        co_await mx.says("250 ok");
    }
    co_await mx.expects("DATA");
    co_await mx.says("354 go");
    co_return Done();
}

// Takes the message slowly, then thinks for a while.
Task<Done> is_a_slow_link(Peer& mx) {
    co_await takes_the_envelope(mx);
    for (int i = 0; i < 20; ++i) {
        co_await mx.hears_bytes(10'000);
        co_await mx.simulation().sleep(std::chrono::seconds(60));
    }
    co_await mx.simulation().sleep(std::chrono::seconds(30));
    co_await mx.hears_message();
    co_await mx.says("250 taken");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionTime, ProgressOfTheSendQueueIsProgress) {
    test::WireTraits traits;
    traits.short_reads = false;
    Table table(is_a_slow_link, {"bob@example.net"}, traits);
    table.message.content = std::string(210'000, 'x') + "\n";
    const Result<Done> ended = table.deliver();
    EXPECT_TRUE(ended) << ended.error().detail;
    EXPECT_GT(table.took(), std::chrono::seconds(1200)) << "four times what a reply may take";
}

Task<Done> stops_reading(Peer& mx) {
    co_await takes_the_envelope(mx);
    co_await mx.goes_deaf();
    co_return Done();
}

TEST(SessionTime, ABodyThatStallsIsToldSo) {
    for (const std::size_t size : {std::size_t{50'000}, std::size_t{300'000}}) {
        Table table(stops_reading);
        table.message.content = std::string(size, 'x') + "\n";
        const Result<Done> ended = table.deliver();
        ASSERT_FALSE(ended);
        EXPECT_EQ(ended.error().cause, Cause::timed_out);
        EXPECT_EQ(ended.error().detail,
                  "timed out after 300 seconds while sending the message body");
        EXPECT_EQ(table.progress.end_of_data_written, size < 64UL * 1024);
    }
}

// ---- surplus replies ----

Task<Done> says_too_much(Peer& mx) {
    co_await greets(mx, "PIPELINING\nCHUNKING");
    co_await mx.says("250 surplus");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionSurplus, IsSeenBeforeTheNextCommand) {
    Table table(says_too_much);
    ASSERT_TRUE(table.open());
    while (table.simulation.step()) {}
    expect_failure(table.transact(), Stage::mail, Cause::protocol_error,
                   "the server sent data before MAIL was sent (data: 250 surplus)");
    EXPECT_THAT(table.written(), Not(HasSubstr("MAIL")));
}

Task<Done> announces_between(Peer& mx) {
    co_await greets(mx, "PIPELINING\nCHUNKING");
    co_await mx.says("421 4.4.2 idle too long");
    mx.hangs_up();
    co_return Done();
}

TEST(SessionSurplus, A421IsNone) {
    Table table(announces_between);
    ASSERT_TRUE(table.open());
    while (table.simulation.step()) {}
    expect_failure(table.transact(), Stage::mail, Cause::rejected, "421 4.4.2 idle too long");
}

}  // namespace
}  // namespace tern::session
