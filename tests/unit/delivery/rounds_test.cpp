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

session::Progress answers(const std::vector<int>& codes) {
    session::Progress progress;
    for (const int code : codes) {
        smtp::Reply reply;
        reply.code = code;
        reply.text = text(code, " said\n");
        progress.recipients.emplace_back().reply = reply;
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
    EXPECT_EQ(shown(rounds.next({})), "b@x.net c@x.net ");
    rounds.take(answers({452, 250}), server, taken, true);
    EXPECT_EQ(shown(rounds.letters()), "rsr");
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
