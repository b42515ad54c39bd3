// Look-ups in virtual time: whom is asked when, with EDNS or without, over UDP or TCP, and when one
// family stops waiting for the other. The carrier is a table of servers.
#include "dns/look_up.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "dns/message.hpp"
#include "support/dns_answer.hpp"
#include "support/simulation.hpp"

namespace tern::dns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::DnsAnswer;
using testing::ElementsAre;
using testing::HasSubstr;

/// What a server does with a query: its answer, after a delay; nothing: silence.
struct Reply {
    std::string bytes;
    Duration delay = milliseconds(1);
};
using Server = std::function<std::optional<Reply>(const Request&)>;

/// Carries requests to servers that are functions, in virtual time.
class Table final : public Carrier {
public:
    explicit Table(test::Simulation& time) : time_(time) {}

    std::vector<Server> servers;
    /// "0 edns", "1 plain", "0 plain tcp": what was sent, in order, with the moments.
    std::vector<std::string> sent;
    std::vector<Duration> sent_at;

    void send(Request& request) override {
        sent.push_back(
            concat(request.server, request.edns ? " edns" : " plain", request.tcp ? " tcp" : ""));
        sent_at.push_back(time_.now() - Time(std::chrono::hours(24)));
        request.state = Request::State::waiting;
        const std::optional<Reply> reply = servers.at(request.server)(request);
        if (!reply) return;
        events_[&request] = time_.schedule(time_.now() + reply->delay, [this, &request, reply] {
            events_.erase(&request);
            request.state = reply->bytes.empty() ? Request::State::failed
                                                 : Request::State::answered;
            request.answer = reply->bytes;
            request.why = "cannot be reached: connection refused";
            happened_ = true;
        });
    }

    void cancel(Request& request) noexcept override {
        request.state = Request::State::idle;
        const auto found = events_.find(&request);
        if (found == events_.end()) return;
        time_.unschedule(found->second);
        events_.erase(found);
    }

    /// Until something has happened to a request, or until `deadline`.
    void wait(Deadline deadline) {
        happened_ = false;
        bool over = false;
        const std::uint64_t timer = time_.schedule(deadline, [&over] { over = true; });
        while (!happened_ && !over) time_.step();
        if (!over) time_.unschedule(timer);
    }

private:
    test::Simulation& time_;
    std::map<Request*, std::uint64_t> events_;
    bool happened_ = false;
};

class LookUpTest : public testing::Test {
protected:
    LookUpTest() : table_(time_) {}

    void ask(std::vector<Server> servers) {
        table_.servers = std::move(servers);
        std::vector<IpAddress> addresses;
        for (std::size_t i = 0; i < table_.servers.size(); ++i)
            addresses.push_back(IpAddress::parse(concat("192.0.2.", i + 1)).value());
        list_.emplace(std::move(addresses));
    }
    template <class LookUp>
    auto settled(LookUp look_up) {
        const Time began = time_.now();
        while (!look_up.advance(time_.now())) table_.wait(look_up.wakes());
        took_ = time_.now() - began;
        return look_up.take();
    }

    Answer<Mx> mx() { return settled(look_ups().mx(name_, time_.now(), soon())); }
    Addresses addresses() {
        return settled(look_ups().addresses(name_, time_.now(), soon()));
    }
    Answer<IpAddress> addresses(Family family) {
        return settled(look_ups().addresses(name_, family, time_.now(), soon()));
    }

    LookUps look_ups() { return {table_, time_.random(), *list_}; }
    Deadline soon() { return time_.now() + seconds(60); }

    test::Simulation time_{1};
    Table table_;
    std::optional<ServerList> list_;
    Domain name_ = Domain::parse("example.com").value();
    Duration took_{};
};

DnsAnswer to(const Request& request) { return DnsAnswer(request.query); }
bool asks_ipv4(const Request& request) { return test::asked_by(request.query).type == 1; }

std::optional<Reply> good(const Request& request) {
    const std::string name = test::asked_by(request.query).name;
    return Reply{to(request).mx(name, 10, "mx.example.com").bytes()};
}
std::optional<Reply> silent(const Request&) { return std::nullopt; }
std::optional<Reply> gone(const Request&) { return Reply{""}; }

// contract.md#names: each of these is no answer. The next server is asked,
// and where there is none it is trouble that may pass: never "no MX", never "no such host".
struct NoAnswer {
    std::string_view title;
    std::function<std::string(const Request&)> bytes;
    std::string_view told;
};

class Unusable : public LookUpTest, public testing::WithParamInterface<NoAnswer> {};

TEST_P(Unusable, SendsUsToTheNextServerThenItIsTrouble) {
    const Server bad = [](const Request& request) -> std::optional<Reply> {
        return Reply{GetParam().bytes(request)};
    };
    ask({bad, good});
    EXPECT_THAT(mx().records, ElementsAre(Mx{10, "mx.example.com"}));
    ask({bad, bad});
    const Answer<Mx> answer = mx();
    EXPECT_EQ(answer.outcome, Outcome::failed);
    EXPECT_THAT(answer.detail, HasSubstr(GetParam().told));
    EXPECT_THAT(answer.detail, HasSubstr("192.0.2.1, 192.0.2.2"));
}

/// An answer that is its header alone.
std::string bare(const Request& request, unsigned code) {
    return to(request).rcode(code).bytes().substr(0, test::dns_header_size);
}

std::string referral(const Request& request) {
    return to(request).not_recursive().ns("example.com", "ns.example.net").bytes();
}

INSTANTIATE_TEST_SUITE_P(
    Answers, Unusable,
    testing::Values(
        NoAnswer{"a referral", referral, "sent a referral"},
        NoAnswer{"an upward referral",
                 [](const Request& r) {
                     return to(r).not_recursive().ns("", "a.root-servers.net").bytes();
                 },
                 "sent a referral"},
        NoAnswer{"nothing, neither authoritative nor recursive",
                 [](const Request& r) { return to(r).not_recursive().bytes(); },
                 "neither authoritative nor recursive"},
        NoAnswer{"the SOA of another zone",
                 [](const Request& r) { return to(r).not_recursive().soa("example.net").bytes(); },
                 "sent a referral"},
        NoAnswer{"no such name, neither authoritative nor recursive",
                 [](const Request& r) { return to(r).not_recursive().rcode(3).bytes(); },
                 "claims that the name does not exist"},
        NoAnswer{"an alias, and of its target a referral",
                 [](const Request& r) {
                     if (test::asked_by(r.query).name == "example.com")
                         return to(r).not_recursive().cname("example.com", "b.example").bytes();
                     return referral(r);
                 },
                 "sent a referral"},
        NoAnswer{"SERVFAIL", [](const Request& r) { return to(r).rcode(2).bytes(); }, "SERVFAIL"},
        NoAnswer{"REFUSED", [](const Request& r) { return to(r).rcode(5).bytes(); }, "REFUSED"},
        NoAnswer{"FORMERR to every form", [](const Request& r) { return to(r).rcode(1).bytes(); },
                 "FORMERR"},
        NoAnswer{"an answer to another question",
                 [](const Request& r) {
                     return to(r).question(test::wire_name("example.net") + test::u16(15) +
                                           test::u16(1))
                         .bytes();
                 },
                 "a different question"},
        NoAnswer{"a header alone that refuses nothing",
                 [](const Request& r) { return bare(r, 0); }, "malformed"},
        NoAnswer{"a header alone that says NXDOMAIN",
                 [](const Request& r) { return bare(r, 3); }, "malformed"},
        NoAnswer{"garbage", [](const Request& r) { return to(r).count(9).bytes(); }, "malformed"},
        NoAnswer{"truncated over TCP as well",
                 [](const Request& r) { return to(r).truncated().bytes(); }, "truncated"},
        NoAnswer{"truncated, and TCP refused",
                 [](const Request& r) {
                     return r.tcp ? std::string() : to(r).truncated().bytes();
                 },
                 "gave none over TCP"}));

TEST_F(LookUpTest, BelievesADenialOfWhoMayGiveIt) {
    const auto denies = [this](const std::function<DnsAnswer(DnsAnswer)>& make) {
        ask({[make](const Request& request) -> std::optional<Reply> {
            return Reply{make(to(request)).bytes()};
        }});
        return mx().outcome;
    };
    EXPECT_EQ(denies([](DnsAnswer a) { return a; }), Outcome::no_data);  // recursive
    EXPECT_EQ(denies([](DnsAnswer a) { return a.not_recursive().authoritative(); }),
              Outcome::no_data);
    EXPECT_EQ(denies([](DnsAnswer a) { return a.not_recursive().soa("com"); }), Outcome::no_data);
    EXPECT_EQ(denies([](DnsAnswer a) { return a.not_recursive().soa(""); }), Outcome::no_data);
    EXPECT_EQ(denies([](DnsAnswer a) { return a.not_recursive().soa("com").rcode(3); }),
              Outcome::no_such_name);
}

TEST_F(LookUpTest, AServerThatRefusesEdnsIsAskedWithout) {
    for (const unsigned code : {1U, 4U, 16U}) {
        const Server old = [code](const Request& request) -> std::optional<Reply> {
            if (!request.edns) return good(request);
            return Reply{to(request).rcode(code & 15U).opt(code >> 4U).bytes()};
        };
        ask({old});
        table_.sent.clear();
        EXPECT_EQ(mx().outcome, Outcome::found) << code;
        EXPECT_THAT(table_.sent, ElementsAre("0 edns", "0 plain")) << code;
        EXPECT_EQ(mx().outcome, Outcome::found);
        EXPECT_EQ(table_.sent.back(), "0 plain") << "remembered";
        EXPECT_EQ(table_.sent.size(), 3U);
    }
}

// RFC 6891 7, RFC 2671 5.3: two such servers must not make the mail wait for ever.
TEST_F(LookUpTest, ServersThatAllRefuseEdnsAreEachAskedWithout) {
    struct Row {
        unsigned code;
        bool is_bare;
    };
    for (const Row& row : {Row{1, false}, Row{2, false}, Row{4, false}, Row{1, true}, Row{2, true},
                           Row{4, true}}) {
        const Server refuses = [&row](const Request& request) -> std::optional<Reply> {
            if (row.is_bare) return Reply{bare(request, row.code)};
            return Reply{to(request).rcode(row.code).bytes()};
        };
        const Server old = [&refuses](const Request& request) {
            return request.edns ? refuses(request) : good(request);
        };
        ask({refuses, old});
        table_.sent.clear();
        EXPECT_EQ(mx().outcome, Outcome::found) << row.code;
        EXPECT_THAT(table_.sent, ElementsAre("0 edns", "0 plain", "1 edns", "1 plain"));
        EXPECT_EQ(took_, milliseconds(4));
        EXPECT_TRUE(list_->without_edns[1]) << "remembered";
        ask({refuses, refuses});
        table_.sent.clear();
        EXPECT_EQ(mx().detail,
                  concat("the name servers 192.0.2.1, 192.0.2.2 answered ", rcode_name(row.code)));
        EXPECT_THAT(table_.sent, ElementsAre("0 edns", "0 plain", "1 edns", "1 plain"));
    }
}

TEST_F(LookUpTest, AServerFailureAloneIsNoRefusalOfEdns) {
    ask({[](const Request& request) -> std::optional<Reply> {
        return Reply{to(request).rcode(2).bytes()};
    }});
    EXPECT_EQ(mx().outcome, Outcome::failed);
    EXPECT_FALSE(list_->without_edns[0]);
}

// A name that no server can resolve must not cost twice the time.
TEST_F(LookUpTest, AfterAServerFailureBothQuestionsShareTheTimeOfOne) {
    const Server slow = [](const Request& request) -> std::optional<Reply> {
        return Reply{to(request).rcode(2).bytes(), milliseconds(2400)};
    };
    ask({slow, slow});
    EXPECT_EQ(mx().outcome, Outcome::failed);
    EXPECT_EQ(took_, milliseconds(9600));
    const Server slower = [](const Request& request) -> std::optional<Reply> {
        return Reply{to(request).rcode(2).bytes(), milliseconds(request.edns ? 2400 : 20000)};
    };
    ask({slower, slower});
    list_->rounds = 1;
    EXPECT_EQ(mx().detail, "the name servers 192.0.2.1, 192.0.2.2 answered SERVFAIL and did not "
                           "answer without EDNS");
    EXPECT_EQ(took_, seconds(10));
    list_->rounds = 9;
    mx();
    EXPECT_EQ(took_, longest_look_up);
}

TEST_F(LookUpTest, AServerThatDropsEdnsIsAskedWithoutInTheSameTurn) {
    ask({[](const Request& request) { return request.edns ? std::nullopt : good(request); }});
    list_->rounds = 1;
    EXPECT_EQ(mx().outcome, Outcome::found);
    EXPECT_THAT(table_.sent, ElementsAre("0 edns", "0 plain"));
    EXPECT_EQ(took_, milliseconds(2501));
    EXPECT_EQ(mx().outcome, Outcome::found);
    EXPECT_EQ(took_, milliseconds(1));
}

TEST_F(LookUpTest, ASlowServerIsNotTakenForOneThatDropsEdns) {
    ask({[](const Request& request) {
        std::optional<Reply> reply = good(request);
        reply->delay = milliseconds(4000);
        return reply;
    }});
    list_->rounds = 1;
    EXPECT_EQ(mx().outcome, Outcome::found);
    EXPECT_EQ(took_, milliseconds(4000));
    EXPECT_FALSE(list_->without_edns[0]);
}

TEST_F(LookUpTest, AsksAsOftenAndAsLongAsTold) {
    ask({silent, silent});
    const Answer<Mx> answer = mx();
    EXPECT_EQ(answer.detail,
              "the name servers 192.0.2.1, 192.0.2.2 did not answer within 30 seconds");
    EXPECT_THAT(table_.sent,
                ElementsAre("0 edns", "0 plain", "1 edns", "1 plain", "0 plain", "1 plain"));
    EXPECT_EQ(took_, seconds(30));  // 5 + 5 + 10 + 10
    list_->rounds = 5;
    mx();
    EXPECT_EQ(took_, longest_look_up);
}

TEST_F(LookUpTest, ASilentServerIsAskedLastFromThenOn) {
    ask({silent, good});
    EXPECT_EQ(mx().outcome, Outcome::found);
    EXPECT_EQ(took_, milliseconds(5001));
    EXPECT_EQ(mx().outcome, Outcome::found);
    EXPECT_EQ(took_, milliseconds(1));
}

TEST_F(LookUpTest, NamesEachServerAndWhatItDid) {
    ask({gone, [](const Request& request) -> std::optional<Reply> {
             return Reply{to(request).rcode(5).bytes()};
         }});
    EXPECT_EQ(mx().detail,
              "the name server 192.0.2.1 cannot be reached: connection refused; "
              "the name server 192.0.2.2 answered REFUSED");
}

TEST_F(LookUpTest, TcpHasItsOwnTime) {
    ask({[](const Request& request) -> std::optional<Reply> {
        if (!request.tcp) return Reply{to(request).truncated().bytes(), milliseconds(2400)};
        std::optional<Reply> reply = good(request);
        reply->delay = milliseconds(4900);
        return reply;
    }});
    EXPECT_EQ(mx().outcome, Outcome::found);
    EXPECT_EQ(took_, milliseconds(7300));
}

TEST_F(LookUpTest, WhatWasCutOffWithoutAWordIsAskedOverTcp) {
    ask({[](const Request& request) -> std::optional<Reply> {
        if (request.tcp) return good(request);
        DnsAnswer answer = to(request);
        for (unsigned i = 0; i < 100; ++i) answer.mx("example.com", i, "mx.example.com");
        return Reply{answer.bytes().substr(0, edns_size)};
    }});
    EXPECT_EQ(mx().records.size(), 1U);
    EXPECT_THAT(table_.sent, ElementsAre("0 edns", "0 edns tcp"));
}

// RFC 8305 3. What each family does, and what becomes of it.
std::optional<Reply> address(const Request& request, Duration ipv4, Duration ipv6) {
    const Duration delay = asks_ipv4(request) ? ipv4 : ipv6;
    if (delay == Duration::max()) return std::nullopt;
    const char* const words = asks_ipv4(request) ? "192.0.2.1" : "2001:db8::1";
    return Reply{to(request).address("example.com", words).bytes(), delay};
}

TEST_F(LookUpTest, TheOtherFamilyIsWaitedFor50Milliseconds) {
    constexpr Duration never = Duration::max();
    struct Row {
        Duration ipv4;
        Duration ipv6;
        bool has_ipv4;
        bool has_ipv6;
        Duration takes;
    };
    for (const Row& row :
         {Row{milliseconds(3), never, true, false, milliseconds(53)},
          Row{never, milliseconds(3), false, true, milliseconds(53)},
          Row{milliseconds(3), milliseconds(52), true, true, milliseconds(52)},
          Row{milliseconds(60), milliseconds(3), false, true, milliseconds(53)},
          Row{milliseconds(4000), milliseconds(4040), true, true, milliseconds(4040)}}) {
        ask({[&row](const Request& request) { return address(request, row.ipv4, row.ipv6); }});
        const Addresses found = addresses();
        EXPECT_EQ(found.ipv4.outcome == Outcome::found, row.has_ipv4);
        EXPECT_EQ(found.ipv6.outcome == Outcome::found, row.has_ipv6);
        EXPECT_EQ(found.ipv4.late, !row.has_ipv4);
        EXPECT_EQ(found.ipv6.late, !row.has_ipv6);
        EXPECT_EQ(took_, row.takes);
    }
}

// "No addresses" is no reason to hurry: the other family may be the only one.
TEST_F(LookUpTest, AFamilyWithoutAddressesDoesNotHurryTheOther) {
    ask({[](const Request& request) -> std::optional<Reply> {
        if (asks_ipv4(request)) return Reply{to(request).bytes()};
        return address(request, Duration(), milliseconds(3000));
    }});
    const Addresses found = addresses();
    EXPECT_EQ(found.ipv4.outcome, Outcome::no_data);
    EXPECT_EQ(found.ipv6.outcome, Outcome::found);
    EXPECT_EQ(took_, milliseconds(3000));
}

TEST_F(LookUpTest, OneFamilyAloneIsWaitedForInFull) {
    ask({[](const Request& request) {
        return address(request, milliseconds(3000), milliseconds(1));
    }});
    EXPECT_EQ(addresses(Family::ipv4).outcome, Outcome::found);
}

TEST_F(LookUpTest, TroubleOfOneFamilyDoesNotHurryTheOther) {
    ask({[](const Request& request) -> std::optional<Reply> {
        if (asks_ipv4(request)) return Reply{to(request).rcode(2).bytes()};
        return address(request, Duration(), milliseconds(3000));
    }});
    const Addresses found = addresses();
    EXPECT_EQ(found.ipv4.outcome, Outcome::failed);
    EXPECT_FALSE(found.ipv4.late);
    EXPECT_EQ(found.ipv6.outcome, Outcome::found);
}

}  // namespace
}  // namespace tern::dns
