// DNS messages: what goes out, what is believed of what comes back.
#include "dns/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/dns_answer.hpp"

namespace tern::dns {
namespace {

using test::DnsAnswer;
using test::u16;
using test::wire_name;
using testing::ElementsAre;
using testing::HasSubstr;

Question ask(std::string_view name, Type type) {
    return Question{Domain::parse(name).value(), type, 0x1234};
}

DnsAnswer answer_to(const Question& question) { return DnsAnswer(make_query(question)); }

Reading<Mx> read(const Question& question, const DnsAnswer& answer) {
    return read_mx(answer.bytes(), question, 0);
}

const Question mx_question = ask("example.com", Type::mx);

TEST(Query, AsksWithRecursionForTheAuthenticBitAndWithEdns) {
    Question question = ask("mx.example", Type::aaaa);
    const std::string asked = std::string("\2mx\7example\0", 12) + u16(28) + u16(1);
    // RFC 6891 6.1.2: an OPT record of the root with our size, and nothing else.
    EXPECT_EQ(make_query(question), u16(0x1234) + u16(0x0120) + u16(1) + u16(0) + u16(0) + u16(1) +
                                        asked + std::string(1, '\0') + u16(41) + u16(1232) +
                                        std::string(6, '\0'));
    question.edns = false;
    EXPECT_EQ(make_query(question),
              u16(0x1234) + u16(0x0120) + u16(1) + u16(0) + u16(0) + u16(0) + asked);
}

TEST(Answer, GivesMxRecordsInTheirOrder) {
    const Reading<Mx> reading = read(mx_question, answer_to(mx_question)
                                                      .mx("example.com", 20, "B.Example.com")
                                                      .mx("EXAMPLE.com", 10, "a.example.com"));
    EXPECT_EQ(reading.answer.outcome, Outcome::found);
    EXPECT_THAT(reading.answer.records,
                ElementsAre(Mx{20, "b.example.com"}, Mx{10, "a.example.com"}));
    EXPECT_FALSE(reading.answer.authentic);
    EXPECT_FALSE(reading.ask_next);
}

TEST(Answer, GivesTheNullMxAsAnEmptyName) {
    const Reading<Mx> reading =
        read(mx_question, answer_to(mx_question).mx("example.com", 0, "").authentic());
    EXPECT_THAT(reading.answer.records, ElementsAre(Mx{0, ""}));
    EXPECT_TRUE(reading.answer.authentic);
}

TEST(Answer, GivesAddressesOfTheFamilyAskedFor) {
    const Question a = ask("mx.example.com", Type::a);
    EXPECT_THAT(read_addresses(answer_to(a)
                                   .address("mx.example.com", "192.0.2.1")
                                   .address("mx.example.com", "2001:db8::1")
                                   .bytes(),
                               a, 0)
                    .answer.records,
                ElementsAre(IpAddress::parse("192.0.2.1").value()));
    const Question aaaa = ask("mx.example.com", Type::aaaa);
    EXPECT_THAT(
        read_addresses(answer_to(aaaa).address("mx.example.com", "2001:db8::1").bytes(), aaaa, 0)
            .answer.records,
        ElementsAre(IpAddress::parse("2001:db8::1").value()));
}

TEST(Answer, NoRecordsIsNoDataAndNxdomainIsNoSuchName) {
    EXPECT_EQ(read(mx_question, answer_to(mx_question)).answer.outcome, Outcome::no_data);
    EXPECT_EQ(read(mx_question, answer_to(mx_question).rcode(3)).answer.outcome,
              Outcome::no_such_name);
    EXPECT_EQ(read(mx_question, answer_to(mx_question).record("example.com", 16, "\4text"))
                  .answer.outcome,
              Outcome::no_data);
}

TEST(Answer, NamesTheResponseCode) {
    struct Row {
        unsigned code;
        std::string_view name;
    };
    for (const Row row : {Row{1, "FORMERR"}, Row{2, "SERVFAIL"}, Row{4, "NOTIMP"},
                          Row{5, "REFUSED"}, Row{9, "response code 9"}}) {
        const Reading<Mx> reading = read(mx_question, answer_to(mx_question).rcode(row.code));
        EXPECT_EQ(reading.answer.outcome, Outcome::failed);
        EXPECT_THAT(reading.answer.detail, HasSubstr(row.name));
        EXPECT_TRUE(reading.unusable);
        EXPECT_EQ(reading.rcode, row.code);
    }
    EXPECT_EQ(read(mx_question, answer_to(mx_question).opt(1)).rcode, rcode_bad_version);
    EXPECT_EQ(read(mx_question, answer_to(mx_question).opt(1)).answer.detail, "answered BADVERS");
}

// contract.md#names; RFC 2308 2.2.
TEST(Answer, OnlyWhoMayKnowIsBelievedThatThereIsNothing) {
    const auto outcome = [](const DnsAnswer& answer) {
        const Reading<Mx> reading = read(mx_question, answer);
        EXPECT_EQ(reading.unusable, reading.answer.outcome == Outcome::failed);
        return reading.answer.outcome;
    };
    const DnsAnswer bare = answer_to(mx_question).not_recursive();
    EXPECT_EQ(outcome(bare), Outcome::failed);
    EXPECT_EQ(outcome(DnsAnswer(bare).ns("com", "a.gtld-servers.net")), Outcome::failed);
    EXPECT_EQ(outcome(DnsAnswer(bare).ns("", "a.root-servers.net").opt(0)), Outcome::failed);
    EXPECT_EQ(outcome(DnsAnswer(bare).soa("example.org")), Outcome::failed);
    EXPECT_EQ(outcome(DnsAnswer(bare).soa("xample.com")), Outcome::failed);
    EXPECT_EQ(outcome(DnsAnswer(bare).soa("example.com")), Outcome::no_data);
    EXPECT_EQ(outcome(DnsAnswer(bare).soa("com")), Outcome::no_data);
    EXPECT_EQ(outcome(DnsAnswer(bare).soa("")), Outcome::no_data);
    EXPECT_EQ(outcome(DnsAnswer(bare).authoritative()), Outcome::no_data);
    EXPECT_EQ(outcome(answer_to(mx_question).ns("com", "a.gtld-servers.net")), Outcome::no_data);
    EXPECT_EQ(outcome(DnsAnswer(bare).rcode(3)), Outcome::failed);
    EXPECT_EQ(outcome(DnsAnswer(bare).rcode(3).soa("com")), Outcome::no_such_name);
    EXPECT_EQ(outcome(answer_to(mx_question).rcode(3)), Outcome::no_such_name);
    // Records are an answer whichever server sends them.
    EXPECT_EQ(outcome(DnsAnswer(bare).mx("example.com", 10, "mx.example.com")), Outcome::found);
}

TEST(Answer, AnAliasOfANameInAnotherZoneIsDeniedByThatZone) {
    const DnsAnswer alias =
        answer_to(mx_question).not_recursive().cname("example.com", "b.example").rcode(3);
    EXPECT_TRUE(read(mx_question, DnsAnswer(alias).soa("com")).unusable);
    EXPECT_EQ(read(mx_question, DnsAnswer(alias).soa("example")).answer.outcome,
              Outcome::no_such_name);
}

TEST(Alias, IsFollowedInsideTheMessageInAnyOrder) {
    const Reading<Mx> reading = read(mx_question, answer_to(mx_question)
                                                      .mx("c.example", 10, "mx.c.example")
                                                      .cname("b.example", "C.example")
                                                      .cname("example.com", "b.example"));
    EXPECT_EQ(reading.answer.outcome, Outcome::found);
    EXPECT_THAT(reading.answer.records, ElementsAre(Mx{10, "mx.c.example"}));
    EXPECT_EQ(reading.aliases, 2);
}

TEST(Alias, WithNothingAboutItsTargetIsAskedFor) {
    const Reading<Mx> reading =
        read(mx_question, answer_to(mx_question).cname("example.com", "b.example").authentic());
    EXPECT_EQ(reading.ask_next, Domain::parse("b.example"));
    EXPECT_EQ(reading.aliases, 1);
    EXPECT_TRUE(reading.answer.authentic);
}

TEST(Alias, OfANameThatDoesNotExistIsNoSuchName) {  // RFC 6604 3
    const Reading<Mx> reading =
        read(mx_question, answer_to(mx_question).cname("example.com", "b.example").rcode(3));
    EXPECT_EQ(reading.answer.outcome, Outcome::no_such_name);
    EXPECT_FALSE(reading.ask_next);
}

TEST(Alias, OfAlmostANameIsTrouble) {
    const Reading<Mx> reading =
        read(mx_question, answer_to(mx_question).cname("example.com", "a b.example"));
    EXPECT_EQ(reading.answer.outcome, Outcome::failed);
    EXPECT_THAT(reading.answer.detail, HasSubstr("a\\032b.example"));
}

TEST(Alias, LoopsAndEndlessChainsEnd) {
    const Reading<Mx> loop = read(mx_question, answer_to(mx_question)
                                                   .cname("example.com", "b.example")
                                                   .cname("b.example", "example.com"));
    EXPECT_EQ(loop.answer.outcome, Outcome::failed);
    EXPECT_THAT(loop.answer.detail, HasSubstr("loop"));
    DnsAnswer chain = answer_to(mx_question);
    std::string owner = "example.com";
    for (char c = 'a'; c < 'a' + most_aliases; ++c) {
        chain.cname(owner, std::string(1, c) + ".example");
        owner = std::string(1, c) + ".example";
    }
    chain.mx(owner, 10, "mx.example");
    EXPECT_EQ(read(mx_question, chain).answer.outcome, Outcome::found);
    EXPECT_EQ(read_mx(chain.bytes(), mx_question, 1).answer.outcome, Outcome::failed);
}

TEST(Alias, MadeByDnameIsLikeAnyOther) {
    const Reading<Mx> reading = read(mx_question, answer_to(mx_question)
                                                      .record("com", 39, wire_name("net"))
                                                      .cname("example.com", "example.net")
                                                      .mx("example.net", 10, "mx.example.net"));
    EXPECT_EQ(reading.answer.outcome, Outcome::found);
}

TEST(Answer, OddBytesInAnExchangerAreEscapedSoThatItIsNoDomain) {
    const std::string dot("\3a.b\0", 5);
    const std::string others("\3a\0/\2\xff\n\0", 8);
    const Reading<Mx> reading = read(mx_question, answer_to(mx_question)
                                                      .record("example.com", 15, u16(1) + dot)
                                                      .record("example.com", 15, u16(2) + others));
    ASSERT_EQ(reading.answer.records.size(), 2U);
    EXPECT_EQ(reading.answer.records[0].exchanger, "a\\046b");
    EXPECT_EQ(reading.answer.records[1].exchanger, "a\\000\\047.\\255\\010");
    for (const Mx& mx : reading.answer.records) EXPECT_FALSE(Domain::parse(mx.exchanger));
}

TEST(Answer, CompressedNamesAreRead) {
    const std::string to_question{'\xc0', test::dns_header_size};
    const Reading<Mx> reading = read(
        mx_question, answer_to(mx_question)
                         .raw(to_question + u16(15) + u16(1) + std::string(4, '\0') + u16(7) +
                              u16(10) + "\2mx" + to_question));
    EXPECT_THAT(reading.answer.records, ElementsAre(Mx{10, "mx.example.com"}));
}

// Each of these is an answer that no server in its senses gives: none may be believed, and none may
// become a permanent failure.
struct Wrong {
    std::string_view what;
    DnsAnswer answer;
};

class WrongAnswer : public testing::TestWithParam<Wrong> {};

TEST_P(WrongAnswer, IsTrouble) {
    const Reading<Mx> reading = read(mx_question, GetParam().answer);
    EXPECT_EQ(reading.answer.outcome, Outcome::failed) << GetParam().what;
    EXPECT_TRUE(reading.unusable);
    EXPECT_FALSE(reading.answer.detail.empty());
    EXPECT_FALSE(reading.ask_next);
}

DnsAnswer good() { return answer_to(mx_question).mx("example.com", 10, "mx.example.com"); }

// A record owned by the question's name, with a length of its own and these bytes.
std::string mx_record(unsigned length, std::string_view data) {
    return wire_name("example.com") + u16(15) + u16(1) + std::string(4, '\0') + u16(length) +
           std::string(data);
}

std::string pointer(unsigned to) { return u16(0xc000 | to); }

// Where a first record begins: after the header and the question.
constexpr unsigned first_record = 12 + 13 + 4;

INSTANTIATE_TEST_SUITE_P(
    Message, WrongAnswer,
    testing::Values(
        Wrong{"another id", good().id("xy")}, Wrong{"a query", good().flags(0x0100)},
        Wrong{"an update", good().flags(0xa980)}, Wrong{"truncated", good().truncated()},
        Wrong{"another name asked", good().question(wire_name("example.net") + u16(15) + u16(1))},
        Wrong{"another type asked", good().question(wire_name("example.com") + u16(1) + u16(1))},
        Wrong{"another class asked", good().question(wire_name("example.com") + u16(15) + u16(3))},
        Wrong{"NXDOMAIN for another name",
              good().question(wire_name("example.net") + u16(15) + u16(1)).rcode(3)},
        Wrong{"no question", good().question("")},
        Wrong{"more records than bytes", good().count(2)},
        Wrong{"very many records", good().count(65535)},
        Wrong{"records of other names only",
              answer_to(mx_question).mx("example.net", 10, "mx.example.net")},
        Wrong{"records of another class only",
              answer_to(mx_question).record("example.com", 15, u16(1) + wire_name("a"), 3)}));

INSTANTIATE_TEST_SUITE_P(
    Record, WrongAnswer,
    testing::Values(
        Wrong{"data shorter than its length", answer_to(mx_question).raw(mx_record(40, u16(1)))},
        Wrong{"a name that ends after its data",
              answer_to(mx_question).raw(mx_record(4, u16(1) + wire_name("mx.example")))},
        Wrong{"a name that ends before its data",
              answer_to(mx_question).raw(mx_record(6, u16(1) + std::string("\1a\0!", 4)))},
        Wrong{"no name", answer_to(mx_question).raw(mx_record(2, u16(1)))},
        Wrong{"no data", answer_to(mx_question).raw(mx_record(0, ""))},
        Wrong{"an owner that points to itself",
              answer_to(mx_question).raw(pointer(first_record) + std::string(10, '\0'))},
        Wrong{"an owner that points forward",
              answer_to(mx_question).raw(pointer(first_record + 8) + std::string(10, '\0'))},
        Wrong{"a name that points into itself",
              answer_to(mx_question).raw("\1a" + pointer(first_record) + std::string(10, '\0'))},
        Wrong{"a pointer beyond the end",
              answer_to(mx_question).raw(pointer(0x3fff) + std::string(10, '\0'))},
        Wrong{"half a pointer", answer_to(mx_question).raw("\xc0")},
        Wrong{"a label type of 1997", answer_to(mx_question).raw("\x41" + std::string(70, 'a'))},
        Wrong{"an alias whose name is cut off",
              answer_to(mx_question).record("example.com", 5, "\7exa")}));

// contract.md#names: a chain of compression pointers ends after 127.
TEST(WrongAnswers, ANameFollowsSoManyPointers) {
    for (const unsigned jumps : {126U, 127U, 128U, 4000U}) {
        std::string chain = wire_name("mx");  // where the chain begins, and its names end
        const unsigned begin = first_record + 13 + 10;  // after a record's owner and header
        for (unsigned i = 1; i < jumps; ++i)
            chain += pointer(i == 1 ? begin : begin + 4 + 2 * (i - 2));
        const unsigned last = jumps == 1 ? begin : begin + 4 + 2 * (jumps - 2);
        const Reading<Mx> reading =
            read(mx_question, answer_to(mx_question)
                                  .record("example.com", 16, chain)
                                  .record("example.com", 15, u16(10) + pointer(last)));
        EXPECT_EQ(reading.answer.outcome, jumps <= 127 ? Outcome::found : Outcome::failed) << jumps;
    }
}

// The most work that 65,535 bytes can ask for: each record's owner leads through a long chain, and
// its labels are long as well. The fuzzer dns_work looks for more.
TEST(WrongAnswers, AHostileMessageCostsLittlePerByte) {
    for (const unsigned jumps : {0U, 1U, 126U, 127U, 8000U}) {
        DnsAnswer answer = answer_to(mx_question);
        std::string chain;
        for (int label = 0; label < 3; ++label) chain += '\x3f' + std::string(63, 'a');
        chain += '\0';
        const unsigned begin = first_record + 13 + 10;
        unsigned last = begin;
        for (unsigned i = 0; i < jumps; ++i) {
            const unsigned here = begin + static_cast<unsigned>(chain.size());
            chain += pointer(last);
            last = here;
        }
        answer.record("example.com", 16, chain);
        while (answer.bytes().size() < 65000)
            for (int i = 0; i < 100; ++i)
                answer.raw(pointer(last) + u16(15) + u16(1) + std::string(4, '\0') + u16(4) +
                           u16(1) + pointer(last));
        const std::string bytes = answer.bytes();
        const Reading<Mx> reading = read_mx(bytes, mx_question, 0);
        EXPECT_LT(reading.steps, 64 * bytes.size()) << jumps;
    }
}

TEST(WrongAnswers, NamesOfMoreThan255BytesAreRefused) {
    std::string name;
    for (int label = 0; label < 5; ++label) name += '\x3f' + std::string(63, 'a');
    const Reading<Mx> reading =
        read(mx_question, answer_to(mx_question).record("example.com", 15, u16(1) + name + '\0'));
    EXPECT_EQ(reading.answer.outcome, Outcome::failed);
}

TEST(WrongAnswers, AddressesOfAnotherSizeAreRefused) {
    const Question question = ask("mx.example", Type::aaaa);
    const std::string message = answer_to(question).record("mx.example", 28, "1234").bytes();
    EXPECT_EQ(read_addresses(message, question, 0).answer.outcome, Outcome::failed);
}

TEST(WrongAnswers, EveryCutOfAGoodAnswerIsTrouble) {
    const std::string whole = good().cname("b.example", "c.example").bytes();
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_EQ(read_mx(whole.substr(0, length), mx_question, 0).answer.outcome, Outcome::failed)
            << length;
    EXPECT_EQ(read_mx(whole, mx_question, 0).answer.outcome, Outcome::found);
}

TEST(Answer, ForeignRecordsBesideOursAreIgnored) {
    const Reading<Mx> reading = read(mx_question, good()
                                                      .mx("example.net", 1, "evil.example")
                                                      .address("mx.example.com", "203.0.113.1"));
    EXPECT_THAT(reading.answer.records, ElementsAre(Mx{10, "mx.example.com"}));
}

}  // namespace
}  // namespace tern::dns
