// How a session with a server ends, told by what it was that failed: TLS, STARTTLS, the name, a
// command or the message.
#include "session/session.hpp"

#include <gmock/gmock.h>

#include <openssl/ssl.h>

#include "support/peer.hpp"
#include "support/simulated_world.hpp"
#include "support/wire.hpp"

namespace tern::session {
namespace {

using test::Certificate;
using test::Peer;
using test::Side;
using testing::HasSubstr;
using testing::Not;

constexpr Duration timeout = std::chrono::seconds(300);
constexpr Duration for_tls = std::chrono::seconds(100);

/// A session with a scripted server: alice@sender.example writes to those named.
class Table {
public:
    explicit Table(test::Script script, const std::vector<std::string>& to = {"bob@example.net"},
                   test::WireTemper temper = test::WireTemper())
        : message(simulation),
          wire_(std::make_shared<test::Wire>(simulation, temper)),
          peer_(simulation, wire_, "server"),
          server_(script(peer_)) {
        envelope_.sender = *smtp::parse_address("alice@sender.example");
        for (const std::string& each : to)
            envelope_.recipients.push_back(*smtp::parse_address(each));
        terms.hello_name = "me.example";
        terms.server_name = "mx.example.net";
        terms.timeout_remote = timeout;
        server_.start();
    }
    ~Table() {
        session.reset();
        simulation.cancel_all_waits();
        while (simulation.step()) {}
        EXPECT_TRUE(server_.finished());
    }

    Result<Done> open() {
        session.emplace(simulation, random_,
                        std::make_unique<test::WireEnd>(wire_, Side::client), terms);
        return run(session->open());
    }
    Result<Done> transact() {
        progress = Progress();
        return run(session->transact(envelope_, message, progress));
    }
    Result<Done> deliver() {
        Result<Done> opened = open();
        return opened ? transact() : opened;
    }
    [[nodiscard]] std::string written() const { return wire_->written_by(Side::client); }
    [[nodiscard]] Duration took() const { return took_; }
    [[nodiscard]] const std::string& trouble() { return trouble_; }

    test::Simulation simulation{1};
    Terms terms;
    test::SimulatedMessage message;
    Progress progress;
    std::optional<Session> session;

private:
    Result<Done> run(Task<Done> task) {
        const Time begun = simulation.now();
        task.start();
        while (!task.finished() && simulation.step()) {}
        EXPECT_TRUE(task.finished());
        took_ = simulation.now() - begun;
        if (server_.finished() && trouble_.empty()) {
            const Result<Done> ended = server_.take();
            if (!ended) trouble_ = ended.error().detail;
        }
        return task.take();
    }

    test::SeededRandom random_{1};
    std::shared_ptr<test::Wire> wire_;
    Peer peer_;
    Task<Done> server_;
    Envelope envelope_;
    Duration took_{};
    std::string trouble_;
};

void expect_failure(const Result<Done>& result, Stage stage, Cause cause,
                    const std::string& words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().stage, stage) << result.error().detail;
    EXPECT_EQ(result.error().cause, cause) << result.error().detail;
    EXPECT_THAT(result.error().detail, HasSubstr(words));
}

Task<Done> greets(Peer& mx, std::string offers) {
    co_await mx.says("220 mx.example.net");
    co_await mx.expects("EHLO me.example");
    std::string reply = "250-mx.example.net\n250 " + offers;
    co_await mx.says(std::move(reply));
    co_return Done();
}

Task<Done> agrees_on_tls(Peer& mx, std::string name) {
    co_await greets(mx, "STARTTLS");
    co_await mx.expects("STARTTLS");
    co_await mx.says("220 go ahead");
    co_await mx.starts_tls(std::move(name), Certificate::good);
    co_return Done();
}

/// The name of a server that speaks TLS 1.2 at most.
std::string old_server() {
    static const std::string name = "old.example.net";
    SSL_CTX_set_max_proto_version(test::server_context(name, Certificate::good), TLS1_2_VERSION);
    return name;
}

// ---- TLS that ends before the first reply inside it ----

Task<Done> closes_in_tls(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.hears();
    mx.hangs_up();
    co_return Done();
}
Task<Done> resets_in_tls(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.hears();
    mx.resets();
    co_return Done();
}
Task<Done> mute_in_tls(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.goes_mute();
    co_return Done();
}
Task<Done> leaves_at_once(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    mx.hangs_up();
    co_return Done();
}
Task<Done> renegotiates(Peer& mx, std::string name) {
    co_await agrees_on_tls(mx, std::move(name));
    co_await mx.asks_for_renegotiation();
    co_await mx.hears();
    co_return Done();
}

TEST(SessionTls, EveryEndBeforeTheFirstReplyInsideIsAFailureOfTls) {
    using Ending = Task<Done> (*)(Peer&, std::string);
    for (const Ending ending : {closes_in_tls, resets_in_tls, mute_in_tls, leaves_at_once}) {
        for (const std::string& name : {std::string("mx.example.net"), old_server()}) {
            Table table([&](Peer& mx) { return ending(mx, name); });
            expect_failure(table.open(), Stage::handshake, Cause::tls, "TLS with mx.example.net");
            EXPECT_FALSE(table.session->in_step());
        }
    }
}

TEST(SessionTls, SoIsAnEndAfterAWishToRenegotiate) {
    Table table([](Peer& mx) { return renegotiates(mx, old_server()); });
    expect_failure(table.open(), Stage::handshake, Cause::tls, "TLS with mx.example.net");
}

Task<Done> answers_in_tls_and_closes(Peer& mx) {
    co_await agrees_on_tls(mx, "mx.example.net");
    co_await mx.expects("EHLO me.example");
    co_await mx.says("250 mx.example.net");
    co_await mx.hears();
    mx.hangs_up();
    co_return Done();
}

TEST(SessionTls, AnEndAfterItIsALostConnection) {
    Table table(answers_in_tls_and_closes);
    ASSERT_TRUE(table.open());
    const Result<Done> ended = table.transact();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().stage, Stage::mail) << ended.error().detail;
    EXPECT_FALSE(table.progress.end_of_data_written);
}

TEST(SessionTls, SilenceInsideIsBoundedWithStarttlsAndTheHandshake) {
    Table table([](Peer& mx) { return mute_in_tls(mx, "mx.example.net"); });
    table.terms.tls_patience = for_tls;
    expect_failure(table.open(), Stage::handshake, Cause::tls, "timed out after");
    EXPECT_LE(table.took(), for_tls + std::chrono::seconds(5));
}

// ---- STARTTLS ----

Task<Done> mute_at_starttls(Peer& mx) {
    co_await greets(mx, "STARTTLS");
    co_await mx.expects("STARTTLS");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionStartTls, ThatIsNotAnsweredCostsWhatTlsMayCost) {
    Table table(mute_at_starttls);
    table.terms.tls_patience = for_tls;
    expect_failure(table.open(), Stage::start_tls, Cause::timed_out,
                   "timed out after 100 seconds waiting for the reply to STARTTLS");
}

Task<Done> hangs_up_at_starttls(Peer& mx) {
    co_await greets(mx, "STARTTLS");
    co_await mx.expects("STARTTLS");
    mx.hangs_up();
    co_return Done();
}

TEST(SessionStartTls, ThatIsAnsweredByClosing) {
    Table table(hangs_up_at_starttls);
    expect_failure(table.open(), Stage::start_tls, Cause::closed,
                   "the server closed the connection before the reply to STARTTLS was complete");
}

Task<Done> raves_at_starttls(Peer& mx) {
    co_await greets(mx, "STARTTLS");
    co_await mx.expects("STARTTLS");
    co_await mx.says("what?");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionStartTls, ThatIsAnsweredWithGarbage) {
    Table table(raves_at_starttls);
    expect_failure(table.open(), Stage::start_tls, Cause::out_of_step,
                   "invalid reply to STARTTLS: ");
}

Task<Done> refuses_starttls_and_closes(Peer& mx) {
    co_await greets(mx, "PIPELINING\n250-CHUNKING\n250 STARTTLS");
    co_await mx.expects("STARTTLS");
    co_await mx.says("454 4.7.0 TLS not available");
    co_await mx.hears();
    mx.hangs_up();
    co_return Done();
}

TEST(SessionStartTls, ThatIsRefusedBeforeTheServerClosesIsTheTrouble) {
    Table table(refuses_starttls_and_closes);
    ASSERT_TRUE(table.open());
    ASSERT_TRUE(table.session->start_tls_refusal());
    EXPECT_EQ(table.session->start_tls_refusal()->code, 454);
    expect_failure(table.transact(), Stage::start_tls, Cause::closed,
                   "the server refused STARTTLS (454 4.7.0 TLS not available) and then closed the "
                   "connection");
    EXPECT_FALSE(table.progress.end_of_data_written) << "another way must stay open";
}

Task<Done> refuses_starttls_and_delivers(Peer& mx) {
    co_await greets(mx, "PIPELINING\n250-CHUNKING\n250 STARTTLS");
    co_await mx.expects("STARTTLS");
    co_await mx.says("454 4.7.0 TLS not available");
    co_await mx.expects("MAIL FROM:<alice@sender.example>");
    co_await mx.expects("RCPT TO:<bob@example.net>");
    co_await mx.says("250 ok\n250 ok");
    std::string line = co_await mx.hears();
    co_await mx.hears_chunk(std::move(line));
    co_await mx.says("250 taken");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionStartTls, ThatIsRefusedLeavesASessionInClear) {
    Table table(refuses_starttls_and_delivers);
    EXPECT_TRUE(table.deliver());
    EXPECT_EQ(table.trouble(), "");
}

// ---- EHLO ----

Task<Done> says_no_and_leaves(Peer& mx) {
    co_await mx.says("220 mx.example.net");
    co_await mx.expects("EHLO me.example");
    co_await mx.says("554 5.7.1 bad reputation");
    mx.hangs_up();
    co_return Done();
}
Task<Done> says_no_and_is_mute(Peer& mx) {
    co_await mx.says("220 mx.example.net");
    co_await mx.expects("EHLO me.example");
    co_await mx.says("554 5.7.1 bad reputation");
    co_await mx.goes_mute();
    co_return Done();
}
Task<Done> says_no_twice(Peer& mx) {
    co_await mx.says("220 mx.example.net");
    co_await mx.expects("EHLO me.example");
    co_await mx.says("554 5.7.1 bad reputation");
    co_await mx.expects("HELO me.example");
    co_await mx.says("503 not now");
    co_await mx.goes_mute();
    co_return Done();
}
Task<Done> says_no_and_raves(Peer& mx) {
    co_await mx.says("220 mx.example.net");
    co_await mx.expects("EHLO me.example");
    co_await mx.says("554 5.7.1 bad reputation");
    co_await mx.expects("HELO me.example");
    co_await mx.says("354 go on");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionHello, ARefusedEhloIsTheReasonHoweverHeloEnds) {
    for (const test::Script& script : {says_no_and_leaves, says_no_and_is_mute, says_no_twice,
                                       says_no_and_raves}) {
        Table table(script);
        expect_failure(table.open(), Stage::hello, Cause::said_no, "554 5.7.1 bad reputation");
    }
}

// ---- one flight ----

Task<Done> hears_a_flight(Peer& mx) {
    co_await greets(mx, "PIPELINING\n250 CHUNKING");
    co_await mx.expects("MAIL FROM:<alice@sender.example>");
    co_await mx.expects("RCPT TO:<bob@example.net>");
    std::string line = co_await mx.hears();
    co_await mx.hears_chunk(std::move(line));
    co_return Done();
}

Task<Done> refuses_all(Peer& mx) {
    co_await hears_a_flight(mx);
    co_await mx.says("451 4.3.0 busy\n503 need MAIL\n503 need RCPT");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionFlight, ARefusalOfAllBindsNobody) {
    Table table(refuses_all);
    expect_failure(table.deliver(), Stage::mail, Cause::said_no, "451 4.3.0 busy");
    EXPECT_TRUE(table.progress.end_of_data_written);
    EXPECT_TRUE(table.progress.end_of_data_refused);
    EXPECT_FALSE(table.progress.is_binding());
    EXPECT_TRUE(table.session->in_step());
}

Task<Done> refuses_mail_and_takes_the_message(Peer& mx) {
    co_await hears_a_flight(mx);
    co_await mx.says("450 later\n250 ok\n250 queued");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionFlight, AMessageTakenAfterARefusedMailIsToldSo) {
    Table table(refuses_mail_and_takes_the_message);
    expect_failure(table.deliver(), Stage::final_dot, Cause::out_of_step,
                   "the server rejected MAIL (450 later) and then replied to the message as if it "
                   "took it (250 queued)");
    EXPECT_TRUE(table.progress.is_binding());
}

Task<Done> refuses_mail_and_the_end_alone(Peer& mx) {
    co_await hears_a_flight(mx);
    co_await mx.says("450 later\n250 ok\n450 later");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionFlight, ARecipientTakenAfterARefusedMailBinds) {
    Table table(refuses_mail_and_the_end_alone);
    expect_failure(table.deliver(), Stage::mail, Cause::said_no, "450 later");
    EXPECT_TRUE(table.progress.is_binding());
}

Task<Done> refuses_mail_and_closes(Peer& mx) {
    co_await hears_a_flight(mx);
    co_await mx.says("550 no such sender");
    mx.hangs_up();
    co_return Done();
}

TEST(SessionFlight, AClosedConnectionSettlesNothing) {
    Table table(refuses_mail_and_closes);
    expect_failure(table.deliver(), Stage::final_dot, Cause::closed,
                   "the server rejected MAIL (550 no such sender), but its reply to the end of the "
                   "message was lost: ");
    EXPECT_TRUE(table.progress.is_binding());
}

Task<Done> announces_its_end(Peer& mx) {
    co_await hears_a_flight(mx);
    co_await mx.says("421 4.3.2 shutting down");
    mx.hangs_up();
    co_return Done();
}

TEST(SessionFlight, AnAnnouncedEndRefusesAllTheRest) {
    Table table(announces_its_end);
    expect_failure(table.deliver(), Stage::mail, Cause::said_no, "421 4.3.2");
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

// Takes the message slowly, then thinks for a while.
Task<Done> is_a_slow_link(Peer& mx) {
    co_await greets(mx, "X");
    co_await mx.hears();
    co_await mx.says("250 ok");
    co_await mx.hears();
    co_await mx.says("250 ok");
    co_await mx.hears();
    co_await mx.says("354 go");
    for (int i = 0; i < 20; ++i) {
        co_await mx.hears_bytes(10'000);
        co_await mx.simulation().sleep(std::chrono::seconds(60));
    }
    co_await mx.simulation().sleep(std::chrono::seconds(250));
    co_await mx.hears_message();
    co_await mx.says("250 taken");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionTime, ProgressOfTheSendQueueIsProgress) {
    test::WireTemper temper;
    temper.short_reads = false;
    Table table(is_a_slow_link, {"bob@example.net"}, temper);
    table.message.content = std::string(210'000, 'x') + "\n";
    const Result<Done> ended = table.deliver();
    EXPECT_TRUE(ended) << ended.error().detail;
    EXPECT_GT(table.took(), std::chrono::seconds(1200)) << "four times what a reply may take";
}

Task<Done> stops_reading(Peer& mx) {
    co_await greets(mx, "X");
    co_await mx.hears();
    co_await mx.says("250 ok");
    co_await mx.hears();
    co_await mx.says("250 ok");
    co_await mx.hears();
    co_await mx.says("354 go");
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
    co_await greets(mx, "PIPELINING\n250 CHUNKING");
    co_await mx.says("250 surplus");
    co_await mx.goes_mute();
    co_return Done();
}

TEST(SessionSurplus, IsSeenBeforeTheNextCommand) {
    Table table(says_too_much);
    ASSERT_TRUE(table.open());
    while (table.simulation.step()) {}
    expect_failure(table.transact(), Stage::mail, Cause::out_of_step,
                   "the server sent data before MAIL was sent (data: 250 surplus)");
    EXPECT_THAT(table.written(), Not(HasSubstr("MAIL")));
}

Task<Done> announces_between(Peer& mx) {
    co_await greets(mx, "PIPELINING\n250 CHUNKING");
    co_await mx.says("421 4.4.2 idle too long");
    mx.hangs_up();
    co_return Done();
}

TEST(SessionSurplus, A421IsNone) {
    Table table(announces_between);
    ASSERT_TRUE(table.open());
    while (table.simulation.step()) {}
    expect_failure(table.transact(), Stage::mail, Cause::said_no, "421 4.4.2 idle too long");
}

}  // namespace
}  // namespace tern::session
