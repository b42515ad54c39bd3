// Envelopes split over transactions: RFC 9422's limits, and the 452 of RFC 5321 4.5.3.1.10.
#include "delivery/rounds.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"

namespace tern::delivery {
namespace {

const Peer server{"mx.example.net", Endpoint{*IpAddress::parse("198.51.100.1")}};
const RecipientReport taken{'r', ""};
const RecipientReport lost{'s', "lost\n"};

session::Envelope envelope(const std::vector<std::string>& recipients) {
    session::Envelope made;
    made.sender = *smtp::parse_address("alice@sender.example");
    for (const std::string& recipient : recipients)
        made.recipients.push_back(*smtp::parse_address(recipient));
    return made;
}

std::string shown(const session::Envelope* envelope) {
    if (envelope == nullptr) return "nobody";
    std::string words;
    for (const smtp::Path& recipient : envelope->recipients) words += recipient.wire() + " ";
    return words;
}

std::string shown(const std::vector<std::optional<RecipientReport>>& letters) {
    std::string word;
    for (const auto& letter : letters) word += letter ? letter->letter : '.';
    return word;
}

// 452 and 552 behind an accepted one wait, as does 0, which is one that was not said.
session::Progress answers(const std::vector<int>& codes) {
    session::Progress progress;
    bool anyone_accepted = false;
    for (const int code : codes) {
        session::RecipientAnswer& answer = progress.recipients.emplace_back();
        answer.waits = anyone_accepted && (code == 452 || code == 552 || code == 0);
        if (code == 0) continue;
        smtp::Reply reply;
        reply.code = code;
        reply.text = concat(code, " said\n");
        anyone_accepted = anyone_accepted || reply.positive();
        answer.reply = std::move(reply);
    }
    return progress;
}

TEST(Rounds, WithoutLimitsAllGoAtOnce) {
    const session::Envelope whole = envelope({"a@x.net", "b@y.net"});
    Rounds rounds(whole);
    EXPECT_EQ(rounds.next({}), &whole);
    const session::Progress all = answers({250, 250});
    EXPECT_FALSE(rounds.leaves_anyone(all, true));
    EXPECT_EQ(shown(rounds.replies(all, server)), "rr");
    EXPECT_EQ(shown(rounds.letters()), "..");
    rounds.take(all, server, taken, true);
    EXPECT_EQ(shown(rounds.letters()), "rr");
    EXPECT_EQ(rounds.next({}), nullptr);
}

TEST(Rounds, AsManyRecipientsAsTheServerTakes) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net", "c@x.net"});
    Rounds rounds(whole);
    smtp::Limits two;
    two.recipients = 2;
    EXPECT_EQ(shown(rounds.next(two)), "a@x.net b@x.net ");
    EXPECT_TRUE(rounds.leaves_anyone(answers({250, 250}), false));
    rounds.take(answers({250, 550}), server, taken, true);
    EXPECT_EQ(shown(rounds.letters()), "rh.");
    EXPECT_EQ(shown(rounds.next(two)), "c@x.net ");
    rounds.take(answers({250}), server, lost, true);
    EXPECT_EQ(shown(rounds.letters()), "rhs");
    EXPECT_FALSE(rounds.anyone_waits());
}

TEST(Rounds, AsManyTransactionsAsASessionTakes) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net"});
    Rounds rounds(whole);
    smtp::Limits one;
    one.recipients = one.transactions = 1;
    EXPECT_EQ(shown(rounds.next(one)), "a@x.net ");
    rounds.take(answers({250}), server, taken, true);
    EXPECT_EQ(shown(rounds.next(one)), "nobody");
    rounds.begin_session();
    EXPECT_EQ(shown(rounds.next(one)), "b@x.net ");
}

TEST(Rounds, AsManyDomainsAsASessionTakes) {
    const session::Envelope whole = envelope({"a@x.net", "b@y.net", "c@X.net"});
    Rounds rounds(whole);
    smtp::Limits one;
    one.domains = 1;
    EXPECT_EQ(shown(rounds.next(one)), "a@x.net c@X.net ");
    EXPECT_EQ(shown(rounds.replies(answers({550}), server)), "h..");
    EXPECT_EQ(shown(rounds.replies(answers({550, 250}), server)), "h.r");
    rounds.take(answers({250, 250}), server, taken, true);
    EXPECT_EQ(shown(rounds.next(one)), "nobody");
    rounds.begin_session();
    EXPECT_EQ(shown(rounds.next(one)), "b@y.net ");
}

TEST(Rounds, TooManyRecipientsMeansLater) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net", "c@x.net"});
    Rounds rounds(whole);
    rounds.next({});
    EXPECT_TRUE(rounds.leaves_anyone(answers({250, 452, 452}), true));
    rounds.take(answers({250, 452, 452}), server, taken, true);
    EXPECT_EQ(shown(rounds.letters()), "r..");
    EXPECT_EQ(shown(rounds.next({})), "b@x.net ") << "as many as it took";
    rounds.take(answers({452}), server, taken, true);
    EXPECT_EQ(shown(rounds.letters()), "rs.");
    EXPECT_EQ(shown(rounds.next({})), "c@x.net ");
}

TEST(Rounds, WhoIsLeftToOthersHasAnAnswerForTheCaseThatNoneTakesThem) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net", "c@x.net"});
    Rounds rounds(whole);
    smtp::Limits one;
    one.recipients = 1;
    rounds.next(one);
    rounds.take(answers({250}), server, taken, true);
    rounds.leave_to_others(lost);
    EXPECT_FALSE(rounds.anyone_waits());
    EXPECT_TRUE(rounds.anyone_for_others());
    rounds.begin_server();
    EXPECT_EQ(shown(rounds.next(one)), "b@x.net ");
    rounds.take(answers({250}), server, taken, true);
    rounds.leave_to_others();
    rounds.give_up_all({'h', "nobody takes it\n"});
    EXPECT_EQ(shown(rounds.letters()), "rrs");
}

TEST(Rounds, WhatWasLearntHoldsForTheRestOfTheDelivery) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net", "c@x.net", "d@x.net",
                                              "e@x.net", "f@x.net"});
    Rounds rounds(whole);
    rounds.next({});
    rounds.take(answers({250, 250, 552, 0, 0, 0}), server, taken, true);
    EXPECT_EQ(shown(rounds.letters()), "rr....") << "who was not said is not refused";
    EXPECT_EQ(shown(rounds.next({})), "c@x.net d@x.net ");
    rounds.take(answers({250, 250}), server, taken, true);
    rounds.begin_session();
    smtp::Limits more;
    more.recipients = 5;
    EXPECT_EQ(shown(rounds.next(more)), "e@x.net f@x.net ");
    more.recipients = 1;
    EXPECT_EQ(shown(rounds.next(more)), "e@x.net ");
}

TEST(Rounds, LearnsFromASessionThatFailed) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net"});
    Rounds rounds(whole);
    rounds.learn(answers({250, 452}));
    EXPECT_EQ(shown(rounds.next({})), "a@x.net ");
}

TEST(Rounds, AThousandRecipientsAtAHundredEach) {
    std::vector<std::string> all;
    for (int i = 0; i < 1000; ++i) all.push_back(concat("r", i, "@x.net"));
    const session::Envelope whole = envelope(all);
    Rounds rounds(whole);
    std::size_t said = 0;
    while (const session::Envelope* next = rounds.next({})) {
        constexpr std::size_t taken_at_once = 100;
        constexpr std::size_t window = 170;  // RCPT in 8 KiB
        session::Progress progress;
        progress.recipients.resize(next->recipients.size());
        for (std::size_t i = 0; i < next->recipients.size(); ++i) {
            session::RecipientAnswer& answer = progress.recipients[i];
            answer.waits = i >= taken_at_once;
            if (i >= window) continue;
            ++said;
            answer.reply.emplace();
            answer.reply->code = answer.waits ? 452 : 250;
        }
        rounds.take(progress, server, taken, true);
    }
    EXPECT_FALSE(rounds.anyone_waits());
    EXPECT_LE(said, 1070U);
}

TEST(Rounds, BehindNobodyAcceptedItMeansNo) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net"});
    Rounds rounds(whole);
    rounds.next({});
    EXPECT_FALSE(rounds.leaves_anyone(answers({452, 452}), true));
    EXPECT_FALSE(rounds.leaves_anyone(answers({452, 250}), true));
    rounds.take(answers({452, 452}), server, lost, true);
    EXPECT_EQ(shown(rounds.letters()), "ss");
    EXPECT_THAT(rounds.letters()[0]->text, testing::HasSubstr("452 said"));
}

TEST(Rounds, AMessageThatCannotBeSentAgainLeavesTheReply) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net"});
    Rounds rounds(whole);
    rounds.next({});
    EXPECT_FALSE(rounds.leaves_anyone(answers({250, 452}), false));
    rounds.take(answers({250, 452}), server, taken, false);
    EXPECT_EQ(shown(rounds.letters()), "rs");
}

TEST(Rounds, AndNobodyIsRefusedForWantOfATransaction) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net", "c@x.net"});
    Rounds rounds(whole);
    rounds.next({});
    EXPECT_EQ(shown(rounds.replies(answers({250, 552, 0}), server)), "rs.");
    session::Progress served = answers({250, 552, 0});
    served.accepted.emplace();
    EXPECT_EQ(shown(rounds.replies(served, server)), "rss");
    rounds.take(answers({250, 552, 0}), server, taken, false);
    EXPECT_EQ(shown(rounds.letters()), "rss");
    EXPECT_THAT(rounds.letters()[1]->text, testing::HasSubstr("(#4.5.3)\nRemote host said: 552"));
    EXPECT_THAT(rounds.letters()[2]->text, testing::HasSubstr("(#4.5.3)\n"));
}

TEST(Rounds, WhoHadNoReplySharesTheFate) {
    const session::Envelope whole = envelope({"a@x.net", "b@x.net", "c@x.net"});
    Rounds rounds(whole);
    smtp::Limits two;
    two.recipients = 2;
    rounds.next(two);
    rounds.take(answers({550}), server, lost, true);
    EXPECT_EQ(shown(rounds.letters()), "hs.");
    EXPECT_EQ(rounds.letters()[1], lost);
    rounds.give_up({'h', "no\n"});
    EXPECT_EQ(shown(rounds.letters()), "hsh");
}

}  // namespace
}  // namespace tern::delivery
