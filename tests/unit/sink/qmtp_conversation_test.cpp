// QMTP as it goes over the wire, in one piece and byte by byte: who sends what, and what the log
// and the counts say of it; and the sender's side against the receiver's.
#include "sink/qmtp_conversation.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/qmtp.hpp"
#include "support/reference_body.hpp"
#include "support/text_message.hpp"
#include "talk.hpp"

namespace tern::sink {
namespace {

using std::string_literals::operator""s;
using test::Logged;
using test::usual_settings;
using testing::HasSubstr;
using testing::Not;

std::string netstring(std::string_view text) {
    return std::to_string(text.size()) + ":" + std::string(text) + ",";
}

std::string package(std::string_view message, std::string_view sender,
                    const std::vector<std::string>& recipients) {
    std::string series;
    for (const std::string& recipient : recipients) series += netstring(recipient);
    return netstring(message) + netstring(sender) + netstring(series);
}

/// One session; `most` bytes are brought at a time.
struct QmtpTalk {
    explicit QmtpTalk(const Settings& settings, Logged& logged)
        : conversation(settings, logged.journal, {"192.0.2.9:999", "192.0.2.1:209"}) {}
    QmtpTalk(const QmtpTalk&) = delete;
    QmtpTalk& operator=(const QmtpTalk&) = delete;
    ~QmtpTalk() { conversation.ended(false); }

    std::string send(std::string_view bytes, std::size_t most = std::string_view::npos) {
        while (!bytes.empty() && conversation.wish() == Dialogue::Wish::input) {
            conversation.input_arrived();
            const std::string_view piece = bytes.substr(0, most);
            EXPECT_EQ(conversation.take(piece), piece.size());
            bytes.remove_prefix(piece.size());
        }
        return std::exchange(conversation.output(), std::string());
    }

    QmtpConversation conversation;
};

TEST(QmtpConversation, TakesAMessage) {
    const std::string one = package("\nSubject: x\n\n.\n", "a@b.example", {"c@d", "e f@g"});
    for (const std::size_t most : {std::string::npos, std::size_t{1}, std::size_t{7}}) {
        const Settings settings = usual_settings();
        Logged logged;
        {
            QmtpTalk talk(settings, logged);
            EXPECT_EQ(talk.send(one.substr(0, one.size() - 1), most), "");
            EXPECT_EQ(talk.send(one.substr(one.size() - 1)),
                      "14:Kmessage taken,14:Kmessage taken,");
            EXPECT_EQ(talk.conversation.wish(), Dialogue::Wish::input);
        }
        EXPECT_THAT(logged.log(), HasSubstr(R"("hello":"","esmtp":false,"tls":null,"auth":null,)"
                                            R"("sender":{"address":"a@b.example",)"));
        EXPECT_THAT(logged.log(), HasSubstr(R"("address":"e f@g")"));
        EXPECT_THAT(logged.log(), HasSubstr(R"("body":"Subject: x\r\n\r\n.\r\n")"));
        EXPECT_THAT(logged.log(), HasSubstr(R"("transfer":"QMTP")"));
        EXPECT_THAT(logged.log(), HasSubstr(R"("accepted":true,"reply":"Kmessage taken")"));
        EXPECT_EQ(logged.faults(), 0U);
        EXPECT_THAT(logged.journal.summary_json(), HasSubstr(R"("ended_without_quit":0)"));
        EXPECT_THAT(logged.journal.summary_json(), HasSubstr(R"("lost_in_message":0)"));
    }
}

TEST(QmtpConversation, TakesBothFormsForTheSame) {
    for (const std::string& message : {"\na\nb\n"s, "\ra\r\nb\r\n"s}) {
        const Settings settings = usual_settings();
        Logged logged;
        QmtpTalk talk(settings, logged);
        EXPECT_EQ(talk.send(package(message, "", {"c@d"})), "14:Kmessage taken,");
        EXPECT_THAT(logged.log(), HasSubstr(R"("size":6,"lines":2,)"));
        EXPECT_THAT(logged.log(), HasSubstr(R"("body":"a\r\nb\r\n")"));
        EXPECT_EQ(logged.faults(), 0U);
    }
}

TEST(QmtpConversation, TakesAnEmptyMessageAndOneWithoutNewline) {
    const Settings settings = usual_settings();
    Logged logged;
    QmtpTalk talk(settings, logged);
    EXPECT_EQ(talk.send(package("\n", "", {"c@d"})), "14:Kmessage taken,");
    EXPECT_THAT(logged.log(), HasSubstr(R"("ends_with_newline":true)"));
    EXPECT_EQ(talk.send(package("\nx", "", {"c@d"})), "14:Kmessage taken,");
    EXPECT_THAT(logged.log(), HasSubstr(R"("ends_with_newline":false)"));
    EXPECT_EQ(logged.faults(), 0U);
}

TEST(QmtpConversation, TakesPackagesThatComeTogether) {
    const Settings settings = usual_settings();
    Logged logged;
    QmtpTalk talk(settings, logged);
    EXPECT_EQ(talk.send(package("\na\n", "", {"c@d"}) + package("\rb\r\n", "", {"e@f", "g@h"})),
              "14:Kmessage taken,14:Kmessage taken,14:Kmessage taken,");
    EXPECT_THAT(logged.journal.summary_json(), HasSubstr(R"("messages":2)"));
    EXPECT_EQ(logged.faults(), 0U);
}

TEST(QmtpConversation, BlamesBareCrAndLf) {
    const Settings settings = usual_settings();
    Logged logged;
    QmtpTalk talk(settings, logged);
    talk.send(package("\na\r\nb\rc\n", "", {"c@d"}), 1);
    EXPECT_EQ(logged.times(Violation::bare_cr), 2U);
    EXPECT_EQ(logged.times(Violation::bare_lf), 0U);
    talk.send(package("\ra\nb\r\n", "", {"c@d"}), 1);
    EXPECT_EQ(logged.times(Violation::bare_lf), 1U);
}

TEST(QmtpConversation, LeavesWhoSendsNoPackage) {
    for (const std::string& bytes :
         {"EHLO me.example\r\n"s, ":"s, "03:\nx,"s, "0:,"s, "2:xy,"s, "2:\nx;"s,
          "99999999999999999999:"s, "2:\nx,0:x"s, "2:\nx,0:,0:,"s, "2:\nx,0:,4:2:ab,,"s,
          "2:\nx,0:,3:2:a"s, "2:\nx,0:,5:1:a,1"s, "2:\nx,0:,4:1:a,;"s, "2:\nx,0:,99999999:"s,
          "2:\nx,0:,4:1:a;"s, "2:\nx,0:,1:1:"s}) {
        for (const std::size_t most : {std::string::npos, std::size_t{1}}) {
            const Settings settings = usual_settings();
            Logged logged;
            {
                QmtpTalk talk(settings, logged);
                // One more byte shows what a byte too few would hide.
                EXPECT_EQ(talk.send(bytes + "\n", most), "");
                EXPECT_EQ(talk.conversation.wish(), Dialogue::Wish::close) << bytes;
            }
            EXPECT_EQ(logged.times(Violation::syntax), 1U) << bytes;
            EXPECT_THAT(logged.journal.summary_json(), HasSubstr(R"("messages":0)"));
        }
    }
}

// The memo, section 2: a package that was not finished is thrown away.
TEST(QmtpConversation, APackageCutOffIsNoMessage) {
    const std::string one = package("\na\n", "s@t", {"c@d", "e@f"});
    for (std::size_t count = 1; count < one.size(); ++count) {
        const Settings settings = usual_settings();
        Logged logged;
        {
            QmtpTalk talk(settings, logged);
            EXPECT_EQ(talk.send(one.substr(0, count)), "");
        }
        EXPECT_EQ(logged.log(), "");
        EXPECT_THAT(logged.journal.summary_json(), HasSubstr(R"("lost_in_message":1)"));
        EXPECT_EQ(logged.faults(), 0U);
    }
}

TEST(QmtpConversation, RefusesAsTold) {
    Settings settings = usual_settings();
    using Kind = ScriptedReply::Kind;
    settings.rejected.push_back({"@bad.example", {Kind::words, 550, "not there"}});
    settings.rejected.push_back({"later@d", {Kind::words, 451, "come again"}});
    Logged logged;
    QmtpTalk talk(settings, logged);
    EXPECT_EQ(talk.send(package("\na\n", "", {"a@bad.example", "c@d", "later@d"})),
              "10:Dnot there,14:Kmessage taken,11:Zcome again,");
    EXPECT_THAT(logged.log(), HasSubstr(R"("refused_recipients":[{"address":"a@bad.example",)"
                                        R"("reply":"Dnot there"},)"));
    EXPECT_EQ(talk.send(package("\na\n", "", {"a@bad.example"})), "10:Dnot there,");
    EXPECT_THAT(logged.journal.summary_json(), HasSubstr(R"("messages":1,"messages_refused":1)"));
    EXPECT_EQ(logged.faults(), 0U);
}

TEST(QmtpConversation, FollowsTheScript) {
    Settings settings = usual_settings();
    using Kind = ScriptedReply::Kind;
    settings.rejected.push_back({"gone@d", {Kind::hang_up, 0, ""}});
    settings.script[static_cast<std::size_t>(Stage::rcpt)] = {{Kind::usual, 0, ""},
                                                              {Kind::words, 452, "full"}};
    settings.script[static_cast<std::size_t>(Stage::message)] = {
        {Kind::words, 250, "fine"}, {Kind::words, 554, "spam"}, {Kind::usual, 0, ""}};
    Logged logged;
    QmtpTalk talk(settings, logged);
    EXPECT_EQ(talk.send(package("\na\n", "", {"a@b", "c@d"})), "5:Kfine,5:Zfull,");
    Logged other;
    Settings refusing = settings;
    refusing.script[static_cast<std::size_t>(Stage::rcpt)].clear();
    QmtpTalk second(refusing, other);
    second.send(package("\na\n", "", {"a@b"}));
    EXPECT_EQ(second.send(package("\na\n", "", {"a@b", "c@d"})), "5:Dspam,5:Dspam,");
    EXPECT_EQ(second.send(package("\na\n", "", {"a@b", "gone@d", "c@d"})), "14:Kmessage taken,");
    EXPECT_EQ(second.conversation.wish(), Dialogue::Wish::close);
}

TEST(QmtpConversation, KeepsItsLimits) {
    Settings settings = usual_settings();
    settings.largest_message = 10;
    settings.most_recipients = 2;
    Logged logged;
    QmtpTalk talk(settings, logged);
    EXPECT_EQ(talk.send(package("\n" + std::string(11, 'x'), "", {"a@b"})),
              netstring("Dthe message is too large (#5.3.4)"));
    EXPECT_EQ(talk.send(package("\n" + std::string(10, 'x'), "", {"a@b", "c@d", "e@f"})),
              netstring("Kmessage taken") + netstring("Kmessage taken") +
                  netstring("Ztoo many recipients (#4.5.3)"));
    EXPECT_EQ(talk.send(package("\nx", "", {std::string(4097, 'a'), "a@b"})),
              netstring("Dthat address is too long (#5.1.3)") + netstring("Kmessage taken"));
    EXPECT_EQ(talk.send(package("\nx", std::string(4097, 'a'), {"a@b"})),
              netstring("Dthat sender is not an address (#5.1.7)"));
    EXPECT_EQ(talk.send(package("\nx", "", {"a@b"})), netstring("Kmessage taken"));
    EXPECT_EQ(logged.faults(), 0U);
}

TEST(QmtpConversation, BlamesWhatIsNoAddress) {
    const Settings settings = usual_settings();
    Logged logged;
    QmtpTalk talk(settings, logged);
    EXPECT_EQ(talk.send(package("\nx\n", "", {"", "a\n@b", "c\0@d"s, "e@f"})),
              netstring("Dthat is not an address (#5.1.3)") +
                  netstring("Dthat is not an address (#5.1.3)") +
                  netstring("Dthat is not an address (#5.1.3)") + netstring("Kmessage taken"));
    EXPECT_EQ(talk.send(package("\nx\n", "a\rb", {"e@f"})),
              netstring("Dthat sender is not an address (#5.1.7)"));
    EXPECT_EQ(logged.times(Violation::syntax), 4U);
}

TEST(QmtpConversation, HoldsItsAnswersBack) {
    Settings settings = usual_settings();
    settings.delay = std::chrono::milliseconds(1);
    Logged logged;
    QmtpTalk talk(settings, logged);
    const std::string one = package("\nx\n", "", {"e@f"});
    const std::string two = one + one;
    EXPECT_EQ(talk.conversation.take(two), one.size());
    EXPECT_EQ(talk.conversation.wish(), Dialogue::Wish::pause);
    talk.conversation.resume(true);
    EXPECT_EQ(talk.conversation.wish(), Dialogue::Wish::input);
    EXPECT_EQ(logged.faults(), 0U);
}

/// The sender's connection to a receiver's conversation, nothing between them.
class Direct final : public Stream {
public:
    explicit Direct(QmtpConversation& receiver) : receiver_(receiver) {}

    Task<std::size_t> read_some(std::span<char> into, Deadline) override {
        std::string& said = receiver_.output();
        if (said.empty() && receiver_.wish() == Dialogue::Wish::input)
            co_return Failure(tern::Stage::start, Cause::timed_out, "nothing was said");
        const std::size_t count = std::min(into.size(), said.size());
        said.copy(into.data(), count);
        said.erase(0, count);
        co_return count;
    }
    Task<Done> write(std::string_view bytes, Deadline) override {
        receiver_.input_arrived();
        EXPECT_EQ(receiver_.take(bytes), bytes.size());
        co_return Done();
    }

private:
    QmtpConversation& receiver_;
};

struct Sent {
    session::Progress progress;
    bool succeeded = false;
};

Sent sent(QmtpConversation& receiver, const std::string& message, const std::string& sender,
          const std::vector<std::string>& recipients) {
    const StoppedClock clock;
    TextMessage text(message);
    session::Envelope envelope;
    envelope.sender = *smtp::parse_address(sender);
    for (const std::string& recipient : recipients)
        envelope.recipients.push_back(*smtp::parse_address(recipient));
    Direct direct(receiver);
    Sent made;
    const Result<std::uint64_t> size =
        session::measure_for_qmtp(clock, std::chrono::seconds(1), text).run();
    if (!size) return made;
    Task<Done> task = session::deliver_by_qmtp(clock, direct, std::chrono::seconds(1), envelope,
                                               text, *size, made.progress);
    made.succeeded = task.run().has_value();
    return made;
}

TEST(QmtpBothSides, UnderstandEachOther) {
    for (const std::string& message :
         {""s, "\n"s, "a\n.\n..\n"s, "a\r\nb\rc\n"s, "\0\xff\r"s, std::string(200'000, 'x') + "\n",
          std::string(32767, 'x') + "\r\nx\n"}) {
        Settings settings = usual_settings();
        Expectation expectation;
        expectation.text = tern::test::reference_body(message, false);
        Logged logged(expectation);
        settings.rejected.push_back({"@bad.example", {ScriptedReply::Kind::words, 450, "no\nnot"}});
        QmtpTalk talk(settings, logged);
        const Sent outcome =
            sent(talk.conversation, message, "", {"a b@c.example", "d@bad.example", "#@[]"});
        EXPECT_TRUE(outcome.succeeded);
        EXPECT_TRUE(outcome.progress.end_of_data_written);
        ASSERT_EQ(outcome.progress.recipients.size(), 3U);
        EXPECT_TRUE(outcome.progress.recipients[0].accepted());
        EXPECT_EQ(outcome.progress.recipients[1].reply->code, 450);
        EXPECT_EQ(outcome.progress.recipients[1].reply->text, "no\nnot");
        EXPECT_EQ(outcome.progress.accepted->text, "message taken");
        EXPECT_THAT(logged.log(), HasSubstr(R"("address":"a b@c.example")"));
        EXPECT_THAT(logged.log(), HasSubstr(R"("as_expected":true)"));
        EXPECT_EQ(logged.faults(), 0U);
    }
}

TEST(QmtpBothSides, APartialLineIsNeverAMessage) {
    const Settings settings = usual_settings();
    Logged logged;
    QmtpTalk talk(settings, logged);
    EXPECT_FALSE(sent(talk.conversation, "a\nb", "a@b", {"c@d"}).succeeded);
    EXPECT_THAT(logged.log(), Not(HasSubstr("message")));
}

}  // namespace
}  // namespace tern::sink
