// The table of verdicts, whole: every stage and cause that can meet.
#include "delivery/verdict.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace tern::delivery {
namespace {

using Kind = tls::Requirement::Kind;

constexpr Letter Z = Letter::deferred;
constexpr Letter D = Letter::rejected;

tls::Requirement requirement(Kind kind, bool implicit = false) {
    return {kind, {}, {}, {}, implicit};
}

Verdict verdict_of(Stage stage, Cause cause, int code = 0, bool written = false,
                   Kind kind = Kind::opportunistic, bool implicit = false) {
    Circumstances circumstances;
    circumstances.requirement = requirement(kind, implicit);
    circumstances.end_of_data_written = written;
    if (code == 0) return judge(Failure(stage, cause, "words"), circumstances);
    return judge(Failure(stage, cause, Reply{code, "words"}), circumstances);
}

TEST(Verdict, OfTheServersNo) {
    struct Row {
        Stage stage;
        int code;
        Letter letter;
        Next next;
    };
    // contract.md#reports, contract.md#next-exchanger
    const std::vector<Row> rows{
        {Stage::greeting, 554, Z, Next::another}, {Stage::greeting, 421, Z, Next::another},
        {Stage::greeting, 250, Z, Next::another}, {Stage::hello, 550, Z, Next::settle},
        {Stage::hello, 450, Z, Next::another},    {Stage::hello, 421, Z, Next::another},
        {Stage::mail, 550, D, Next::settle},      {Stage::mail, 450, Z, Next::another},
        {Stage::mail, 421, Z, Next::another},     {Stage::recipient, 421, Z, Next::another},
        {Stage::data, 554, D, Next::settle},      {Stage::data, 451, Z, Next::settle},
        {Stage::data, 421, Z, Next::another},     {Stage::final_dot, 554, D, Next::settle},
        {Stage::final_dot, 451, Z, Next::settle}, {Stage::final_dot, 421, Z, Next::settle},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(row.stage) << " " << row.code);
        const bool written = row.stage == Stage::final_dot;
        const Verdict verdict = verdict_of(row.stage, Cause::rejected, row.code, written);
        EXPECT_EQ(verdict.letter, row.letter);
        EXPECT_EQ(verdict.next, row.next);
        EXPECT_FALSE(verdict.retry_in_clear);
    }
}

// The rule above all others: behind the end of data nothing else is tried, and only the server's
// own no can be anything but Z.
TEST(Verdict, BehindTheEndOfDataEverythingSettles) {
    for (int stage = 0; stage <= static_cast<int>(Stage::final_dot); ++stage) {
        for (int cause = 0; cause <= static_cast<int>(Cause::cancelled); ++cause) {
            if (static_cast<Cause>(cause) == Cause::rejected ||
                static_cast<Cause>(cause) == Cause::all_refused ||
                static_cast<Cause>(cause) == Cause::no_chunking)
                continue;
            for (const Kind kind : {Kind::none, Kind::opportunistic, Kind::verified}) {
                const Verdict verdict =
                    verdict_of(static_cast<Stage>(stage), static_cast<Cause>(cause), 0, true, kind);
                EXPECT_EQ(verdict, (Verdict{Z, Next::settle, false})) << stage << " " << cause;
            }
        }
    }
    for (const Stage stage : {Stage::mail, Stage::recipient, Stage::data, Stage::final_dot})
        for (const int code : {421, 450, 550})
            EXPECT_EQ(verdict_of(stage, Cause::rejected, code, true).next, Next::settle);
    EXPECT_EQ(verdict_of(Stage::recipient, Cause::all_refused, 450, true),
              (Verdict{D, Next::settle, false}));
}

// The one way on: nothing was taken by a server that does not know BDAT (RFC 3030).
TEST(Verdict, AServerWithoutBdatGetsTheMessageByData) {
    for (const bool written : {false, true})
        EXPECT_EQ(verdict_of(Stage::final_dot, Cause::no_chunking, 0, written),
                  (Verdict{Z, Next::same_without_chunking, false}));
}

TEST(Verdict, NoFailureIsSuccess) {
    for (int stage = 0; stage <= static_cast<int>(Stage::final_dot); ++stage)
        for (int cause = 0; cause <= static_cast<int>(Cause::cancelled); ++cause)
            for (const int code : {0, 250, 354, 421, 450, 550})
                for (const bool written : {false, true})
                    EXPECT_NE(verdict_of(static_cast<Stage>(stage), static_cast<Cause>(cause), code,
                                         written)
                                  .letter,
                              Letter::accepted);
}

TEST(Verdict, OfLostConnections) {
    for (const Stage stage :
         {Stage::greeting, Stage::hello, Stage::mail, Stage::recipient, Stage::data, Stage::body})
        for (const Cause cause : {Cause::timed_out, Cause::closed, Cause::protocol_error})
            for (const Kind kind : {Kind::none, Kind::opportunistic})
                EXPECT_EQ(verdict_of(stage, cause, 0, false, kind),
                          (Verdict{Z, Next::another, false}));
}

// contract.md#required-tls: where TLS is required, whatever
// goes wrong before it is achieved leaves only exchangers that require it too.
TEST(Verdict, NothingBeforeTlsLeadsToAnExchangerWithoutTheRequirement) {
    for (const Kind kind : {Kind::encrypted, Kind::verified})
        for (const Stage stage :
             {Stage::greeting, Stage::hello, Stage::start_tls, Stage::handshake})
            for (const Cause cause :
                 {Cause::rejected, Cause::timed_out, Cause::closed, Cause::tls,
                  Cause::protocol_error, Cause::tls_missing, Cause::unverified, Cause::injected})
                for (const int code : {0, 220, 421, 450, 554})
                    EXPECT_EQ(verdict_of(stage, cause, code, false, kind),
                              (Verdict{Z, Next::another_requiring, false}));
}

TEST(Verdict, BehindTheRequiredHandshakeTheMailMayGoToAnyOther) {
    Circumstances secured;
    secured.requirement = requirement(Kind::verified);
    secured.secured = true;
    for (const Stage stage : {Stage::hello, Stage::mail, Stage::recipient})
        EXPECT_EQ(judge(Failure(stage, Cause::rejected, Reply{421, "421 busy"}), secured),
                  (Verdict{Z, Next::another, false}));
    // Its first reply inside TLS never came: the session names that a failed handshake.
    EXPECT_EQ(judge(Failure(Stage::handshake, Cause::tls, "closed"), secured),
              (Verdict{Z, Next::another_requiring, false}));
}

// Local trouble is no word of the server's on TLS.
TEST(Verdict, LocalTroubleInTheHandshakeSettles) {
    for (const Cause cause : {Cause::control_file, Cause::resources, Cause::cancelled})
        EXPECT_EQ(verdict_of(Stage::handshake, cause, 0, false, Kind::verified),
                  (Verdict{Z, Next::settle, false}));
}

// contract.md#replies-that-ask-for-tls
TEST(Verdict, AskingForTheTlsThatFailedIsTemporary) {
    struct Row {
        Cause cause;
        int code;
        const char* words;
        bool held;
    };
    const std::vector<Row> rows{
        {Cause::rejected, 530, "530 5.7.0 Must issue a STARTTLS command first\n", true},
        {Cause::rejected, 550, "550 5.7.1 Session encryption is required\n", true},
        {Cause::rejected, 554, "554 5.7.10 Encryption needed\n", true},
        {Cause::rejected, 550, "550 5.7.1 ssl required\n", true},
        {Cause::rejected, 550, "550 5.7.1 your TLS is nice, but 5.7.1 spam\n", true},
        {Cause::rejected, 550, "550 5.7.1 no relaying\n", false},
        {Cause::rejected, 550, "550 5.1.1 no such user as tls\n", false},
        {Cause::rejected, 550, "550 use TLS\n", false},
        {Cause::all_refused, 530, "530 Must issue a STARTTLS command first\n", true},
        {Cause::all_refused, 550, "550 5.1.1 no such user\n", false},
        {Cause::protocol_error, 530, "530 5.7.0 TLS\n", false},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.words);
        const Stage stage = row.cause == Cause::all_refused ? Stage::recipient : Stage::mail;
        const Failure failure(stage, row.cause, Reply{row.code, row.words});
        EXPECT_EQ(asks_for_tls(failure), row.held);
        if (row.cause == Cause::protocol_error) continue;
        Circumstances in_clear;
        EXPECT_EQ(judge(failure, in_clear).letter, D);
        in_clear.tls_failed = true;
        EXPECT_EQ(judge(failure, in_clear), row.held ? (Verdict{Z, Next::another, false})
                                                     : (Verdict{D, Next::settle, false}));
        in_clear.secured = true;  // TLS is there: the server means something else
        EXPECT_EQ(judge(failure, in_clear).letter, D);
    }
}

// contract.md#recipients: D only when no other exchanger takes it.
TEST(Verdict, WhatOneServerCannotTakeAnotherMay) {
    constexpr Verdict conditional{D, Next::another, false};
    EXPECT_EQ(verdict_of(Stage::mail, Cause::too_large), conditional);
    EXPECT_EQ(verdict_of(Stage::mail, Cause::needs_smtputf8), conditional);
    EXPECT_EQ(verdict_of(Stage::recipient, Cause::all_refused, 0), conditional);
    EXPECT_EQ(verdict_of(Stage::recipient, Cause::all_refused, 550),
              (Verdict{D, Next::settle, false}));
}

// contract.md#clear-retry
TEST(Verdict, EveryWayInWhichTlsThatNothingRequiresFailsLeadsToClearText) {
    for (const Stage stage : {Stage::start_tls, Stage::handshake})
        for (const Cause cause :
             {Cause::tls, Cause::timed_out, Cause::closed, Cause::protocol_error})
            EXPECT_EQ(verdict_of(stage, cause), (Verdict{Z, Next::another, true}));
    EXPECT_EQ(verdict_of(Stage::start_tls, Cause::rejected, 421),
              (Verdict{Z, Next::another, true}));
    Circumstances with_credentials;
    with_credentials.has_credentials = true;
    EXPECT_EQ(judge(Failure(Stage::handshake, Cause::tls, "alert"), with_credentials),
              (Verdict{Z, Next::another, false}));
}

TEST(Verdict, OfTls) {
    EXPECT_EQ(verdict_of(Stage::handshake, Cause::injected), (Verdict{Z, Next::another, false}));
    for (const Cause cause :
         {Cause::tls, Cause::timed_out, Cause::unverified, Cause::tls_missing, Cause::injected})
        EXPECT_EQ(verdict_of(Stage::handshake, cause, 0, false, Kind::verified),
                  (Verdict{Z, Next::another_requiring, false}));
    for (const Kind kind : {Kind::none, Kind::opportunistic, Kind::verified})
        EXPECT_EQ(verdict_of(Stage::handshake, Cause::tls, 0, false, kind, true),
                  (Verdict{Z, Next::another_requiring, false}));
}

// Never a bounce, whatever the server says: the operator mends it, and meanwhile another relay may
// do.
TEST(Verdict, OfAuth) {
    for (const Cause cause :
         {Cause::auth_missing, Cause::auth_in_clear, Cause::auth_no_mechanism, Cause::auth_refused})
        for (const int code : {0, 454, 535})
            for (const Kind kind : {Kind::none, Kind::opportunistic, Kind::verified})
                EXPECT_EQ(verdict_of(Stage::auth, cause, code, false, kind),
                          (Verdict{Z, Next::another, false}));
    EXPECT_EQ(verdict_of(Stage::auth, Cause::rejected, 421), (Verdict{Z, Next::another, false}));
}

TEST(Verdict, OfWhatNoServerDecides) {
    for (const Cause cause :
         {Cause::partial_line, Cause::no_such_host, Cause::no_address, Cause::null_mx,
          Cause::loops_back, Cause::bad_sender, Cause::bad_recipients})
        EXPECT_EQ(verdict_of(Stage::start, cause), (Verdict{D, Next::settle, false}));
    for (const Cause cause :
         {Cause::control_file, Cause::home, Cause::message_source, Cause::resources,
          Cause::name_service, Cause::no_relay, Cause::cancelled})
        EXPECT_EQ(verdict_of(Stage::start, cause), (Verdict{Z, Next::settle, false}));
}

}  // namespace
}  // namespace tern::delivery
