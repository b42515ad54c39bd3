// The c-ares resolver and servers that are old, wrong or half silent. What is decided in virtual
// time is in unit/dns/look_up_test.cpp; here it is seen on the wire, with the c-ares installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/os/cares_asking.hpp"

namespace tern::os {
namespace {

using testing::HasSubstr;

// contract.md#names
TEST(CaresResolver, AsksWithoutEdnsWhoRefusesIt) {
    for (const unsigned code : {1U, 4U, 16U}) {
        test::NameServer old([code](const Query& query) -> Answers {
            if (test::asked_by(query.bytes).edns_size == 0) return says_mx(query);
            DnsAnswer refusal(query.bytes);
            if (code >= 16) refusal.opt(code >> 4U);
            return {refusal.rcode(code & 15U).bytes()};
        });
        const dns::Answer<dns::Mx> answer = look_up_mx(asking({old.place()}, 1));
        EXPECT_EQ(answer.outcome, Outcome::found) << code << ": " << answer.detail;
        EXPECT_EQ(old.queries().size(), 2U) << code;
    }
    test::NameServer drops([](const Query& query) -> Answers {
        return test::asked_by(query.bytes).edns_size == 0 ? says_mx(query) : Answers();
    });
    EXPECT_EQ(look_up_mx(asking({drops.place()}, 1)).outcome, Outcome::found);
}

// RFC 6891 7: also where the refusal is a header without a question, and long before half of the
// timeout is over.
TEST(CaresResolver, TakesAHeaderAloneForARefusal) {
    for (const unsigned code : {1U, 2U, 4U}) {
        const auto refuses = [code](const Query& query) -> Answers {
            return {DnsAnswer(query.bytes).rcode(code).bytes().substr(0, test::dns_header_size)};
        };
        test::NameServer old([refuses](const Query& query) -> Answers {
            return test::asked_by(query.bytes).edns_size == 0 ? says_mx(query) : refuses(query);
        });
        test::NameServer never(refuses);
        ResolvConf conf = asking({never.place(), old.place()});
        conf.timeout = seconds(30);
        const SystemClock clock;
        const Time began = clock.now();
        EXPECT_EQ(look_up_mx(conf, seconds(20)).outcome, Outcome::found) << code;
        EXPECT_LT(clock.now() - began, seconds(10));
        EXPECT_EQ(never.queries().size(), 2U) << code;
        EXPECT_EQ(old.queries().size(), 2U) << code;
    }
    // One that matches no query is none.
    test::NameServer foreign([](const Query& query) -> Answers {
        const std::string other = DnsAnswer(query.bytes).id("\x01\x02").rcode(1).bytes();
        return {other.substr(0, test::dns_header_size), says_mx(query).front()};
    });
    EXPECT_EQ(look_up_mx(asking({foreign.place()}, 1)).outcome, Outcome::found);
}

TEST(CaresResolver, TakesLargeAnswersOverUdpWithEdns) {
    test::NameServer server([](const Query& query) -> Answers {
        DnsAnswer answer(query.bytes);
        for (unsigned i = 0; answer.bytes().size() < 1150; ++i)
            answer.mx("example.com", i, "mx.example.com");
        return {answer.bytes()};
    });
    EXPECT_GT(look_up_mx(asking({server.place()})).records.size(), 20U);
    ASSERT_EQ(server.queries().size(), 1U);
    EXPECT_FALSE(server.queries()[0].over_tcp);
}

// One wrong "nameserver" line must not bounce all mail.
TEST(CaresResolver, TakesTheNextServerAfterAReferral) {
    test::NameServer lame([](const Query& query) -> Answers {
        return {DnsAnswer(query.bytes).not_recursive().ns("", "a.root-servers.net").bytes()};
    });
    test::NameServer good(says_mx);
    EXPECT_EQ(look_up_mx(asking({lame.place(), good.place()})).outcome, Outcome::found);
    const dns::Answer<dns::Mx> answer = look_up_mx(asking({lame.place()}));
    EXPECT_EQ(answer.outcome, Outcome::failed);
    EXPECT_THAT(answer.detail, HasSubstr("127.0.0.1 sent a referral instead of an answer"));
}

// The families wait at sockets of their own: c-ares 1.34 drops all that wait at one when an answer
// is malformed.
TEST(CaresResolver, AMalformedAnswerHarmsOneFamilyOnly) {
    for (const std::size_t length : {13U, 20U, 40U}) {
        test::NameServer server([length](const Query& query) -> Answers {
            const bool ipv4 = test::asked_by(query.bytes).type == 1;
            const std::string whole =
                DnsAnswer(query.bytes)
                    .address("mx.example", ipv4 ? "192.0.2.1" : "2001:db8::1")
                    .bytes();
            return {ipv4 ? whole.substr(0, length) : whole};
        });
        const dns::Addresses found = look_up_addresses(asking({server.place()}, 1));
        EXPECT_EQ(found.ipv6.outcome, Outcome::found) << length << found.ipv6.detail;
        EXPECT_EQ(found.ipv4.outcome, Outcome::failed) << length;
    }
}

// RFC 8305 3.
TEST(CaresResolver, AnUnansweredFamilyIsWaitedForNoLongerThan50Milliseconds) {
    test::NameServer server([](const Query& query) -> Answers {
        if (test::asked_by(query.bytes).type != 1) return {};
        return {DnsAnswer(query.bytes).address("mx.example", "192.0.2.1").bytes()};
    });
    ResolvConf conf = asking({server.place()});
    conf.timeout = seconds(15);
    const SystemClock clock;
    const Time began = clock.now();
    const dns::Addresses found = look_up_addresses(conf);
    EXPECT_EQ(found.ipv4.outcome, Outcome::found);
    EXPECT_TRUE(found.ipv6.late);
    EXPECT_LT(clock.now() - began, seconds(5));
}

}  // namespace
}  // namespace tern::os
