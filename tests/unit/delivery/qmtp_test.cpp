// Deliveries by QMTP to scripted servers; and to servers that are gone, mute
// and talking garbage at every byte.
#include <gmock/gmock.h>

#include "base/text.hpp"
#include "smtp/netstring.hpp"
#include "support/laws.hpp"
#include "support/reference_body.hpp"
#include "support/simulated_environment.hpp"

namespace tern::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view relay = "192.0.2.9";
constexpr std::uint16_t port = 209;

// What must cross the wire for the world's message as `body`.
std::string package_of(const SimulatedEnvironment& environment, std::string_view body) {
    std::string recipients;
    for (const std::string& recipient : environment.recipients)
        recipients += smtp::netstring(recipient);
    return concat(smtp::netstring(concat("\n", body)), smtp::netstring(environment.sender),
                  smtp::netstring(recipients));
}

/// What one server does: it reads so much of the package, says so much, then this.
struct Part {
    enum class End { waits, hangs_up, resets, mute, deaf };
    std::size_t hears = 0;
    std::string says;
    End end = End::waits;
};

Task<Done> play(Part part, Peer& peer) {
    co_await peer.hears_bytes(part.hears);
    if (!part.says.empty()) co_await peer.says_raw(part.says);
    switch (part.end) {
        case Part::End::hangs_up: peer.hangs_up(); break;
        case Part::End::resets: peer.resets(); break;
        case Part::End::deaf: co_return co_await peer.goes_deaf();
        case Part::End::waits:
        case Part::End::mute: co_return co_await peer.goes_mute();
    }
    co_return Done();
}

Script script_of(const Part& part) {
    return [part](Peer& peer) { return play(part, peer); };
}

/// A world whose mail for everybody goes to the relay by QMTP.
class Qmtp {
public:
    explicit Qmtp(std::uint64_t seed = 1) : environment(seed) {
        environment.settings.routes.qmtproutes = concat(":[", relay, "]\n");
        environment.recipients = {"bob@example.net", "carol d@example.net"};
    }

    [[nodiscard]] std::string package() const {
        return package_of(environment, environment.message.content);
    }
    /// Delivers to a relay that reads the whole package and says this.
    std::vector<std::string> answered(const std::string& answers) {
        return played({package().size(), answers});
    }
    std::vector<std::string> played(const Part& part) {
        environment.add_server(relay, port, script_of(part));
        return delivered();
    }
    std::vector<std::string> delivered() {
        outcome = environment.deliver();
        check_form(environment, outcome);
        EXPECT_TRUE(environment.simulation.complaints().empty()) << story();
        return parts_of(outcome.rendered);
    }
    [[nodiscard]] std::string written(std::size_t connection = 0) {
        return environment.connections[connection].peer->heard(false).clear;
    }
    [[nodiscard]] std::string story() const { return story_of(environment, outcome); }

    SimulatedEnvironment environment;
    Outcome outcome;
};

TEST(Qmtp, OnePackageOneAnswerForEach) {
    Qmtp qmtp;
    EXPECT_THAT(qmtp.answered("17:Kok 1290 qp 12345,5:Kalso,"),
                ElementsAre("r", "r",
                            "K192.0.2.9 accepted message.\nRemote host said: ok 1290 qp 12345\n"));
    EXPECT_EQ(qmtp.written(), qmtp.package());
    EXPECT_EQ(qmtp.package(),
              "24:\nSubject: hello\n\nHello.\n,20:alice@sender.example,"
              "42:15:bob@example.net,19:carol d@example.net,,");
    EXPECT_TRUE(qmtp.outcome.end_of_data_written);
}

TEST(Qmtp, SomeAreRefused) {
    Qmtp qmtp;
    EXPECT_THAT(qmtp.answered("19:Dsorry, no mailbox.,3:Kok,"),
                ElementsAre("h192.0.2.9 does not like recipient.\n"
                            "Remote host said: sorry, no mailbox.\n",
                            "r", "K192.0.2.9 accepted message.\nRemote host said: ok\n"));
    Qmtp later;
    EXPECT_THAT(later.answered("1:K,6:Zlater,"),
                ElementsAre("r", "s192.0.2.9 does not like recipient.\nRemote host said: later\n",
                            "K192.0.2.9 accepted message.\nRemote host said: \n"));
}

TEST(Qmtp, AllAreRefused) {
    Qmtp qmtp;
    EXPECT_THAT(qmtp.answered("3:Dno,6:Zlater,"),
                ElementsAre("h192.0.2.9 does not like recipient.\nRemote host said: no\n",
                            "s192.0.2.9 does not like recipient.\nRemote host said: later\n",
                            "DGiving up on 192.0.2.9.\n"));
    EXPECT_TRUE(qmtp.outcome.end_of_data_written);
}

TEST(Qmtp, OddWordsAreSanitised) {
    Qmtp qmtp;
    const std::string words = smtp::netstring(std::string("D\0a\r\n\x1b[1m", 9));
    EXPECT_THAT(qmtp.answered(words + words),
                ElementsAre("h192.0.2.9 does not like recipient.\nRemote host said: ?a\n?[1m\n",
                            testing::_, "DGiving up on 192.0.2.9.\n"));
}

// contract.md#body; the length counts what is sent.
TEST(Qmtp, NewlinesBecomeLf) {
    for (const auto& [message, body] : std::vector<std::pair<std::string, std::string>>{
             {"a\r\nb\rc\n.\n", "a\nb\nc\n.\n"}, {"\r", "\n"}, {"", ""}, {"\r\n", "\n"},
             {std::string("\0\xff\n", 3), std::string("\0\xff\n", 3)},
             {std::string(32767, 'x') + "\r\ny\n", std::string(32767, 'x') + "\ny\n"},
             {std::string(100'000, '\r'), std::string(100'000, '\n')},
             {std::string(200'000, 'x') + "\n", std::string(200'000, 'x') + "\n"}}) {
        Qmtp qmtp;
        qmtp.environment.message.content = message;
        const std::string package = package_of(qmtp.environment, body);
        EXPECT_THAT(qmtp.played({package.size(), "1:K,1:K,"}),
                    ElementsAre("r", "r", StartsWith("K192.0.2.9 accepted message.")));
        EXPECT_EQ(qmtp.written(), package);
    }
}

TEST(Qmtp, OddSenders) {
    for (const char* sender : {"", "#@[]", "a\"b@sender.example"}) {
        Qmtp qmtp;
        qmtp.environment.sender = sender;
        EXPECT_THAT(qmtp.answered("1:K,1:K,"), ElementsAre("r", "r", StartsWith("K")));
        EXPECT_EQ(qmtp.written(), qmtp.package());
    }
}

TEST(Qmtp, APartialLastLineIsNotSent) {
    Qmtp qmtp;
    qmtp.environment.message.content = "a\nb";
    EXPECT_THAT(qmtp.played({1, ""}),
                ElementsAre("DSMTP cannot transfer messages with partial final lines. (#5.6.2)\n"
                            "QMTP can, but the relay may have to forward the message by SMTP.\n"));
    EXPECT_EQ(qmtp.environment.dials, 0U);
}

TEST(Qmtp, APipeHasNoLength) {
    Qmtp qmtp;
    qmtp.environment.message.pipe = true;
    EXPECT_THAT(qmtp.played({1, ""}),
                ElementsAre(testing::AllOf(StartsWith("ZUnable to read message. (#4.3.0)\nQMTP "),
                                           HasSubstr("not a pipe"))));
    EXPECT_EQ(qmtp.environment.dials, 0U);
}

TEST(Qmtp, AnUnreadableMessageIsDeferred) {
    Qmtp qmtp;
    qmtp.environment.message.fails_at = 5;
    EXPECT_THAT(qmtp.played({1, ""}), ElementsAre(StartsWith("ZUnable to read message. (#4.3.0)")));
    EXPECT_EQ(qmtp.environment.dials, 0U);
}

/// Replaces the message once so much of the package has come.
Task<Done> changes_the_message(SimulatedEnvironment* environment, std::size_t after,
                               std::string content, Peer& peer) {
    co_await peer.hears_bytes(after);
    environment->message.content = std::move(content);
    co_return co_await peer.goes_mute();
}

TEST(Qmtp, AMessageThatChangesIsNeverComplete) {
    const std::string line(99, 'x');
    std::string message;
    while (message.size() < 600'000) message += line + "\n";
    const std::string partial = message.substr(0, message.size() - 1) + "x";
    for (const std::string& changed : {message.substr(0, 300'000), message + "more\n", partial}) {
        Qmtp qmtp;
        qmtp.environment.message.content = message;
        const std::string package = qmtp.package();
        qmtp.environment.add_server(relay, port, [&](Peer& peer) {
            return changes_the_message(&qmtp.environment, 40'000, changed, peer);
        });
        EXPECT_THAT(qmtp.delivered(), ElementsAre(HasSubstr("\nit changed while it was being ")));
        EXPECT_LT(qmtp.written().size(), message.size() + 10);
        EXPECT_FALSE(qmtp.outcome.end_of_data_written);
    }
}

TEST(Qmtp, AnswersBeforeTheEndAreNoAnswers) {
    Qmtp qmtp;
    qmtp.environment.message.content = std::string(500'000, 'x') + "\n";
    EXPECT_THAT(
        qmtp.played({40'000, "1:K,1:K,"}),
        ElementsAre(testing::AllOf(StartsWith("ZConnected to 192.0.2.9 but connection died. "
                                              "[192.0.2.9]:209: "),
                                   HasSubstr("the server sent data before"))));
    EXPECT_FALSE(qmtp.outcome.end_of_data_written);
}

TEST(Qmtp, OfAnAnswerTooManyNoneCounts) {
    Qmtp qmtp;
    EXPECT_THAT(qmtp.answered("1:K,1:K,1:K,"),
                ElementsAre(StartsWith("ZConnected to 192.0.2.9 but connection died. "
                                       "Possible duplicate! [192.0.2.9]:209: the server sent more "
                                       "answers")));
}

// The first has the message and is not offered it again; of the second it is unknown.
TEST(Qmtp, LostBehindTheFirstAnswer) {
    Qmtp qmtp;
    EXPECT_THAT(qmtp.played({qmtp.package().size(), "3:Kok,", Part::End::hangs_up}),
                ElementsAre("r",
                            "sConnected to 192.0.2.9 but connection died. Possible duplicate! "
                            "[192.0.2.9]:209: the server closed the connection before answer 2 of "
                            "2 was complete (#4.4.2)\n",
                            "K192.0.2.9 accepted message.\nRemote host said: ok\n"));
}

TEST(Qmtp, RelaysInOrder) {
    Qmtp qmtp;
    qmtp.environment.settings.routes.qmtproutes = ":[192.0.2.7],[192.0.2.8],[192.0.2.9]:2209\n";
    qmtp.environment.message.content = std::string(500'000, 'x') + "\n";
    qmtp.environment.hosts[{*IpAddress::parse("192.0.2.7"), port}].behaviour =
        Host::Behaviour::refuses;
    qmtp.environment.add_server("192.0.2.8", port, script_of({10, "busy", Part::End::waits}));
    qmtp.environment.add_server("192.0.2.9", 2209, script_of({qmtp.package().size(), "1:K,1:K,"}));
    EXPECT_THAT(qmtp.delivered(), ElementsAre("r", "r", StartsWith("K192.0.2.9 accepted")));
}

TEST(Qmtp, NoServerAnswers) {
    Qmtp qmtp;
    qmtp.environment.hosts[{*IpAddress::parse(relay), port}].behaviour = Host::Behaviour::silent;
    EXPECT_THAT(qmtp.delivered(),
                ElementsAre(StartsWith("ZSorry, I wasn't able to establish a QMTP connection. "
                                       "(#4.4.1)\n[192.0.2.9]:209: ")));
}

TEST(Qmtp, NeverAgainstADemandForTls) {
    Qmtp qmtp;
    qmtp.environment.settings.routes.qmtproutes = ":mx.example\n";
    qmtp.environment.add_address("mx.example", relay);
    qmtp.environment.server_files.required.insert("mx.example");
    EXPECT_THAT(qmtp.delivered(),
                ElementsAre(testing::AllOf(StartsWith("ZUnable to read control files. (#4.3.0)\n"),
                                           HasSubstr("requires TLS for mx.example"),
                                           HasSubstr("control/qmtproutes, line 1"))));
    EXPECT_TRUE(qmtp.environment.connections.empty());
}

TEST(Qmtp, AnEmptyRelayMeansSmtp) {
    Qmtp qmtp;
    qmtp.environment.settings.routes.qmtproutes = "example.net:\n:[192.0.2.9]\n";
    qmtp.environment.host = "example.net";
    EXPECT_THAT(qmtp.delivered(), ElementsAre(StartsWith("DSorry, I couldn't find any host")));
}

/// What holds whatever the server did, by the bytes that it sent after the whole package.
void expect_laws(Qmtp& qmtp, const std::vector<std::string>& parts, std::string_view answers) {
    const bool complete = qmtp.written() == qmtp.package();
    EXPECT_TRUE(qmtp.package().starts_with(qmtp.written()));
    EXPECT_EQ(qmtp.outcome.end_of_data_written, complete);
    EXPECT_EQ(qmtp.environment.dials, complete                                   ? 1U
                                      : qmtp.environment.connections.size() == 2 ? 2U
                                                                                 : 1U);
    smtp::NetstringReader first;
    smtp::NetstringReader second;
    std::size_t taken = first.feed(answers);
    const bool first_yes = complete && first.state() == smtp::NetstringReader::State::complete &&
                           first.text().starts_with('K');
    taken += second.feed(answers.substr(taken));
    const bool second_yes = first_yes &&
                            second.state() == smtp::NetstringReader::State::complete &&
                            second.text().starts_with('K');
    const bool surplus = taken < answers.size();
    const std::string& last = parts.back();
    if (!complete) {
        EXPECT_THAT(qmtp.outcome.rendered, testing::Not(HasSubstr("Possible duplicate!")));
        EXPECT_EQ(last.front(), 'Z');
    } else if (first_yes && second_yes && !surplus) {
        EXPECT_THAT(parts, ElementsAre("r", "r", StartsWith("K")));
    } else if (first_yes && !second_yes && parts.size() == 3) {
        EXPECT_THAT(parts, ElementsAre("r", testing::AnyOf(StartsWith("h"), StartsWith("s")),
                                       StartsWith("K")));
    } else if (last.front() == 'Z') {
        EXPECT_THAT(last, HasSubstr("Possible duplicate! "));
    } else {
        EXPECT_THAT(parts, ElementsAre(StartsWith("h"), StartsWith("h"), StartsWith("DGiving up")));
    }
}

void expect_laws_after(const Part& part, std::string_view answers, std::uint64_t seed) {
    Qmtp qmtp(seed);
    qmtp.environment.settings.timeout_remote = std::chrono::seconds(60);
    const std::vector<std::string> parts = qmtp.played(part);
    expect_laws(qmtp, parts, answers);
    EXPECT_LE(qmtp.outcome.took, std::chrono::seconds(400));
    if (testing::Test::HasFailure())
        FAIL() << "heard " << part.hears << ", said " << shown(part.says) << ", then "
               << static_cast<int>(part.end) << "\n" << qmtp.story();
}

constexpr std::array ends{Part::End::waits, Part::End::hangs_up, Part::End::resets,
                          Part::End::mute, Part::End::deaf};

TEST(Qmtp, KeepsTheLawsAtEveryByteOfThePackage) {
    const std::size_t whole = Qmtp().package().size();
    std::uint64_t seed = 0;
    for (std::size_t hears = 0; hears <= whole; ++hears)
        for (const Part::End end : ends)
            ASSERT_NO_FATAL_FAILURE(expect_laws_after({hears, "", end}, "", ++seed));
}

TEST(Qmtp, KeepsTheLawsAtEveryByteOfTheAnswers) {
    const std::size_t whole = Qmtp().package().size();
    std::uint64_t seed = 0;
    for (const std::string_view all : {"3:Kok,6:Kagain,", "3:Kok,3:Dno,", "3:Dno,3:Dno,"})
        for (std::size_t said = 0; said <= all.size(); ++said)
            for (const Part::End end : ends) {
                // What a reset overtakes on its way is lost, be it said or not.
                if (end == Part::End::resets && said > 0) continue;
                const std::string_view part = all.substr(0, said);
                ASSERT_NO_FATAL_FAILURE(
                    expect_laws_after({whole, std::string(part), end}, part, ++seed));
            }
}

TEST(Qmtp, KeepsTheLawsWhateverIsRaved) {
    const std::size_t whole = Qmtp().package().size();
    std::uint64_t seed = 0;
    for (const std::string& rant :
         {std::string("250 ok\r\n"), std::string("K"), std::string("0:,"), std::string("1:X,1:K,"),
          std::string("03:Kok,"), std::string("3:Kok;"), std::string(",,,,"), std::string(5, '\0'),
          std::string("99999999999999999999:K"), std::string("1048577:K"), std::string("\xff\xfe"),
          std::string(2'000'000, '1'), std::string(2'000'000, ','), std::string("220 mx\r\n"),
          concat("1000000:D", std::string(1'200'000, 'x'))})
        for (const std::string_view before : {"", "1:K,", "1:D,"})
            for (const Part::End end : {Part::End::waits, Part::End::hangs_up}) {
                const std::string said = concat(before, rant);
                ASSERT_NO_FATAL_FAILURE(expect_laws_after({whole, said, end}, said, ++seed));
            }
    // In the middle of the package.
    for (const std::size_t hears : {std::size_t{0}, whole / 2, whole - 1})
        for (const char* rant : {"250 ok\r\n", "1:K,1:K,", "x"})
            ASSERT_NO_FATAL_FAILURE(expect_laws_after({hears, rant}, rant, ++seed));
}

}  // namespace
}  // namespace tern::test
